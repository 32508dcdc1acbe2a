/** Whether a placement stays where it is: draining, refusals, claims that do not come, and islands that fall silent. Pure. */
import { parseDuration } from '../api/duration.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { timestamp } from '../clock.ts';
import type { Why } from './work.ts';

/** What is known of the island that holds the current placement. */
export interface Standing {
  island: string;
  /** spec.drain of it. */
  draining: boolean;
  /** Of an island elsewhere; absent when hub and island are one process. */
  away?: Away | undefined;
}

export interface Away {
  silent: boolean;
  /** From when its silence counts for giving it up, in milliseconds. */
  heardAt: number;
  /** When it was last heard, in milliseconds; absent: never. */
  lastWord?: number | undefined;
  /** Since when it has been heard without a gap, in milliseconds. */
  heardSince?: number | undefined;
  /**
   * Since when the IslandJob has waited to be taken, in milliseconds. By the hub's own clock: the API server, whose clock is in
   * creationTimestamp, may be minutes ahead or behind, and every claim would be late at once or never.
   */
  waitingSince: number;
  /** Why it does not hold the IslandJob, in its own words. */
  refused?: Why | undefined;
  /** Whether it may hold the IslandJob; false is a promise. */
  mayHold: boolean;
}

/** placement.islandLost, with its time in milliseconds. */
export interface IslandLost {
  policy: 'Wait' | 'Replace';
  afterMs: number;
}

const lostAfter = '1h';

export function islandLostOf({ spec }: Pick<ExpertTraining, 'spec'>): IslandLost {
  const { policy, after = lostAfter } = spec.placement.islandLost;
  return { policy, afterMs: parseDuration(after) };
}

export type Move =
  /** It stays; `why` says so when that is worth a word, `after` when to look again, in milliseconds. */
  | { type: 'Stay'; why?: Why; after?: number }
  /** It is to stop and to prove that; the next placement follows then. */
  | { type: 'Stop'; why: Why }
  /** Its IslandJob is deleted; the next placement follows when the island, or we, can say that it never held it or holds it no more. */
  | { type: 'Withdraw'; why: Why }
  /** The next placement follows at once, without a proof: its owner wants it so. */
  | { type: 'Replace'; why: Why };

export interface MoveFacts {
  job: IslandJob;
  standing: Standing | undefined;
  islandLost: IslandLost | undefined;
  /** How long an island that is heard may take to accept an IslandJob, in milliseconds. */
  claimDeadlineMs: number;
  /** Why it is to leave its island whatever that does: somebody asked for it, or it is made from what has been replaced. */
  leave?: Why | undefined;
  now: number;
}

/** About a placement that has not ended. */
export function decideMove({ job, standing, islandLost, claimDeadlineMs, leave, now }: MoveFacts): Move {
  if (!standing) return { type: 'Stay' };
  const { island, away } = standing;
  const started = (job.status?.attempt ?? 0) > 0;
  if (away?.refused && !started) {
    const { reason, message } = away.refused;
    return { type: 'Withdraw', why: { reason, message: `island ${island} refused it: ${message}` } };
  }
  const lost = away && lostFor(away, islandLost, now);
  if (lost !== undefined && lost <= 0 && away?.mayHold) {
    return { type: 'Replace', why: { reason: 'IslandLost', message: `island ${island} ${silentSince(away.lastWord)}` } };
  }
  if (away && job.status === undefined) return claim(job, island, away, claimDeadlineMs, lost, now);
  const why: Why | undefined = standing.draining
    ? { reason: 'IslandDraining', message: `island ${island} is being drained` }
    : leave;
  if (why) {
    if (!job.spec.stop) return { type: 'Stop', why };
    if (!away?.silent) return { type: 'Stay', why };
  }
  return away?.silent ? unreachable(island, away, lost) : { type: 'Stay' };
}

/** Milliseconds until the owner gives the island up; undefined when it never does, or while the island is heard. */
function lostFor(away: Away, islandLost: IslandLost | undefined, now: number): number | undefined {
  if (!away.silent || islandLost?.policy !== 'Replace') return undefined;
  return away.heardAt + islandLost.afterMs - now;
}

/** No word about the IslandJob has come yet. */
function claim(job: IslandJob, island: string, away: Away, claimDeadlineMs: number, lost: number | undefined, now: number): Move {
  // What a silent island may hold stays with it, whatever its name on the list of those that are late.
  if (away.silent && away.mayHold) return unreachable(island, away, lost);
  const from = away.silent ? away.waitingSince : Math.max(away.waitingSince, away.heardSince ?? away.heardAt);
  const left = from + claimDeadlineMs - now;
  const seconds = Math.round(claimDeadlineMs / 1000);
  if (left <= 0) {
    const message = `island ${island} did not take ${job.metadata.name} within ${seconds} s${away.silent ? ` and ${silentSince(away.lastWord)}` : ''}`;
    return { type: 'Withdraw', why: { reason: 'ClaimDeadlineExceeded', message } };
  }
  const message = `island ${island} has not taken ${job.metadata.name} yet`;
  return { type: 'Stay', why: { reason: 'WaitingForIsland', message }, after: left };
}

function unreachable(island: string, away: Away, lost: number | undefined): Move {
  const message = `island ${island} ${silentSince(away.lastWord)}; what runs there goes on`;
  return {
    type: 'Stay',
    why: { reason: 'IslandUnreachable', message },
    ...(lost === undefined ? {} : { after: Math.max(1, lost) }),
  };
}

/** The same words as long as the silence lasts, so that they are written once. */
export function silentSince(lastWord: number | undefined): string {
  return lastWord === undefined ? 'has not been heard since the hub started' : `has not been heard since ${timestamp(lastWord)}`;
}
