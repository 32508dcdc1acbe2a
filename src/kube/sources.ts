/** What wakes a controller: changes of its own kind, of what it owns, or of anything mapped to keys. */
import type { Informer } from './informer.ts';
import type { Change } from './store.ts';
import { apiVersionOf, type KubeObject, keyOf, keyString, type ObjectKey, type ResourceType } from './types.ts';

/** Calls `enqueue` for every change from now on, and once for everything there is. */
export interface Source {
  start(enqueue: (key: ObjectKey) => void): void;
}

export interface SourceOptions<T extends KubeObject> {
  /** Only changes that pass wake the controller; the state is read anew anyway. */
  when?: (change: Change<T>) => boolean;
}

/** Wakes the controller with the keys that the object maps to; after an update also with those of the object before. */
export function mapped<T extends KubeObject>(
  informer: Informer<T>,
  keys: (object: T) => ObjectKey[],
  options: SourceOptions<T> = {},
): Source {
  return {
    start(enqueue) {
      informer.onChange((change) => {
        if (options.when && !options.when(change)) return;
        const all = [...keys(change.object), ...(change.type === 'update' ? keys(change.old) : [])];
        for (const key of new Map(all.map((each) => [keyString(each), each])).values()) enqueue(key);
      });
    },
  };
}

export function forKind<T extends KubeObject>(informer: Informer<T>, options: SourceOptions<T> = {}): Source {
  return mapped(informer, (object) => [keyOf(object)], options);
}

/** Wakes the owner that an object's controller reference names. */
export function owned<T extends KubeObject>(
  informer: Informer<T>,
  owner: ResourceType<KubeObject>,
  options: SourceOptions<T> = {},
): Source {
  const group = groupOf(apiVersionOf(owner));
  const keys = ({ metadata }: T): ObjectKey[] => {
    const reference = metadata.ownerReferences?.find(({ controller }) => controller);
    if (!reference || reference.kind !== owner.kind || groupOf(reference.apiVersion) !== group) return [];
    const { namespace } = metadata;
    return [owner.namespaced && namespace !== undefined ? { namespace, name: reference.name } : { name: reference.name }];
  };
  return mapped(informer, keys, options);
}

/** Passes when the spec changed, or anything that is not status: a controller's own status writes do not wake it. */
export function specChanged<T extends KubeObject>(change: Change<T>): boolean {
  if (change.type !== 'update') return true;
  const [now, before] = [change.object.metadata, change.old.metadata];
  return (
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    JSON.stringify([now.labels, now.annotations, now.finalizers]) !==
      JSON.stringify([before.labels, before.annotations, before.finalizers])
  );
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
