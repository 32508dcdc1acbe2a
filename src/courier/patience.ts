/** Trying again while the object store is away: growing, jittered delays. */
import type { Random } from '../clock.ts';
import { isStorageError } from '../store/errors.ts';
import type { CourierContext } from './context.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** Milliseconds to wait after so many failures in a row (1, 2, ...): doubling from 1 s to 30 s, less up to half by chance. */
export function backoff(failures: number, random: Random): number {
  const delay = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return Math.round(delay * (1 - random.next() / 2));
}

/** Runs a step that may be repeated, until it works, fails for another reason than the storage, or the patience is over. */
export async function patiently<T>(
  { clock, random, log }: Pick<CourierContext, 'clock' | 'random' | 'log'>,
  what: string,
  patienceMs: number,
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  const deadline = clock.now() + patienceMs;
  for (let failures = 1; ; failures += 1) {
    try {
      return await step();
    } catch (error) {
      const delay = backoff(failures, random);
      if (!isStorageError(error) || clock.now() + delay > deadline) throw error;
      log.warn({ what, why: error.message, retryInMs: delay }, 'the store is in the way; trying again');
      await clock.sleep(delay, signal);
    }
  }
}
