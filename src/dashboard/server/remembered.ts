/** A small cache of answers that cost a request: bounded, for seconds, and one question under way for all who ask it. */
import type { Clock } from '../../clock.ts';

export interface Remembered<T> {
  /** The answer, at most `ms` old; a failure is not kept. */
  get(key: string, ask: () => Promise<T>): Promise<T>;
  forget(key: string): void;
}

export function remember<T>(clock: Clock, ms: number, most: number): Remembered<T> {
  const known = new Map<string, { at: number; answer: Promise<T> }>();
  return {
    get(key, ask) {
      const found = known.get(key);
      if (found && clock.now() - found.at < ms) return found.answer;
      const answer = ask();
      const mine = { at: clock.now(), answer };
      known.delete(key);
      known.set(key, mine);
      if (known.size > most) known.delete(known.keys().next().value ?? '');
      answer.catch(() => {
        if (known.get(key) === mine) known.delete(key);
      });
      return answer;
    },
    forget: (key) => void known.delete(key),
  };
}
