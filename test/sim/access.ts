/** How a process of Atoll reaches an API server: requests take time, fail, lose their answers and hit crash points; watches lag and stall. */
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import type { KubeClient, KubeObject, ResourceType, WatchEvent, WatchOptions } from '../../src/kube/types.ts';
import type { Call, MemoryApi } from '../kube/memory-client.ts';
import { never, type Process } from './clock.ts';
import type { Record } from './facts.ts';
import type { Dice } from './random.ts';

export type Refusal = 'conflict' | 'busy' | 'broken' | 'reset';

export interface ApiWeather {
  /** Refuses every connection. */
  away: boolean;
  /** Share of requests that fail in one of the ways, before they take effect. */
  failing: number;
  ways: readonly Refusal[];
  /** Share of writes that take effect and whose answer is lost. */
  losing: number;
  /** Longest time on the way, in milliseconds. */
  slowMs: number;
  /** Longest time until an event of a watch is seen, in milliseconds. */
  lagMs: number;
  /** Kinds, by plural, whose watches say nothing; `*` is every kind. */
  stalled: Set<string>;
}

export const calmApi = (): ApiWeather => ({
  away: false,
  failing: 0,
  ways: [],
  losing: 0,
  slowMs: 6,
  lagMs: 10,
  stalled: new Set(),
});

export interface Cluster {
  readonly name: string;
  api: MemoryApi;
  readonly weather: ApiWeather;
  /** Who sends the write that is being stored. */
  writer: string | undefined;
  readonly counts: { refused: number; lost: number; stalls: number };
}

/** Where the process dies: at its n-th write, before it is sent, when it is stored, or when the answer has come. */
export type CrashPoint = (process: Process, moment: 'before' | 'stored' | 'after') => boolean;

export interface AccessOptions {
  cluster: Cluster;
  process: Process;
  record: Record;
  dice: Dice;
  crash: CrashPoint;
}

const refusals: { [way in Refusal]: (call: Call) => Error } = {
  conflict: ({ verb }) => new ApiError(verb, 409, { reason: 'Conflict', message: 'the object has been modified' }),
  busy: ({ verb }) => new ApiError(verb, 429, { reason: 'TooManyRequests', message: 'slow down' }, 1000),
  broken: ({ verb }) => new ApiError(verb, 503, { reason: 'ServiceUnavailable', message: 'etcd has no leader' }),
  reset: ({ verb }) => new ConnectionError(verb, 'connection reset', false),
};

export function accessTo({ cluster, process, record, dice, crash }: AccessOptions): KubeClient {
  const { weather, counts } = cluster;
  const pause = (ms: number) => process.clock.sleep(dice.between(1, ms));

  /** Bodies of trial creations: nothing of them is ever stored. */
  const trials = new WeakSet<object>();

  const client = cluster.api.client({
    name: process.name,
    async intercept(call, proceed) {
      if (process.dead) return never();
      const trial = typeof call.body === 'object' && call.body !== null && trials.has(call.body);
      const writes = !['get', 'list', 'watch'].includes(call.verb) && !trial;
      if (writes && crash(process, 'before')) return never();
      await pause(weather.slowMs);
      if (weather.away) throw new ConnectionError(call.verb, 'connection refused', false);
      if (dice.chance(weather.failing)) {
        const way = dice.pick(weather.ways);
        if (way !== 'conflict' || writes) {
          counts.refused++;
          throw refusals[way](call);
        }
      }
      if (writes) record.note({ kind: 'call', cluster: cluster.name, by: process.name, call });
      cluster.writer = process.name;
      let stored: Promise<unknown>;
      try {
        stored = proceed();
      } finally {
        cluster.writer = undefined;
      }
      const answer = await process.hear(stored);
      if (writes && crash(process, 'stored')) return never();
      await pause(weather.slowMs);
      if (writes && dice.chance(weather.losing)) {
        counts.lost++;
        throw new ConnectionError(call.verb, 'connection reset', true);
      }
      if (writes && crash(process, 'after')) return never();
      return answer;
    },
  });

  return {
    ...client,
    create(type, object, how) {
      if (how?.dryRun) trials.add(object);
      return client.create(type, object, how);
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
      for await (const event of client.watch(type, options)) {
        await process.clock.sleep(dice.between(1, weather.lagMs), options.signal);
        let stalled = false;
        while (weather.stalled.has(type.plural) || weather.stalled.has('*')) {
          if (!stalled) counts.stalls++;
          stalled = true;
          await process.clock.sleep(500, options.signal);
        }
        yield event;
      }
    },
  };
}
