/** When the next attempt may start, and whether there is one: pure functions of what the status already says. */
import { parseDuration } from '../api/duration.ts';
import type { Retry } from '../api/policy.ts';
import { type AttemptRecord, askedRule } from '../api/work.ts';

/** How many ends that nobody counts may lie in the last hour before each further one waits the longest back-off. */
export const UNCOUNTED_PER_HOUR = 6;
/** How many of them within a day may have brought no checkpoint before the next waits until the first of them is a day old. */
export const UNCOUNTED_BARREN_PER_DAY = 12;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface History {
  /** Closed records, oldest first; the newest is the attempt that just ended. */
  readonly attempts: readonly AttemptRecord[];
  /** Attempt that published the newest checkpoint: the last one that made real progress. */
  readonly progressedAttempt?: number;
  /** Counted failures, the newest included when it counts. */
  readonly restarts: number;
}

export type Verdict = { readonly retry: true; readonly delayMs: number } | { readonly retry: false };

/**
 * The first retry after real progress comes at once, and so does the first after an end that is nobody's fault; then
 * `initial * 2^n`, at most `max`, where n counts the ends since a checkpoint was published last.
 */
export function nextAttempt(history: History, counted: boolean, retry: Retry, now: number): Verdict {
  if (counted && history.restarts > retry.maxRestarts) return { retry: false };
  const initial = parseDuration(retry.backoff.initial);
  const max = parseDuration(retry.backoff.max);
  // A suspend that someone asked for says nothing about the work.
  const ends = history.attempts.filter((record) => record.rule !== askedRule);
  const barren = ends.filter(({ number }) => number > (history.progressedAttempt ?? 0)).length;
  const free = counted ? 0 : 1;
  const backoff = barren <= free ? 0 : Math.min(max, initial * 2 ** Math.min(barren - free - 1, 30));
  if (counted) return { retry: true, delayMs: backoff };
  const since = (ms: number) => (record: AttemptRecord) => !isCounted(record) && now - Date.parse(record.finishedAt ?? '') < ms;
  const today = ends.filter(({ number }) => number > (history.progressedAttempt ?? 0)).filter(since(DAY));
  const first = today.at(-UNCOUNTED_BARREN_PER_DAY);
  if (today.length > UNCOUNTED_BARREN_PER_DAY && first) {
    const over = Date.parse(first.finishedAt ?? '') + DAY - now;
    return { retry: true, delayMs: Math.max(max, over) };
  }
  return { retry: true, delayMs: ends.filter(since(HOUR)).length > UNCOUNTED_PER_HOUR ? max : backoff };
}

const uncounted = new Set<AttemptRecord['class']>(['Disruption', 'NodeLost', 'GpuFault', 'AttemptTaken']);

function isCounted(record: AttemptRecord): boolean {
  return record.counted ?? !uncounted.has(record.class);
}
