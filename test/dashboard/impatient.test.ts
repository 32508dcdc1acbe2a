/** A store that is away is said so within seconds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emptyHistory } from '../../src/api/history.ts';
import { createBucket } from '../../src/dashboard/server/bucket.ts';
import { storedHistory } from '../../src/dashboard/server/curves.ts';
import { impatient } from '../../src/dashboard/server/impatient.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { MemoryStore } from '../store/memory-store.ts';

/** Keeps connections open and answers nothing, whatever it is told. */
function silentStore() {
  const signals: AbortSignal[] = [];
  const never = <T>(signal: AbortSignal | undefined) => {
    if (signal) signals.push(signal);
    return new Promise<T>(() => {});
  };
  return {
    signals,
    get: (_: string, { signal }: { maxBytes: number; signal?: AbortSignal }) => never<Uint8Array | undefined>(signal),
    head: (_: string, { signal }: { signal?: AbortSignal } = {}) => never<{ size: number } | undefined>(signal),
    async *list(_: string, { signal }: { signal?: AbortSignal } = {}) {
      yield await never<{ key: string; size: number }>(signal);
    },
  };
}

describe('a store that does not answer', () => {
  test('fails each way of reading within seconds, and what was asked of it is given up', async () => {
    const clock = createFakeClock();
    const silent = silentStore();
    const store = impatient(silent, clock);
    const failed: string[] = [];
    const fails = (error: Error) => void failed.push(error.message);
    store.head('a').catch(fails);
    store.get('b', { maxBytes: 1 }).catch(fails);
    store.list('c/')[Symbol.asyncIterator]().next().catch(fails);
    await clock.advance(4_999);
    assert.deepEqual(failed, []);
    await clock.advance(10_001);
    assert.deepEqual(failed, [
      'cannot look up a: the store has not answered within 5 s',
      'cannot list c/: the store has not answered within 5 s',
      'cannot read b: the store has not answered within 15 s',
    ]);
    assert.deepEqual(
      silent.signals.map(({ aborted }) => aborted),
      [true, true, true],
    );
    assert.equal(clock.pendingTimers, 0);
  });

  test('leaves a gap in the curve that says so, instead of a page that waits', async () => {
    const clock = createFakeClock();
    const bucket = createBucket(impatient(silentStore(), clock));
    const history = storedHistory(bucket, 'atoll/x/experts/000/', new AbortController().signal);
    await clock.advance(5_000);
    assert.deepEqual(await history, {
      file: undefined,
      gap: 'the bucket could not be read: cannot list atoll/x/experts/000/: the store has not answered within 5 s',
    });
  });

  test('and one that answers is read as before, to its end', async () => {
    const clock = createFakeClock();
    const memory = new MemoryStore();
    for (const key of ['a/1', 'a/2', 'b/1']) await memory.put(key, new TextEncoder().encode(JSON.stringify(emptyHistory())));
    const store = impatient(memory, clock);
    const keys: string[] = [];
    for await (const { key } of store.list('a/')) keys.push(key);
    assert.deepEqual(keys, ['a/1', 'a/2']);
    assert.equal((await store.get('b/1', { maxBytes: 4096 }))?.length, (await store.head('b/1'))?.size);
    assert.equal(clock.pendingTimers, 0);
  });
});
