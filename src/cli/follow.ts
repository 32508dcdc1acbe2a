/** Following objects until something holds, by a watch that goes on over failures of the connection. */
import { createInformer } from '../kube/informer.ts';
import type { Store } from '../kube/store.ts';
import { type KubeObject, type ResourceType, type Selection, silentLog } from '../kube/types.ts';
import type { Scope } from './cluster.ts';
import type { Call } from './verb.ts';

/**
 * What `find` finds in the objects of a selection, asked at first and after each change. Undefined when `timeoutMs` is over first;
 * rejects when the person interrupts.
 */
export async function until<T extends KubeObject, R>(
  call: Call,
  { client }: Pick<Scope, 'client'>,
  watched: { type: ResourceType<T> } & Selection,
  find: (objects: Store<T>) => R | undefined,
  timeoutMs?: number,
): Promise<R | undefined> {
  const { clock, random, signal } = call;
  const { type, ...selection } = watched;
  const informer = createInformer(type, selection, { client, clock, random, log: silentLog });
  const stop = new AbortController();
  const found = Promise.withResolvers<R | undefined>();
  const look = () => {
    const result = informer.hasSynced ? find(informer.store) : undefined;
    if (result !== undefined) found.resolve(result);
  };
  const leave = () => found.reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  const cancel = timeoutMs === undefined ? () => {} : clock.timer(timeoutMs, () => found.resolve(undefined));
  informer.onChange(look);
  const running = informer.run(stop.signal);
  const synced = informer.synced.then(look);
  try {
    signal.throwIfAborted();
    return await found.promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', leave);
    stop.abort();
    await running;
    // Never settles for an informer that was stopped before its first list.
    void synced;
  }
}
