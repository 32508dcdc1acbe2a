/** What is counted when the operator asks an object store. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Registry } from 'prom-client';
import { createInstruments } from '../../src/metrics/instruments.ts';
import { measured, storageMetricRows } from '../../src/metrics/storage.ts';
import { DamagedObjectError, StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { scrape } from './builders.ts';

type Asked = Pick<ObjectStore, 'get' | 'head'>;
const answers: [result: string, head: Asked['head']][] = [
  ['ok', async () => ({ size: 1 })],
  ['missing', async () => undefined],
  ['unavailable', async () => Promise.reject(new StoreUnavailableError('head', 'key', 'away'))],
  ['refused', async () => Promise.reject(new StoreRefusedError('head', 'key', 'AccessDenied', 'no'))],
  ['damaged', async () => Promise.reject(new DamagedObjectError('key', 'it is short'))],
  ['error', async () => Promise.reject(new TypeError('a bug'))],
];

for (const [result, head] of answers)
  it(`a request that ends as ${result} is counted, timed, and answered as the store answers it`, async () => {
    const registry = new Registry();
    const clock = createFakeClock();
    const slow: Asked['head'] = async (...args) => {
      await clock.advance(2_000);
      return await head(...args);
    };
    const metrics = createInstruments(registry, storageMetricRows);
    const store = measured('default', { head: slow, get: async () => undefined }, { metrics, clock });
    const [answered, wanted] = await Promise.allSettled([store.head('key'), head('key')]);
    assert.deepEqual(answered, wanted);
    const lines = await scrape(registry);
    assert.ok(lines.includes(`atoll_storage_requests_total{store="default",op="head",result="${result}"} 1`), lines.join('\n'));
    assert.ok(lines.includes('atoll_storage_request_duration_seconds_sum{store="default",op="head"} 2'));
  });
