/** The controller of IslandJobs on this island: get, observe, decide, act, one status write last, events after it. */
import { isDeepStrictEqual } from 'node:util';
import { type IslandJob, IslandJobKind, type IslandJobStatus } from '../api/islandjob.ts';
import { fieldManagers } from '../api/labels.ts';
import type { Clock } from '../clock.ts';
import type { Outcome } from '../kube/controller.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Store } from '../kube/store.ts';
import { type KubeClient, keyString, type ObjectKey } from '../kube/types.ts';
import type { Act } from './act.ts';
import { noteCreated } from './created.ts';
import { decide } from './decide.ts';
import type { Look } from './look.ts';
import { type Decision, emptyStatus, type Limits, type Observed } from './observed.ts';
import type { IslandSettings } from './settings.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly store: Store<IslandJob>;
  readonly look: Look;
  readonly act: Act;
  readonly events: Pick<EventRecorder, 'normal' | 'warning'>;
  readonly limits: Limits;
  readonly settings: Pick<IslandSettings, 'name'>;
}

type Reconcile = (key: ObjectKey, signal: AbortSignal) => Promise<Outcome>;
type Acted = Extract<Decision, { type: 'Act' }>;

export function createReconcile({ client, clock, store, look, act, events, limits, settings }: ReconcilerOptions): Reconcile {
  /** What we wrote last, while the cache is still behind it. */
  const written = new Map<string, IslandJob>();

  function newest(key: ObjectKey): IslandJob | undefined {
    const cached = store.get(key);
    const mine = written.get(keyString(key));
    if (cached && mine && mine.metadata.uid === cached.metadata.uid && version(mine) > version(cached)) return mine;
    written.delete(keyString(key));
    return cached;
  }

  return async (key, signal) => {
    const job = newest(key);
    // Gone, or of another island: nothing is ours to do, and only a new object under the name wakes us.
    if (job === undefined || job.spec.island !== settings.name) return 'done';

    let observed = await look.cached(job, signal);
    let decision = decide(observed, clock.now(), limits);
    // At most once live and once checked by the API server; a second round only when the IslandJob changed in between.
    for (let looks = 0; decision.type === 'Look'; looks++) {
      if (looks === 4) throw new Error(`cannot decide about ${job.metadata.name}: four looks at the API server were not enough`);
      const closer = await look.closer(observed, decision.at, signal);
      if (closer === undefined) return 'done';
      observed = closer;
      decision = decide(observed, clock.now(), limits);
    }

    const { status, notes } = await carryOut(observed, decision, signal);
    await writeStatus(observed.job, status);
    for (const { type, reason, message } of notes)
      (type === 'Normal' ? events.normal : events.warning)(observed.job, reason, message);
    // Watches of IslandJobs, Jobs, pods and nodes wake us for everything else.
    return decision.again === undefined ? 'done' : { after: decision.again };
  };

  async function carryOut(observed: Observed, decision: Acted, signal: AbortSignal) {
    let { status } = decision;
    const notes = [...decision.events];
    for (const action of decision.actions) {
      const created = await act(observed, action, signal);
      if (created === undefined) continue;
      const noted = noteCreated(observed.job, status, created, clock.now());
      status = noted.status;
      notes.push(...noted.events);
    }
    return { status, notes };
  }

  /** A compare-and-set: what was decided from an older status is not written over a newer one. */
  async function writeStatus(job: IslandJob, status: IslandJobStatus): Promise<void> {
    const before: IslandJobStatus = { ...emptyStatus(), ...job.status };
    if (isDeepStrictEqual(status, before) || isDeepStrictEqual(status, job.status)) return;
    const { name, namespace, uid = '', resourceVersion = '' } = job.metadata;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion };
    const stored = await client.applyStatus(
      IslandJobKind,
      { metadata, status: { ...status, revision: before.revision + 1 } },
      { fieldManager: fieldManagers.island, force: true },
    );
    written.set(keyString(job.metadata), stored);
  }
}

/** Resource versions of one kind grow; Kubernetes promises that they can be compared since 1.35. */
function version({ metadata }: IslandJob): bigint {
  return /^[0-9]+$/.test(metadata.resourceVersion ?? '') ? BigInt(metadata.resourceVersion ?? '0') : 0n;
}

/** What a change of anything labelled with an IslandJob wakes. */
export function islandJobOf(
  object: { metadata: { namespace?: string; labels?: Record<string, string> } },
  label: string,
): ObjectKey[] {
  const name = object.metadata.labels?.[label];
  const { namespace } = object.metadata;
  return name === undefined ? [] : [namespace === undefined ? { name } : { namespace, name }];
}
