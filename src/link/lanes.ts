/** One thing at a time per island, a few islands at once: of what waits for an island only the newest is kept. */
import { createGate } from '../kube/gate.ts';

export interface Lanes<T> {
  /** Returns what it replaces, which will never be worked on. Refused (returned as it is) when too many islands wait. */
  offer(island: string, item: T): T | undefined;
  /** Islands that wait or are worked on. */
  readonly size: number;
}

export interface LanesOptions<T> {
  /** Islands worked on at once. */
  atOnce: number;
  /** Islands that may wait. */
  most: number;
  /** Must not throw. */
  work: (island: string, item: T, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

export function createLanes<T>({ atOnce, most, work, signal }: LanesOptions<T>): Lanes<T> {
  const gate = createGate(atOnce);
  /** What comes next for an island; undefined while nothing waits behind what is worked on. */
  const waiting = new Map<string, T | undefined>();

  async function run(island: string): Promise<void> {
    for (;;) {
      let leave: () => void;
      try {
        leave = await gate.enter(signal);
      } catch {
        break;
      }
      // Taken only now: while the lane waited for its turn, something newer may have come.
      const item = waiting.get(island);
      waiting.set(island, undefined);
      try {
        if (item !== undefined) await work(island, item, signal);
      } finally {
        leave();
      }
      if (signal.aborted || waiting.get(island) === undefined) break;
    }
    waiting.delete(island);
  }

  return {
    offer(island, item) {
      if (signal.aborted) return item;
      if (waiting.has(island)) {
        const replaced = waiting.get(island);
        waiting.set(island, item);
        return replaced;
      }
      if (waiting.size >= most) return item;
      waiting.set(island, item);
      void run(island);
      return undefined;
    },
    get size() {
      return waiting.size;
    },
  };
}
