/** Whose turn it is when islands are full: which of the works that wait are placed, and where. */
import type { WritableField } from './field.ts';
import { type Avoided, type Demand, type Place, place } from './placement.ts';

/** A work that found no island when it asked last. */
export interface Waiting extends Place {
  /** Its own, whatever the placement. */
  key: string;
  demand: Demand;
  avoided?: Avoided | undefined;
}

interface Run {
  group: string;
  priority: number;
  since: number;
  used: number;
  works: Waiting[];
}

/**
 * Islands by the key of the work, for those that can be placed now: runs with the higher priority first, then those that use
 * fewer GPUs, then older ones; one work at a time. The field is the same afterwards as it was before.
 */
export function planTurns(waiting: Iterable<Waiting>, field: WritableField, now: number): Map<string, string> {
  const runs = runsOf(waiting, field);
  const assigned = new Map<string, string>();
  /** Kinds of demand that found no island: room only shrinks from here, so that nobody who asks the same does. */
  const hopeless = new Set<string>();
  for (let run = first(runs); run; run = first(runs)) {
    const work = run.works.pop();
    if (!work) {
      runs.delete(run);
      continue;
    }
    const kind = kindOf(work);
    if (hopeless.has(kind)) continue;
    const { island } = place(work.demand, field, { ...work, now });
    if (island === undefined) {
      hopeless.add(kind);
      continue;
    }
    const { group, namespace, gpus, gpuProduct } = work.demand;
    const product = gpuProduct === undefined ? {} : { gpuProduct };
    field.put(planned(work.key), { island, group, namespace, gpus, ...product, started: false });
    run.used += gpus;
    assigned.set(work.key, island);
  }
  for (const key of assigned.keys()) field.remove(planned(key));
  return assigned;
}

const planned = (key: string) => `planned ${key}`;

/** The works of each run in the order of their keys, the first last. */
function runsOf(waiting: Iterable<Waiting>, field: WritableField): Set<Run> {
  const runs = new Map<string, Run>();
  for (const work of waiting) {
    const { group, priority, since } = work.demand;
    const run = runs.get(group) ?? { group, priority, since, used: field.usedBy(group), works: [] };
    run.works.push(work);
    runs.set(group, run);
  }
  for (const { works } of runs.values()) works.sort((a, b) => (a.key < b.key ? 1 : -1));
  return new Set(runs.values());
}

function first(runs: ReadonlySet<Run>): Run | undefined {
  let best: Run | undefined;
  for (const run of runs) if (!best || goesFirst(run, best)) best = run;
  return best;
}

function goesFirst(a: Run, b: Run): boolean {
  const order = b.priority - a.priority || a.used - b.used || a.since - b.since;
  return order === 0 ? a.group < b.group : order < 0;
}

function kindOf({ demand, avoided, except, only }: Waiting): string {
  const { namespace, gpus, gpuProduct, matchLabels } = demand;
  return JSON.stringify([namespace, gpus, gpuProduct, matchLabels, [...(avoided?.keys() ?? [])], except, only]);
}
