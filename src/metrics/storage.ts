/** Counts and times the requests that the operator itself makes to object stores. */
import type { Clock } from '../clock.ts';
import { DamagedObjectError, StoreRefusedError, StoreUnavailableError } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Instruments, Rows } from './instruments.ts';

const from = 'hub and standalone, after each look at a manifest or at the size of an object';

export const storageMetricRows = {
  requests: {
    type: 'counter',
    name: 'atoll_storage_requests_total',
    help: 'Requests of the operator to object stores, by store, operation and result: ok, missing, unavailable, refused, damaged, error',
    labels: ['store', 'op', 'result'],
    from,
  },
  seconds: {
    type: 'histogram',
    name: 'atoll_storage_request_duration_seconds',
    help: 'How long requests of the operator to object stores took, repeats included',
    unit: 'seconds',
    labels: ['store', 'op'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    from,
  },
} as const satisfies Rows;

export type StorageMetrics = Instruments<typeof storageMetricRows>;
type Result = 'ok' | 'missing' | 'unavailable' | 'refused' | 'damaged' | 'error';

/** The store, with its reads of small objects measured; that is all that hub and standalone ask of it. */
export function measured(
  name: string,
  store: Pick<ObjectStore, 'get' | 'head'>,
  { metrics, clock }: { metrics: StorageMetrics; clock: Clock },
): Pick<ObjectStore, 'get' | 'head'> {
  async function measure<R>(op: 'get' | 'head', request: () => Promise<R | undefined>): Promise<R | undefined> {
    const began = clock.now();
    const done = (result: Result) => {
      metrics.requests.inc({ store: name, op, result });
      metrics.seconds.observe({ store: name, op }, (clock.now() - began) / 1000);
    };
    try {
      const answer = await request();
      done(answer === undefined ? 'missing' : 'ok');
      return answer;
    } catch (error) {
      done(resultOf(error));
      throw error;
    }
  }
  return {
    get: (key, options) => measure('get', () => store.get(key, options)),
    head: (key, options) => measure('head', () => store.head(key, options)),
  };
}

function resultOf(error: unknown): Result {
  if (error instanceof StoreUnavailableError) return 'unavailable';
  if (error instanceof StoreRefusedError) return 'refused';
  return error instanceof DamagedObjectError ? 'damaged' : 'error';
}
