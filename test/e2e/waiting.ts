/** Waits for a state, never for a time: asks again until it is there, and tells a story when it does not come. */
import { systemClock as clock } from '../../src/clock.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';

/** Thrown when what is waited for can no longer come. */
export class HopelessError extends Error {}

export interface WaitOptions {
  /** What a person would look at first; asked only on failure. */
  story: () => Promise<string>;
  /** A limit, not a guess: generous, for a machine that does other things too. */
  limitMs?: number;
  everyMs?: number;
}

/** The first thing that `look` finds. An API server that does not answer is waited for like everything else. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, options: WaitOptions): Promise<T> {
  const { story, limitMs = 600_000, everyMs = 200 } = options;
  const end = clock.now() + limitMs;
  for (;;) {
    let away: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      if (error instanceof HopelessError) throw new Error(`${what}: ${error.message}\n${await story()}`, { cause: error });
      if (!isAway(error)) throw error;
      away = error;
    }
    if (clock.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s\n${await story()}`, { cause: away });
    await clock.sleep(everyMs);
  }
}

function isAway(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ApiError && (error.status >= 500 || error.isTooManyRequests));
}
