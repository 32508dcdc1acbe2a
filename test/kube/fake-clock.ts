/** A clock that moves only when told to, and randomness from a seed: the same run gives the same result every time. */
import type { Clock, Random } from '../../src/clock.ts';

interface Timer {
  at: number;
  order: number;
  fire: () => void;
}

export interface FakeClock extends Clock {
  /** Moves time on by `ms`, firing what falls due in order and letting all promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Jumps from timer to timer until `done()` is true; throws after `limitMs` of fake time or when nothing is left to wait for. */
  until(done: () => boolean, limitMs?: number, what?: string): Promise<void>;
  /** Lets everything run that can run without time passing. */
  settle(): Promise<void>;
  readonly pendingTimers: number;
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  const next = () => {
    let first: Timer | undefined;
    for (const timer of timers)
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    return first;
  };
  const fire = (timer: Timer) => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.fire();
  };
  // Twice round the event loop: promises that resolve promises, and streams of memory.
  const settle = async () => {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  const clock: FakeClock = {
    now: () => now,
    timer(ms, fn) {
      const timer = { at: now + Math.max(0, ms), order: order++, fire: fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
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
      }),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = next(); timer && timer.at <= end; timer = next()) {
        fire(timer);
        await settle();
      }
      now = end;
    },
    async until(done, limitMs = 3_600_000, what = 'the state that is waited for') {
      const end = now + limitMs;
      await settle();
      while (!done()) {
        const timer = next();
        if (!timer) throw new Error(`${what} did not come, and nothing is left to wait for`);
        if (timer.at > end) throw new Error(`${what} did not come within ${limitMs} ms`);
        fire(timer);
        await settle();
      }
    },
    settle,
    get pendingTimers() {
      return timers.size;
    },
  };
  return clock;
}

/** mulberry32: small, fast, and good enough to jitter and to name. */
export function createSeededRandom(seed = 1): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (bytes: number) =>
    Array.from({ length: bytes }, () =>
      Math.floor(next() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  return { next, hex, uuid: () => `${hex(4)}-${hex(2)}-4${hex(2).slice(1)}-a${hex(2).slice(1)}-${hex(6)}` };
}
