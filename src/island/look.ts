/** Looks at what there is of one IslandJob: from the caches for everyday decisions, from the API server before conclusions. */
import type { IslandJob } from '../api/islandjob.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import { labels } from '../api/labels.ts';
import type { ConfigMap, Job, NetworkPolicy, Node, Pod, Service } from '../kube/core.ts';
import { configMaps, jobs, networkPolicies, nodes, pods, services } from '../kube/core.ts';
import type { Store } from '../kube/store.ts';
import { type KubeClient, type KubeObject, keyOf } from '../kube/types.ts';
import type { AdmitJob } from './admit.ts';
import { openAttempt, unexplained } from './attempt.ts';
import { checkPod } from './check.ts';
import type { ReadEvidence } from './evidence.ts';
import { healthOf, type NodeHealth } from './health/node.ts';
import type { Decision, Observed } from './observed.ts';
import { hasEnded } from './podview.ts';
import type { LiveProgress } from './progress.ts';
import { openRecord } from './record.ts';
import type { IslandSettings } from './settings.ts';
import type { Warnings } from './warnings.ts';

/** What the caches are asked by: the IslandJob's uid in the labels. */
export const byIslandJob = (object: KubeObject): string[] => {
  const uid = object.metadata.labels?.[labels.islandJobUid];
  return uid === undefined ? [] : [uid];
};
export const islandJobIndex = 'island-job';

export interface Caches {
  readonly jobs: Store<Job>;
  readonly pods: Store<Pod>;
  readonly configMaps: Store<ConfigMap>;
  readonly services: Store<Service>;
  readonly policies: Store<NetworkPolicy>;
  readonly nodes: Store<Node>;
}

export interface LookOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly progress: LiveProgress;
  readonly warnings: Warnings;
  readonly evidence: ReadEvidence;
  readonly admit: AdmitJob;
  readonly settings: IslandSettings;
}

type Closer = Extract<Decision, { type: 'Look' }>['at'];

export interface Look {
  cached(job: IslandJob, signal: AbortSignal): Promise<Observed>;
  /** The same again with what was missing; undefined when the IslandJob is gone by now. */
  closer(observed: Observed, at: Closer, signal: AbortSignal): Promise<Observed | undefined>;
}

/** A node marked so by its operator is declared stopped: that is as good a proof as its deletion. */
function isOutOfService(node: Node): boolean {
  return (node.spec?.taints ?? []).some(({ key }) => key === 'node.kubernetes.io/out-of-service');
}

export function createLook({ client, caches, progress, warnings, evidence, admit, settings }: LookOptions): Look {
  /** Which nodes of these pods are lost, and what the others say of their health. */
  async function aboutNodes(
    observed: readonly Pod[],
    find: (name: string) => Promise<Node | undefined> | Node | undefined,
  ): Promise<Pick<Observed, 'lostNodes' | 'nodeHealth' | 'nodes'>> {
    const lost = new Set<string>();
    const health = new Map<string, NodeHealth>();
    const needed = new Set(observed.flatMap((pod) => (hasEnded(pod, lost) ? [] : (pod.spec.nodeName ?? []))));
    for (const name of new Set(observed.flatMap(({ spec }) => spec.nodeName || []))) {
      // Of a pod that has ended its own word counts; what the cache knows of the node only explains it.
      const node = needed.has(name) ? await find(name) : caches.nodes.get({ name });
      if (needed.has(name) && (node === undefined || isOutOfService(node))) lost.add(name);
      if (node) health.set(name, healthOf(node));
    }
    return { lostNodes: lost, nodeHealth: health, nodes: caches.nodes.list() };
  }

  function memory(job: IslandJob): Pick<Observed, 'report' | 'warning' | 'refusal'> {
    const { uid = '', namespace = '' } = job.metadata;
    const refusal = admit({ namespace, spec: job.spec });
    const report = progress.get(uid);
    const warning = warnings.get(uid);
    return {
      ...(report ? { report } : {}),
      ...(warning === undefined ? {} : { warning }),
      ...(refusal ? { refusal } : {}),
    };
  }

  async function live(seen: IslandJob, podCheck: Observed['podCheck'], signal: AbortSignal): Promise<Observed | undefined> {
    const { namespace, uid } = seen.metadata;
    const selection = {
      ...(namespace === undefined ? {} : { namespace }),
      labelSelector: `${labels.islandJobUid}=${uid}`,
      signal,
    };
    // Jobs first: a pod made between the two lists is then seen, while the other way round it could be missed.
    const [job, { items: kubeJobs }] = await Promise.all([
      client.get(IslandJobKind, keyOf(seen), { signal }),
      client.list(jobs, selection),
    ]);
    if (job === undefined || job.metadata.uid !== uid) return undefined;
    const [podList, mapList, serviceList, policyList] = await Promise.all([
      client.list(pods, selection),
      client.list(configMaps, selection),
      client.list(services, selection),
      client.list(networkPolicies, selection),
    ]);
    return {
      job,
      kubeJobs,
      pods: podList.items,
      configMaps: mapList.items,
      services: serviceList.items,
      policies: policyList.items,
      ...(await aboutNodes(podList.items, (name) => client.get(nodes, { name }, { signal }))),
      ...memory(job),
      live: true,
      ...(podCheck ? { podCheck } : {}),
    };
  }

  return {
    async cached(job, signal) {
      const uid = job.metadata.uid ?? '';
      const found = caches.pods.byIndex(islandJobIndex, uid);
      const observed: Observed = {
        job,
        kubeJobs: caches.jobs.byIndex(islandJobIndex, uid),
        pods: found,
        configMaps: caches.configMaps.byIndex(islandJobIndex, uid),
        services: caches.services.byIndex(islandJobIndex, uid),
        policies: caches.policies.byIndex(islandJobIndex, uid),
        ...(await aboutNodes(found, (name) => caches.nodes.get({ name }))),
        ...memory(job),
        live: false,
      };
      const about = unexplained(observed);
      if (about === undefined) warnings.forget(uid);
      else await warnings.refresh(uid, about, signal);
      return { ...observed, ...memory(job) };
    },
    async closer(observed, at, signal) {
      if (at === 'Live') return live(observed.job, observed.podCheck, signal);
      if (at === 'Evidence') {
        const record = openRecord(observed.job.status?.attempts ?? []);
        const attempt = record && openAttempt(observed, record);
        const pod = attempt?.failed ?? attempt?.main;
        return { ...observed, evidence: pod ? await evidence(pod, signal) : { events: [], nodeEvents: [] } };
      }
      return { ...observed, podCheck: await checkPod(client, observed.job, settings, signal) };
    },
  };
}
