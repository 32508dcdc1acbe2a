/** One kind watched: a store, the promise that it was filled once, and listeners that only enqueue. */
import type { Clock, Random } from '../clock.ts';
import type { KubeMetrics } from './metrics.ts';
import { reflect } from './reflector.ts';
import { type Change, createStore, type IndexFunction, type Store } from './store.ts';
import type { KubeClient, KubeObject, Log, ResourceType, Selection } from './types.ts';

export interface InformerOptions<T extends KubeObject> extends Selection {
  indexes?: Record<string, IndexFunction<T>>;
  /** Cuts an object down before it is kept, to save memory; `managedFields` are gone already. */
  transform?: (object: T) => T;
  /** Instead of `namespace`: several, each listed and watched by itself, so that rights in these are enough. */
  namespaces?: readonly string[] | undefined;
}

export type Listener<T extends KubeObject> = (change: Change<T>) => void;

export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly store: Store<T>;
  /** Resolves once the store has equalled a list. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Milliseconds since the last list, event or bookmark: more than two minutes means that the store is stale. */
  silentMs(): number;
  /** Called after each change, in order, first with an 'add' for all that is there; only ever enqueue keys in it. */
  onChange(listener: Listener<T>): void;
}

export interface RunnableInformer<T extends KubeObject> extends Informer<T> {
  addIndex(name: string, values: IndexFunction<T>): void;
  /** Resolves only when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerContext {
  client: KubeClient;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
}

export function createInformer<T extends KubeObject>(
  type: ResourceType<T>,
  options: InformerOptions<T>,
  context: InformerContext,
): RunnableInformer<T> {
  const { indexes, transform, namespaces, ...selection } = options;
  const parts = namespaces?.map((namespace) => ({ ...selection, namespace })) ?? [selection];
  const store = createStore(indexes, transform);
  const listeners: Listener<T>[] = [];
  const synced = Promise.withResolvers<void>();
  /** Parts that were listed, and when each was last heard of. */
  const listed = new Set<Selection>();
  const contacts = new Map<Selection, number>(parts.map((part) => [part, context.clock.now()]));

  const tell = (listener: Listener<T>, change: Change<T>) => {
    try {
      listener(change);
    } catch (error) {
      // A listener that throws must not stop the watch for everyone else; it is a bug and shown as one.
      context.log.error({ resource: type.plural, err: error }, 'listener of an informer failed');
    }
  };

  return {
    type,
    store,
    synced: synced.promise,
    get hasSynced() {
      return listed.size === parts.length;
    },
    silentMs: () => context.clock.now() - Math.min(...contacts.values()),
    addIndex: (name, values) => store.addIndex(name, values),
    onChange(listener) {
      listeners.push(listener);
      for (const object of store.list()) tell(listener, { type: 'add', object });
    },
    async run(signal) {
      const reflectPart = (part: Selection) =>
        reflect(
          {
            ...context,
            type,
            selection: part,
            store,
            onChange: (change) => {
              for (const listener of listeners) tell(listener, change);
            },
            onSynced: () => {
              listed.add(part);
              if (listed.size === parts.length) synced.resolve();
            },
            onContact: () => {
              contacts.set(part, context.clock.now());
            },
          },
          signal,
        );
      await Promise.all(parts.map(reflectPart));
    },
  };
}
