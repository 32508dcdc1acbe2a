/** Where one work goes: a pure function of the work, the islands and what runs there, with a reason for every island that was refused. */
import type { Reason } from '../api/reasons.ts';
import type { Field, GpuPool, IslandView, Spot } from './field.ts';
import type { Why } from './work.ts';

/** What a work asks of an island. */
export interface Demand {
  /** Works of the same run are spread: usually the training's uid. */
  group: string;
  namespace: string;
  /** Over all its pods. */
  gpus: number;
  gpuProduct?: string;
  /** Labels an island must carry (spec.placement.islands.matchLabels). */
  matchLabels: Readonly<Record<string, string>>;
  /** spec.priority of its run: higher ones are placed first when islands are full. */
  priority: number;
  /** When its run was made, in milliseconds: older ones are placed first. */
  since: number;
}

/** Islands that did not take this work before: used only when nothing else is there, and not before a time. */
export type Avoided = ReadonlyMap<string, { until: number; why: Why }>;

/** Which islands are out of question whatever they offer. */
export interface Place {
  /** An island that it must not go to. */
  except?: string | undefined;
  /** The one island that it may go to. */
  only?: string | undefined;
}

export interface PlaceOptions extends Place {
  avoided?: Avoided | undefined;
  now?: number;
}

export type Placement = { island: string } | { island?: never; reason: Reason; message: string };

/** Why an island was refused, from the one that waiting helps most to the one that it helps least. */
export const nearness: readonly Reason[] = [
  'WaitingForCapacity',
  'IslandUnreachable',
  'IslandDraining',
  'IslandCordoned',
  'IslandNotApproved',
  'ExceedsAnyIsland',
  'NoMatchingIsland',
  'IslandToLeave',
];
const mostNamed = 5;

/** Chooses an island. CPU and memory never keep a work waiting here: the island's own scheduler queues it. GPUs do, when asked for. */
export function place(demand: Demand, field: Field, { avoided, except, only, now = 0 }: PlaceOptions = {}): Placement {
  const refused = createRefusals(demand);
  let best: Spot | undefined;
  let fallback: Spot | undefined;
  for (const spot of field.spots()) {
    if (!spot.view || (only !== undefined && spot.name !== only)) continue;
    const refusal = refuse(demand, spot.view, spot);
    const before = avoided?.get(spot.name);
    if (refusal) refused.add(spot, refusal);
    else if (spot.name === except) refused.add(spot, 'IslandToLeave', 'the work is to leave it');
    else if (!before) best = better(demand, best, spot);
    else if (before.until <= now) fallback = better(demand, fallback, spot);
    else refused.add(spot, before.why.reason, before.why.message);
  }
  const chosen = best ?? fallback;
  if (!chosen) return only !== undefined && !knows(field, only) ? unknownIsland(only, field) : refused.summary();
  const quota = field.quotaOf(demand.namespace);
  if (quota && demand.gpus > 0 && quota.used + demand.gpus > quota.gpus) {
    const message = `namespace ${demand.namespace} uses ${quota.used} of the ${quota.gpus} GPUs of its quota: ${wanted(demand)}`;
    return { reason: 'QuotaExceeded', message };
  }
  return { island: chosen.name };
}

/** Why one island does not take it now, in the words that `place` would use; undefined when it would. Quotas are not of the island. */
export function refusalOf(demand: Demand, spot: Spot): Why | undefined {
  const reason = spot.view && refuse(demand, spot.view, spot);
  return reason && { reason, message: explain(demand, spot, reason) };
}

function knows(field: Field, island: string): boolean {
  return field.spots().some(({ name, view }) => view !== undefined && name === island);
}

function unknownIsland(island: string, field: Field): Placement {
  const known = field.spots().flatMap(({ name, view }) => (view ? [name] : []));
  const some = known.length === 0 ? 'there is none' : `there are ${known.slice(0, mostNamed).join(', ')}`;
  const more = known.length > mostNamed ? ` and ${known.length - mostNamed} more` : '';
  return { reason: 'NoMatchingIsland', message: `no ComputeIsland is named ${island}; ${some}${more}` };
}

/** Spots come by name, so that of equals the first stays. */
function better(demand: Demand, a: Spot | undefined, b: Spot): Spot {
  if (!a) return b;
  const { group } = demand;
  const order =
    (a.ofGroup.get(group) ?? 0) - (b.ofGroup.get(group) ?? 0) ||
    (a.view?.cost ?? 0) - (b.view?.cost ?? 0) ||
    freeGpus(demand, b) - freeGpus(demand, a);
  return order <= 0 ? a : b;
}

