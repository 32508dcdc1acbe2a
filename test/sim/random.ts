/** Streams of randomness that all follow from one seed and a name: drawing more from one never changes another. */
import type { Random } from '../../src/clock.ts';
import { createSeededRandom } from '../kube/fake-clock.ts';

export interface Dice extends Random {
  chance(share: number): boolean;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** A number of milliseconds, from `low` to `high`. */
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
}

/** FNV-1a over the characters, continued from `hash`. */
export function fnv(text: string, hash = 0x811c9dc5): number {
  let value = hash;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

export function createDice(seed: number, name: string): Dice {
  const random = createSeededRandom(fnv(`${seed}/${name}`));
  const between = (low: number, high: number) => low + (high - low) * random.next();
  return {
    ...random,
    between,
    chance: (share) => random.next() < share,
    whole: (low, high) => Math.floor(between(low, high + 1)),
    pick<T>(from: readonly T[]) {
      if (from.length === 0) throw new Error('cannot pick from nothing');
      return from[Math.floor(random.next() * from.length)] as T;
    },
  };
}
