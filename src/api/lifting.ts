/** Lifts the numbers of an IslandJob's status above what the hub has stored: an island that was put back to an older copy is behind it. */
import type { IslandJobStatus } from './islandjob.ts';

/** What the hub's stored status says. */
export interface Ahead {
  statusRevision: number;
  attempt: number;
  /** Counted failures; unknown to a hub that does not tell. */
  restarts?: number;
}

/**
 * The status to store, with a revision above the hub's; undefined when it is above already and nothing is to be done. The attempts in
 * between are used up: what they left in the store stays theirs, and the next one gets a number that none of them had.
 */
export function lifted(status: IslandJobStatus, ahead: Ahead): IslandJobStatus | undefined {
  const { statusRevision, attempt, restarts = 0 } = ahead;
  if (status.revision > statusRevision && status.attempt >= attempt && status.restarts >= restarts) return undefined;
  return {
    ...status,
    revision: Math.max(status.revision, statusRevision) + 1,
    attempt: Math.max(status.attempt, attempt),
    restarts: Math.max(status.restarts, restarts),
  };
}
