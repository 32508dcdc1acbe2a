/** Simulated time: one queue of timers for everything, and a view of it for each process, which can be frozen, set wrong, and killed. */
import type { Clock } from '../../src/clock.ts';

interface Timer {
  at: number;
  order: number;
  fire: (() => void) | undefined;
}

export interface SimClock extends Clock {
  /** Fires the next timer and lets all that follows from it happen; false when there is none. */
  step(): Promise<boolean>;
  /** Lets everything happen that can without time passing. */
  settle(): Promise<void>;
  /** How many timers fired. */
  readonly steps: number;
}

export const begin = Date.UTC(2026, 0, 1);

/** Rejects when the signal aborts first. */
const sleeper = (clock: Pick<Clock, 'timer'>) => (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const abort = () => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.timer(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });

export function createSimClock(): SimClock {
  let now = begin;
  let order = 0;
  let steps = 0;
  const heap: Timer[] = [];
  const before = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

  function push(timer: Timer): void {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(timer, heap[up] as Timer)) break;
      heap[at] = heap[up] as Timer;
      at = up;
    }
    heap[at] = timer;
  }
  function pop(): Timer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Timer, heap[down] as Timer)) down++;
      if (!before(heap[down] as Timer, last)) break;
      heap[at] = heap[down] as Timer;
      at = down;
    }
    heap[at] = last;
    return first;
  }
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  const timer: Clock['timer'] = (ms, fire) => {
    const made: Timer = { at: now + Math.max(0, Math.ceil(ms)), order: order++, fire };
    push(made);
    return () => {
      made.fire = undefined;
    };
  };
  return {
    now: () => now,
    timer,
    sleep: sleeper({ timer }),
    settle,
    async step() {
      for (let next = pop(); next !== undefined; next = pop()) {
        if (next.fire === undefined) continue;
        now = next.at;
        steps++;
        next.fire();
        await settle();
        return true;
      }
      return false;
    },
    get steps() {
      return steps;
    },
  };
}

/** One process: what it waits for comes only while it lives and runs. */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  /** Aborted when it dies. */
  readonly ended = new AbortController();
  /** How far its wall clock is off, in milliseconds. */
  skewMs = 0;
  #frozen = false;
  #waiting: (() => void)[] = [];

  constructor(base: Clock, name: string) {
    this.name = name;
    const timer: Clock['timer'] = (ms, fire) => {
      let cancelled = false;
      const stop = base.timer(ms, () => this.run(() => (cancelled ? undefined : fire())));
      return () => {
        cancelled = true;
        stop();
      };
    };
    this.clock = { now: () => base.now() + this.skewMs, timer, sleep: sleeper({ timer }) };
  }

  get dead(): boolean {
    return this.ended.signal.aborted;
  }

  /** Now, when it is thawed again, or never. */
  run(work: () => void): void {
    if (this.dead) return;
    if (this.#frozen) this.#waiting.push(work);
    else work();
  }

  /** Resolves with the value only while the process lives. */
  async hear<T>(value: Promise<T>): Promise<T> {
    try {
      const heard = await value;
      return this.dead ? await never() : heard;
    } catch (error) {
      if (this.dead) return await never();
      throw error;
    }
  }

  /** Without a last word: nothing that it was about to do is done. */
  kill(): void {
    if (this.dead) return;
    this.#waiting = [];
    this.ended.abort(new Error(`${this.name} was killed`));
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) this.run(work);
  }

  get frozen(): boolean {
    return this.#frozen;
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