function refuse(demand: Demand, island: IslandView, spot: Spot): Reason | undefined {
  if (wrongLabel(demand, island) !== undefined) return 'NoMatchingIsland';
  if (demand.gpus > 0 && demand.gpuProduct && totalGpus(demand, island) === 0) return 'NoMatchingIsland';
  if (demand.gpus > mostGpus(demand, island)) return 'ExceedsAnyIsland';
  if (!island.approved) return 'IslandNotApproved';
  if (island.draining) return 'IslandDraining';
  if (island.cordoned) return 'IslandCordoned';
  if (!island.ready) return 'IslandUnreachable';
  return demand.gpus > 0 && demand.gpus > freeGpus(demand, spot) ? 'WaitingForCapacity' : undefined;
}

/** The same in words; asked only for the islands that a message names. */
function explain(demand: Demand, spot: Spot, reason: Reason): string {
  const island = spot.view;
  if (!island) return 'is not known';
  switch (reason) {
    case 'NoMatchingIsland': {
      const key = wrongLabel(demand, island);
      if (key === undefined) return `has no GPU of model ${demand.gpuProduct}`;
      const found = island.labels[key];
      return `label ${key} is ${found === undefined ? 'absent' : `'${found}'`}, wanted '${demand.matchLabels[key]}'`;
    }
    case 'ExceedsAnyIsland':
      return `has at most ${mostGpus(demand, island)} for ${wanted(demand)}`;
    case 'IslandNotApproved':
      return 'spec.approved is false';
    case 'IslandDraining':
      return 'spec.drain is true';
    case 'IslandCordoned':
      return 'spec.cordoned is true';
    case 'WaitingForCapacity':
      return `has ${freeGpus(demand, spot)} free for ${wanted(demand)}`;
    default:
      return island.unready ?? 'has not reported itself ready';
  }
}

function wrongLabel({ matchLabels }: Demand, { labels }: IslandView): string | undefined {
  for (const key in matchLabels) if (labels[key] !== matchLabels[key]) return key;
  return undefined;
}

function mostGpus(demand: Demand, island: IslandView): number {
  return Math.min(island.gpuLimit ?? Number.POSITIVE_INFINITY, totalGpus(demand, island));
}

function totalGpus(demand: Demand, island: IslandView): number {
  return sum(demand, island.gpus, (pool) => pool.total);
}

/** GPUs left for one more work: what the island reported free, less what the hub has placed there and the report does not know of yet. */
function freeGpus(demand: Demand, spot: Spot): number {
  const { view, unseen } = spot;
  if (!view) return 0;
  const reported = sum(demand, view.gpus, (pool) => pool.free);
  const { gpuProduct } = demand;
  let coming = 0;
  for (const [product, gpus] of unseen) if (!gpuProduct || product === '' || product === gpuProduct) coming += gpus;
  const underLimit = (view.gpuLimit ?? Number.POSITIVE_INFINITY) - spot.gpus;
  return Math.max(0, Math.min(reported - coming, underLimit));
}

function sum({ gpuProduct }: Demand, pools: readonly GpuPool[], value: (pool: GpuPool) => number): number {
  let total = 0;
  for (const pool of pools) if (!gpuProduct || pool.product === gpuProduct) total += value(pool);
  return total;
}

/** What is said when no island takes it: the reason of the one that is nearest to taking it, and the words of the first few. */
function createRefusals(demand: Demand) {
  const named: { spot: Spot; reason: Reason; message: string | undefined }[] = [];
  const reasons = new Set<Reason>();
  let count = 0;
  return {
    add(spot: Spot, reason: Reason, message?: string): void {
      count++;
      reasons.add(reason);
      if (named.length < mostNamed) named.push({ spot, reason, message });
    },
    summary(): Placement {
      if (count === 0) {
        return { reason: 'NoMatchingIsland', message: 'no ComputeIsland exists; an administrator has to add one' };
      }
      const words = named.map(({ spot, reason, message }) => `${spot.name}: ${message ?? explain(demand, spot, reason)}`);
      const more = count - named.length;
      return {
        reason: nearest(reasons),
        message: `no island can take it now: ${words.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      };
    },
  };
}

function nearest(reasons: ReadonlySet<Reason>): Reason {
  // A word of an island about this very work says more than that others are away or full for good.
  const own = [...reasons].find((reason) => !nearness.includes(reason));
  if (own && !reasons.has('WaitingForCapacity')) return own;
  return nearness.find((reason) => reasons.has(reason)) ?? 'NoMatchingIsland';
}

export function wanted({ gpus, gpuProduct }: Demand): string {
  return `${gpus} GPU${gpus === 1 ? '' : 's'} asked${gpuProduct ? ` (${gpuProduct})` : ''}`;
}
