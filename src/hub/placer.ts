/** Places one work after the other on what the caches hold: islands, placements that have not ended, and the works that wait for room. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { IslandJob } from '../api/islandjob.ts';
import type { Clock } from '../clock.ts';
import type { Informer } from '../kube/informer.ts';
import { keyString, type ObjectKey } from '../kube/types.ts';
import { createField, type Quotas } from './field.ts';
import { islandView, runningWork } from './islands.ts';
import { type Placement, place, wanted } from './placement.ts';
import { createSettling } from './settling.ts';
import { planTurns, type Waiting } from './turn.ts';

export interface Placer {
  /** Chooses an island for the placement whose IslandJob will have this name, and counts it from now on. */
  place(work: Waiting, job: ObjectKey): Placement;
  /** The island that it would be placed on if it were alone with what is there; nothing is counted or remembered. */
  look(work: Waiting): Placement;
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
/** What started longer ago is in every island's count of free GPUs, whoever wrote that. */
const recentMs = 60_000;

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
  const settling = createSettling(field, clock);

  islands.onChange((change) => {
    const { type, object } = change;
    if (type === 'delete') field.dropIsland(object.metadata.name);
    else field.setIsland(islandView(object));
    if (type === 'update') settling.reported(object.metadata.name, islandView(change.old), islandView(object));
    plan = undefined;
  });
  jobs.onChange(({ type, object }) => {
    const key = keyString(object.metadata);
    decided.delete(key);
    const work = type === 'delete' ? undefined : runningWork(object);
    const startedAt = object.status?.startedAt;
    const recent = startedAt === undefined || clock.now() - Date.parse(startedAt) < recentMs;
    if (settling.put(key, work, recent)) plan = undefined;
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
      if (settling.expire(now)) plan = undefined;
      if (!asked) for (const one of known?.() ?? []) wait(one, now);
      asked = true;
      if (decided.delete(keyString(job))) field.remove(keyString(job));
      const choice = place(work.demand, field, { ...work, now });
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
    look: (work) => place(work.demand, field, { ...work, now: clock.now() }),
    forget(work) {
      if (waiting.delete(work)) plan = undefined;
    },
  };
}
