/** GPU hours of placements, from the times of their attempts, and what they cost. Pure. */
import type { ComputeIsland } from '../api/computeisland.ts';
import { gpusOf, type IslandJob } from '../api/islandjob.ts';

export interface Usage {
  hours: number;
  /** Hours by the cost of each island, in whatever unit that is; an island without a cost counts as 0. */
  cost: number;
}

/** Of the attempts that the placements remember, the one that runs included. */
export function usageOf(jobs: readonly IslandJob[], islands: readonly ComputeIsland[], now: number): Usage {
  const costs = new Map(islands.map(({ metadata, spec }) => [metadata.name, Number(spec.cost ?? 0)]));
  const usage = { hours: 0, cost: 0 };
  for (const job of jobs) {
    const ms = (job.status?.attempts ?? []).reduce((sum, { startedAt, finishedAt }) => {
      const end = finishedAt === undefined ? now : Date.parse(finishedAt);
      return startedAt === undefined ? sum : sum + Math.max(0, end - Date.parse(startedAt));
    }, 0);
    const hours = (ms / 3_600_000) * gpusOf(job);
    usage.hours += hours;
    usage.cost += hours * (costs.get(job.spec.island) ?? 0);
  }
  return usage;
}

export const hoursText = (hours: number): string => hours.toFixed(1);
/** Empty for nothing: no island has a cost. */
export const costText = (cost: number): string => (cost === 0 ? '' : cost.toFixed(2));
