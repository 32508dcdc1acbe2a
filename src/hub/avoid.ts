/** Islands that did not take a work: left alone for a while that grows. In memory: forgotten, it is only asked once more. */
import type { Clock } from '../clock.ts';
import type { Avoided } from './placement.ts';
import type { Why } from './work.ts';

export interface Avoidance {
  /** By the key of the work. */
  of(work: string): Avoided | undefined;
  /** Counts once for each IslandJob. */
  add(work: string, missed: { island: string; uid: string; why: Why }): void;
  /** Why the IslandJob of this uid was withdrawn. */
  why(work: string, uid: string): Why | undefined;
}

const firstMs = 60_000;
const longestMs = 1_800_000;
/** How long after the last time the count begins anew. */
const forgetMs = 2 * longestMs;
const mostWorks = 16_384;

interface Missed {
  uid: string;
  why: Why;
  times: number;
  at: number;
  until: number;
}

export function createAvoidance(clock: Clock): Avoidance {
  const works = new Map<string, Map<string, Missed>>();
  return {
    of: (work) => works.get(work),
    add(work, { island, uid, why }) {
      const islands = works.get(work) ?? new Map<string, Missed>();
      const known = islands.get(island);
      if (known?.uid === uid) return;
      const now = clock.now();
      const times = (known && now - known.at < forgetMs ? known.times : 0) + 1;
      const until = now + Math.min(longestMs, firstMs * 2 ** (times - 1));
      islands.set(island, { uid, why, times, at: now, until });
      works.delete(work);
      works.set(work, islands);
      if (works.size > mostWorks) works.delete(works.keys().next().value ?? '');
    },
    why: (work, uid) => [...(works.get(work)?.values() ?? [])].find((missed) => missed.uid === uid)?.why,
  };
}
