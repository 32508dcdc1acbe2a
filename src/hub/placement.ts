/** Where one work goes: a pure function of the work, the islands and what runs there, with a reason for every island that was refused. */
import type { Reason } from '../api/reasons.ts';

/** What a work asks of an island. */
export interface Demand {
  /** Runs of the same owner are spread: usually the training's uid. */
  group: string;
  gpus: number;
  gpuProduct?: string;
  /** Labels an island must carry (spec.placement.islands.matchLabels). */
  matchLabels: Readonly<Record<string, string>>;
}

export interface IslandView {
  name: string;
  labels: Readonly<Record<string, string>>;
  approved: boolean;
  cordoned: boolean;
  ready: boolean;
  /** Lower is preferred; an island without a stated cost counts as 0. */
  cost: number;
  /** Most GPUs Atoll may use there at once. */
  gpuLimit?: number;
  gpus: readonly GpuPool[];
}

export interface GpuPool {
  product: string;
  total: number;
  /** As last reported by the island; works placed since then are not in it. */
  free: number;
}

/** A placement that the hub made and that has not ended. */
export interface RunningWork {
  island: string;
  group: string;
  gpus: number;
  gpuProduct?: string;
  /** Whether its pods are in the island's own count of used GPUs by now. */
  started: boolean;
}

/** Why an island was refused, from the one that waiting helps most to the one that it helps least. */
const refusals = [
  'WaitingForCapacity',
  'IslandUnreachable',
  'IslandCordoned',
  'IslandNotApproved',
  'ExceedsAnyIsland',
  'NoMatchingIsland',
] as const satisfies readonly Reason[];
export type Refusal = (typeof refusals)[number];

export interface Refused {
  island: string;
  reason: Refusal;
  message: string;
}

export type Placement = { island: string } | { island?: never; reason: Refusal; message: string; refused: Refused[] };

/** Chooses an island. CPU and memory never keep a work waiting here: the island's own scheduler queues it. GPUs do, when asked for. */
export function place(demand: Demand, islands: readonly IslandView[], running: readonly RunningWork[]): Placement {
  const refused: Refused[] = [];
  const fitting: { island: IslandView; ofGroup: number; free: number }[] = [];
  for (const island of islands) {
    const here = running.filter((work) => work.island === island.name);
    const refusal = refuse(demand, island, here);
    if (refusal) refused.push({ island: island.name, ...refusal });
    else
      fitting.push({
        island,
        ofGroup: here.filter((work) => work.group === demand.group).length,
        free: freeGpus(demand, island, here),
      });
  }
  fitting.sort(
    (a, b) => a.ofGroup - b.ofGroup || a.island.cost - b.island.cost || b.free - a.free || compare(a.island.name, b.island.name),
  );
  const best = fitting[0];
  if (best) return { island: best.island.name };
  refused.sort((a, b) => compare(a.island, b.island));
  return { reason: nearest(refused), message: summary(refused), refused };
}

function refuse(demand: Demand, island: IslandView, here: readonly RunningWork[]): Omit<Refused, 'island'> | undefined {
  for (const [key, value] of Object.entries(demand.matchLabels)) {
    const found = island.labels[key];
    if (found !== value) {
      return {
        reason: 'NoMatchingIsland',
        message: `label ${key} is ${found === undefined ? 'absent' : `'${found}'`}, wanted '${value}'`,
      };
    }
  }
  const total = sum(pools(demand, island), (pool) => pool.total);
  if (demand.gpus > 0 && demand.gpuProduct && total === 0) {
    return { reason: 'NoMatchingIsland', message: `has no GPU of model ${demand.gpuProduct}` };
  }
  const most = Math.min(island.gpuLimit ?? Number.POSITIVE_INFINITY, total);
  if (demand.gpus > most) return { reason: 'ExceedsAnyIsland', message: `has at most ${most} for ${wanted(demand)}` };
  if (!island.approved) return { reason: 'IslandNotApproved', message: 'spec.approved is false' };
  if (island.cordoned) return { reason: 'IslandCordoned', message: 'spec.cordoned is true' };
  if (!island.ready) return { reason: 'IslandUnreachable', message: 'has not reported itself ready' };
  const free = freeGpus(demand, island, here);
  if (demand.gpus > free) return { reason: 'WaitingForCapacity', message: `has ${free} free for ${wanted(demand)}` };
  return undefined;
}

/** GPUs left for one more work: what the island reported free, less what the hub has placed there and the report does not know of yet. */
function freeGpus(demand: Demand, island: IslandView, here: readonly RunningWork[]): number {
  const reported = sum(pools(demand, island), (pool) => pool.free);
  const sameKind = here.filter((work) => !demand.gpuProduct || !work.gpuProduct || work.gpuProduct === demand.gpuProduct);
  const unseen = sum(
    sameKind.filter((work) => !work.started),
    (work) => work.gpus,
  );
  const underLimit = (island.gpuLimit ?? Number.POSITIVE_INFINITY) - sum(here, (work) => work.gpus);
  return Math.max(0, Math.min(reported - unseen, underLimit));
}

function pools(demand: Demand, island: IslandView): GpuPool[] {
  return island.gpus.filter((pool) => !demand.gpuProduct || pool.product === demand.gpuProduct);
}

/** The reason of the whole is that of the island that is nearest to taking it. */
function nearest(refused: readonly Refused[]): Refusal {
  return refusals.find((reason) => refused.some((one) => one.reason === reason)) ?? 'NoMatchingIsland';
}

function summary(refused: readonly Refused[]): string {
  if (refused.length === 0) return 'no ComputeIsland exists; an administrator has to add one';
  const named = refused.slice(0, 5).map((r) => `${r.island}: ${r.message}`);
  const more = refused.length - named.length;
  return `no island can take it now: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function wanted(demand: Demand): string {
  return `${demand.gpus} GPU${demand.gpus === 1 ? '' : 's'} asked${demand.gpuProduct ? ` (${demand.gpuProduct})` : ''}`;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
