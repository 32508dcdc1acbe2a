/** How often somebody may ask: a bucket of tokens for each, refilled with time; bounded over all. */
import type { Clock } from '../../clock.ts';

export interface RateLimit {
  /** Takes one; false when there is none left. */
  take(who: string): boolean;
}

export function createRateLimit(clock: Clock, options: { perSecond: number; burst: number; most?: number }): RateLimit {
  const { perSecond, burst, most = 4096 } = options;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(who) {
      const now = clock.now();
      const { tokens, at } = buckets.get(who) ?? { tokens: burst, at: now };
      const filled = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
      buckets.delete(who);
      buckets.set(who, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
      // The one that has been quiet for longest goes: its bucket is the fullest.
      if (buckets.size > most) buckets.delete(buckets.keys().next().value ?? '');
      return filled >= 1;
    },
  };
}

/** How many of something somebody may hold at once. */
export interface Seats {
  /** The function that gives the seat back; undefined when none is free. */
  take(who: string): (() => void) | undefined;
  readonly taken: number;
}

export function createSeats({ each, all }: { each: number; all: number }): Seats {
  const held = new Map<string, number>();
  let total = 0;
  return {
    take(who) {
      const mine = held.get(who) ?? 0;
      if (mine >= each || total >= all) return undefined;
      held.set(who, mine + 1);
      total++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        total--;
        const rest = (held.get(who) ?? 1) - 1;
        if (rest === 0) held.delete(who);
        else held.set(who, rest);
      };
    },
    get taken() {
      return total;
    },
  };
}
