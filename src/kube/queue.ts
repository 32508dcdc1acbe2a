/** A keyed work queue: de-duplicating, first in first out, delays, per-key back-off (short after conflicts), one worker per key at a time. */
import type { Clock, Random } from '../clock.ts';
import type { KubeMetrics } from './metrics.ts';

export interface QueueOptions {
  name: string;
  clock: Clock;
  random: Random;
  /** First delay of a failing key in milliseconds; doubles with each failure, with 10 % of jitter. Default 100. */
  backoffMs?: number;
  /** Longest delay. Default 5 minutes. */
  maxBackoffMs?: number;
  /** Longest delay after a conflict. Default 5 seconds. */
  maxConflictMs?: number;
  metrics?: KubeMetrics | undefined;
}

/**
 * A key that is added while it is being worked on is handed out again after `done`; added twice while it waits, once.
 * So whoever gets a key sees, by reading the current state, everything that was added before: no event is lost or doubled.
 * Bounded by the number of distinct keys.
 */
export interface Queue {
  add(key: string): void;
  /** Adds later; of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /**
   * Adds after this key's back-off, which grows; returns the delay in milliseconds. A later `retry` replaces the delay of an earlier
   * one. A conflict says only that something old was read: it is counted by itself, and its delay stays short.
   */
  retry(key: string, why?: 'failure' | 'conflict'): number;
  /** The key succeeded: its back-off starts over. */
  forget(key: string): void;
  /** Resolves with the next key, which must be given back by `done`; undefined once the queue is closed. */
  get(): Promise<string | undefined>;
  done(key: string): void;
  /** Wakes all waiting workers with undefined and drops what waits. */
  close(): void;
  /** Failures in a row; conflicts are none. */
  failures(key: string): number;
  readonly length: number;
}

interface Delay {
  at: number;
  cancel: () => void;
}

export function createQueue(options: QueueOptions): Queue {
  const { clock, random, name, metrics, backoffMs = 100 } = options;
  const longest = { failure: options.maxBackoffMs ?? 300_000, conflict: options.maxConflictMs ?? 5_000 };
  const labels = { name, controller: name };
  /** Keys in the order in which they will be handed out, with the time they were added. */
  const waiting = new Map<string, number>();
  const working = new Map<string, number>();
  /** Keys added while they were being worked on. */
  const again = new Set<string>();
  const later = new Map<string, Delay>();
  const backoffs = new Map<string, Delay>();
  const retries = { failure: new Map<string, number>(), conflict: new Map<string, number>() };
  const takers: ((key: string | undefined) => void)[] = [];
  let closed = false;

  const cancel = (delays: Map<string, Delay>, key: string) => {
    delays.get(key)?.cancel();
    delays.delete(key);
  };
  const schedule = (delays: Map<string, Delay>, key: string, ms: number) => {
    cancel(delays, key);
    const fire = () => {
      delays.delete(key);
      queue.add(key);
    };
    delays.set(key, { at: clock.now() + ms, cancel: clock.timer(ms, fire) });
  };
  const observe = () => {
    if (!metrics) return;
    const now = clock.now();
    const running = [...working.values()].map((since) => (now - since) / 1000);
    metrics.queueDepth.set(labels, waiting.size);
    metrics.unfinishedSeconds.set(
      labels,
      running.reduce((sum, seconds) => sum + seconds, 0),
    );
    metrics.longestSeconds.set(labels, Math.max(0, ...running));
  };
  const handOut = () => {
    while (takers.length > 0 && waiting.size > 0) {
      const [key, since] = waiting.entries().next().value as [string, number];
      waiting.delete(key);
      working.set(key, clock.now());
      metrics?.queueSeconds.observe(labels, (clock.now() - since) / 1000);
      takers.shift()?.(key);
    }
  };
  metrics?.onScrape(observe);

  const queue: Queue = {
    add(key) {
      if (closed) return;
      if (working.has(key)) {
        again.add(key);
        return;
      }
      if (waiting.has(key)) return;
      metrics?.queueAdds.inc(labels);
      waiting.set(key, clock.now());
      handOut();
    },
    addAfter(key, ms) {
      if (closed) return;
      if (ms <= 0) return queue.add(key);
      const planned = later.get(key);
      if (planned && planned.at <= clock.now() + ms) return;
      schedule(later, key, ms);
    },
    retry(key, why = 'failure') {
      if (closed) return 0;
      const before = retries[why].get(key) ?? 0;
      retries[why].set(key, before + 1);
      metrics?.queueRetries.inc(labels);
      const ms = Math.min(longest[why], backoffMs * 2 ** Math.min(before, 30));
      const delay = ms * (1 + 0.1 * random.next());
      schedule(backoffs, key, delay);
      return delay;
    },
    forget(key) {
      retries.failure.delete(key);
      retries.conflict.delete(key);
      cancel(backoffs, key);
    },
    get: () =>
      new Promise((resolve) => {
        if (closed) return resolve(undefined);
        takers.push(resolve);
        handOut();
      }),
    done(key) {
      const since = working.get(key);
      if (since === undefined) throw new Error(`cannot finish ${key}: nobody is working on it`);
      metrics?.workSeconds.observe(labels, (clock.now() - since) / 1000);
      working.delete(key);
      if (again.delete(key)) queue.add(key);
    },
    close() {
      closed = true;
      for (const delays of [later, backoffs]) for (const key of delays.keys()) cancel(delays, key);
      waiting.clear();
      again.clear();
      for (const take of takers.splice(0)) take(undefined);
    },
    failures: (key) => retries.failure.get(key) ?? 0,
    get length() {
      return waiting.size;
    },
  };
  return queue;
}
