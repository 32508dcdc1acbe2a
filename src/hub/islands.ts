/** The caches as placement sees them: islands, the placements that have not ended, and the works that wait for room. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { IslandJob, JobState } from '../api/islandjob.ts';
import type { Clock } from '../clock.ts';
import type { Informer } from '../kube/informer.ts';
import { keyString, type ObjectKey } from '../kube/types.ts';
import { createField, type IslandView, type Quotas, type RunningWork } from './field.ts';
import { type Placement, place, wanted } from './placement.ts';
import { planTurns, type Waiting } from './turn.ts';

const ended: readonly (JobState | undefined)[] = ['Succeeded', 'Failed', 'Stopped'];
const holdsGpus: readonly (JobState | undefined)[] = ['Starting', 'Running', 'Publishing', 'Stopping'];

/** Nothing of it runs or ever will. */
export function hasEnded({ status }: IslandJob): boolean {
  return ended.includes(status?.state);
}

export function islandView(island: ComputeIsland): IslandView {
  const { spec, status, metadata } = island;
  const limit = spec.limits?.gpus;
  const unready = whyUnready(island);
  return {
    name: metadata.name,
    labels: { ...status?.labels, ...metadata.labels },
    approved: spec.approved,
    cordoned: spec.cordoned,
    draining: spec.drain,
    ready: unready === undefined,
    ...(unready === undefined ? {} : { unready }),
    cost: Number(spec.cost ?? 0),
    ...(limit === undefined ? {} : { gpuLimit: limit }),
    gpus: status?.capacity?.gpus ?? [],
  };
}

function whyUnready({ status, metadata }: ComputeIsland): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'is being removed';
  if (status?.state === 'Ready') return undefined;
  if (status?.state === 'NotJoined') return 'waits for a cluster to join';
  if (status?.state === 'Unreachable' && status.lastHeard !== undefined) return `has not been heard since ${status.lastHeard}`;
  return 'has not reported itself ready';
}

/** A placement as far as it takes room; undefined when it has ended. A suspended one holds no GPU. */
export function runningWork(job: IslandJob): RunningWork | undefined {
  if (hasEnded(job)) return undefined;
  const state = job.status?.state;
  const { work, container, nodes, stop, island } = job.spec;
  const { gpus = 0, gpuProduct } = container.resources;
  return {
    island,
    group: work.owner.uid,
    namespace: work.namespace,
    gpus: state === 'Suspended' ? 0 : gpus * nodes,
    ...(gpuProduct === undefined ? {} : { gpuProduct }),
    started: holdsGpus.includes(state),
    ...(stop ? { stopping: true } : {}),
  };
}

export interface Placer {
  /** Chooses an island for the placement whose IslandJob will have this name, and counts it from now on. */
  place(work: Waiting, job: ObjectKey): Placement;
  /** The work does not wait for room any more. */
  forget(work: string): void;
}

export interface PlacerOptions {
  islands: Informer<ComputeIsland>;
  jobs: Informer<IslandJob>;
  clock: Clock;
  quotas?: Quotas | undefined;
  /** Works that wait although they have not asked this process yet: after a start nobody may overtake them. */
  known?: () => Waiting[];
}

/** How long a decision counts whose IslandJob does not appear: its status write or its creation has failed by then. */
const rememberMs = 60_000;
/** How long a work that does not ask again keeps its turn: three times what it takes to ask by itself. */
const turnMs = 90_000;
const planMs = 5_000;

/**
 * Decisions that are not in the cache yet are remembered, so that many works placed at once do not all see the same free GPU.
 * What is remembered is dropped when its IslandJob is seen, and with the process: then the caches are filled anew.
 */
export function createPlacer({ islands, jobs, clock, quotas, known }: PlacerOptions): Placer {
  const field = createField(quotas);
  /** In the order of the decisions. */
  const decided = new Map<string, { key: ObjectKey; at: number }>();
  const waiting = new Map<string, Waiting & { at: number }>();
  let plan: { at: number; assigned: Map<string, string> } | undefined;
  let asked = false;

  islands.onChange(({ type, object }) => {
    if (type === 'delete') field.dropIsland(object.metadata.name);
    else field.setIsland(islandView(object));
    plan = undefined;
  });
  jobs.onChange(({ type, object }) => {
    const key = keyString(object.metadata);
    decided.delete(key);
    const work = type === 'delete' ? undefined : runningWork(object);
    if (JSON.stringify(work) === JSON.stringify(field.get(key))) return;
    if (work) field.put(key, work);
    else field.remove(key);
    plan = undefined;
  });

  function dropUnseen(now: number): void {
    for (const [text, { key, at }] of decided) {
      if (now - at <= rememberMs) break;
      decided.delete(text);
      if (!jobs.store.get(key)) field.remove(text);
    }
  }

  function wait(work: Waiting, now: number): void {
    waiting.delete(work.key);
    waiting.set(work.key, { ...work, at: now });
  }

  function turns(now: number): Map<string, string> {
    if (plan && now - plan.at < planMs) return plan.assigned;
    for (const [key, { at }] of waiting) if (now - at > turnMs) waiting.delete(key);
    plan = { at: now, assigned: planTurns(waiting.values(), field, now) };
    return plan.assigned;
  }

  function take(work: Waiting, job: ObjectKey, island: string, now: number): Placement {
    const { group, namespace, gpus, gpuProduct } = work.demand;
    const product = gpuProduct === undefined ? {} : { gpuProduct };
    const key = keyString(job);
    field.put(key, { island, group, namespace, gpus, ...product, started: false });
    decided.delete(key);
    decided.set(key, { key: job, at: now });
    waiting.delete(work.key);
    return { island };
  }

  return {
    place(work, job) {
      const now = clock.now();
      dropUnseen(now);
      if (!asked) for (const one of known?.() ?? []) wait(one, now);
      asked = true;
      if (decided.delete(keyString(job))) field.remove(keyString(job));
      const { avoided, except } = work;
      const choice = place(work.demand, field, { avoided, except, now });
      const others = waiting.size - (waiting.has(work.key) ? 1 : 0);
      if (choice.island === undefined || work.demand.gpus === 0 || others === 0) {
        if (choice.island !== undefined) return take(work, job, choice.island, now);
        if (work.demand.gpus > 0) wait(work, now);
        return choice;
      }
      // There is room for it; whether it is its turn is known when everybody who waits is placed in order.
      const before = waiting.get(work.key);
      if (!before || JSON.stringify(before.demand) !== JSON.stringify(work.demand)) plan = undefined;
      wait(work, now);
      const assigned = turns(now);
      const island = assigned.get(work.key);
      // What remains of the plan still holds: it was made with this work in its place.
      if (island !== undefined && assigned.delete(work.key)) return take(work, job, island, now);
      const message = `${choice.island} has room for ${wanted(work.demand)}, and works of runs with a higher priority, fewer GPUs in use or an earlier start go first`;
      return { reason: 'WaitingForCapacity', message };
    },
    forget(work) {
      if (waiting.delete(work)) plan = undefined;
    },
  };
}
