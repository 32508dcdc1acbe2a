/** Reading the bucket for somebody who waits: a store that is away is said so within seconds, whatever its client would still try. */
import type { Clock } from '../../clock.ts';
import { link } from '../../kube/abort.ts';
import { StoreUnavailableError } from '../../store/errors.ts';
import type { ReadStore } from './context.ts';

/** For looking something up, and for each page of a list, in milliseconds. */
const lookMs = 5_000;
/** For the content of one object. */
const readMs = 15_000;

export function impatient(store: ReadStore, clock: Clock): ReadStore {
  async function within<T>(
    ms: number,
    operation: string,
    key: string,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const linked = link(signal);
    const late = new StoreUnavailableError(operation, key, `the store has not answered within ${ms / 1000} s`);
    const { promise, reject } = Promise.withResolvers<never>();
    // Not every step of a client heeds the signal, so the wait itself ends too.
    const cancel = clock.timer(ms, () => {
      linked.abort(late);
      reject(late);
    });
    try {
      return await Promise.race([run(linked.signal), promise]);
    } finally {
      cancel();
      linked.unlink();
    }
  }

  return {
    get: (key, { maxBytes, signal }) =>
      within(readMs, 'read', key, signal, (until) => store.get(key, { maxBytes, signal: until })),
    head: (key, { signal } = {}) => within(lookMs, 'look up', key, signal, (until) => store.head(key, { signal: until })),
    async *list(prefix, { signal } = {}) {
      const linked = link(signal);
      const pages = store.list(prefix, { signal: linked.signal })[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await within(lookMs, 'list', prefix, signal, () => pages.next());
          if (next.done) return;
          yield next.value;
        }
      } finally {
        linked.abort(new Error('nobody waits for the list any more'));
        linked.unlink();
      }
    },
  };
}
