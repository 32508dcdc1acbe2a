/** The object store of a simulated world: one bucket in memory, seen by each process through a network that is slow, loses answers and fails. */
import { StoreUnavailableError } from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { never, type Process } from './clock.ts';
import type { Record } from './facts.ts';
import type { Dice } from './random.ts';

export interface StoreWeather {
  /** Nothing is answered. */
  away: boolean;
  /** Shares of requests: refused before anything happened, and answered never although they took effect. */
  failing: number;
  losing: number;
  /** Longest time on the way, in milliseconds. */
  slowMs: number;
}

export interface Bucket {
  readonly memory: MemoryStore;
  readonly weather: StoreWeather;
  /** Keys whose bytes were changed by a fault: they are not to verify. */
  readonly damaged: Set<string>;
  /** How often a request failed, or lost its answer. */
  readonly failed: { before: number; after: number };
  view(process: Process): ObjectStore;
}

export const calmStore = (): StoreWeather => ({ away: false, failing: 0, losing: 0, slowMs: 20 });

export function createBucket(record: Record, dice: Dice): Bucket {
  const memory = new MemoryStore();
  const weather = calmStore();
  const failed = { before: 0, after: 0 };
  let writes = 0;
  let deletes = 0;
  memory.faults = {
    after(operation, key) {
      if (memory.writes.length > writes) record.note({ kind: 'put', key });
      else if (memory.deletes.length > deletes) record.note({ kind: 'removed', key });
      else if (operation === 'putFile') record.note({ kind: 'taken', key });
      writes = memory.writes.length;
      deletes = memory.deletes.length;
    },
  };

  async function ask<T>(process: Process, operation: string, key: string, work: () => Promise<T>): Promise<T> {
    if (process.dead) return never();
    const lost = () => new StoreUnavailableError(operation, key, 'connection reset');
    await process.clock.sleep(dice.between(1, weather.slowMs));
    if (weather.away || dice.chance(weather.failing)) {
      failed.before++;
      throw lost();
    }
    const answer = await process.hear(
      work().catch((error: unknown) => {
        if (operation === 'put') record.note({ kind: 'taken', key });
        throw error;
      }),
    );
    await process.clock.sleep(dice.between(1, weather.slowMs));
    if (weather.away || dice.chance(weather.losing)) {
      failed.after++;
      throw lost();
    }
    return answer;
  }

  return {
    memory,
    weather,
    failed,
    damaged: new Set(),
    view(process) {
      const over = <T>(operation: string, key: string, work: () => Promise<T>) => ask(process, operation, key, work);
      return {
        name: memory.name,
        bucket: memory.bucket,
        put: (key, body, how) => over('put', key, () => memory.put(key, body, how)),
        putFile: (key, path, how) => over('putFile', key, () => memory.putFile(key, path, how)),
        get: (key, how) => over('get', key, () => memory.get(key, how)),
        getFile: (key, path, how) => over('getFile', key, () => memory.getFile(key, path, how)),
        verifyFile: (key, how) => over('verifyFile', key, () => memory.verifyFile(key, how)),
        head: (key) => over('head', key, () => memory.head(key)),
        delete: (key) => over('delete', key, () => memory.delete(key)),
        async *list(prefix) {
          yield* await over('list', prefix, async () => {
            const found = [];
            for await (const object of memory.list(prefix)) found.push(object);
            return found;
          });
        },
      };
    },
  };
}
