/** What an agent does to a pod that trains, and whether anything but the word of the hub or a rule of the island asks for it. */
import { type IslandJob, IslandJobKind } from '../../../src/api/islandjob.ts';
import { annotations as names } from '../../../src/api/labels.ts';
import { jobs } from '../../../src/kube/core.ts';
import type { Fact } from '../facts.ts';
import type { SimPod } from '../pod/pod.ts';
import type { World } from '../world.ts';
import { siteOf } from './reading.ts';

export interface Touch {
  pod: SimPod;
  /** In words. */
  what: string;
}

/** An order is carried out though it is taken back while that goes on. */
const shortlyMs = 2000;

/** When this IslandJob was seen last to be suspended or stopped, by its uid: to be told of every fact. */
export function createOrders(world: World) {
  const askedAt = new Map<string, number>();
  return {
    see(fact: Fact): void {
      if (fact.kind !== 'write' || fact.cluster === 'hub' || fact.event.type.kind !== IslandJobKind.kind) return;
      const { old, object } = fact.event;
      const before = (old as IslandJob | undefined)?.spec;
      if (before?.suspend || before?.stop) askedAt.set(object.metadata.uid ?? '', world.clock.now());
    },
    recent: (uid: string | undefined) => world.clock.now() - (askedAt.get(uid ?? '') ?? Number.NEGATIVE_INFINITY) < shortlyMs,
  };
}

export type Orders = ReturnType<typeof createOrders>;

/** A pod that trains and is deleted or changed by its agent although nobody asked for that. */
export function unaskedTouch(world: World, orders: Orders, fact: Fact): Touch | undefined {
  orders.see(fact);
  if (fact.kind !== 'call' || fact.cluster === 'hub') return undefined;
  const { verb, type, key } = fact.call;
  if (!['Pod', 'Job'].includes(type.kind) || !['delete', 'patch', 'apply'].includes(verb) || !key) return undefined;
  const site = siteOf(world, fact.cluster);
  if (!site) return undefined;
  const pod = [...site.nodes.running.values()].find((one) => {
    if (!one.trains) return false;
    return type.kind === 'Pod' ? one.name === key.name : one.name.startsWith(`${key.name}-`);
  });
  if (!pod) return undefined;
  const job = site.cluster.api.get(IslandJobKind, { namespace: pod.namespace, name: pod.attempt.islandJob });
  if (!job || job.metadata.uid !== pod.attempt.uid || asked(world, job) || orders.recent(job.metadata.uid)) return undefined;
  const record = job.status?.attempts.find(({ number }) => number === pod.attempt.attempt);
  if (record?.rule !== undefined || record?.class !== undefined) return undefined;
  const kubeJob = site.cluster.api.all(jobs).find(({ metadata }) => metadata.uid === record?.jobUid);
  // Someone else ended it: what is left of it may be taken away.
  if (
    record?.jobUid !== undefined &&
    (!kubeJob || kubeJob.metadata.deletionTimestamp !== undefined || kubeJob.status?.conditions)
  )
    return undefined;
  const claimed = record?.podUid;
  if (claimed !== undefined && claimed !== pod.uid) return undefined;
  return { pod, what: `${fact.by} sends ${verb} ${type.kind} ${key.name} while ${pod.name} trains` };
}

/** An IslandJob here that is being deleted says nothing by itself: the hub must have deleted its own. */
function asked(world: World, { spec, metadata }: IslandJob): boolean {
  if (spec.stop || spec.suspend || spec.deadline !== undefined) return true;
  if (metadata.deletionTimestamp === undefined) return false;
  const { namespace = '', name, annotations = {} } = metadata;
  const own = world.hub.api.get(IslandJobKind, { namespace, name });
  return own?.metadata.uid !== annotations[names.hubUid] || own?.metadata.deletionTimestamp !== undefined;
}
