/** The cache of one kind: frozen objects by key and by index, and a diff that knows a recreated object from a changed one. */
import { type KubeObject, keyString, type ObjectKey } from './types.ts';

export type Change<T extends KubeObject> =
  | { type: 'add'; object: T }
  | { type: 'update'; object: T; old: T }
  | { type: 'delete'; object: T };

/** The values under which an object is found; an empty list keeps it out of the index. */
export type IndexFunction<T> = (object: T) => string[];

/** Read by everyone, written by one reflector. What it returns is deeply frozen: build new objects, never change these. */
export interface Store<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
  readonly size: number;
}

export interface WritableStore<T extends KubeObject> extends Store<T> {
  addIndex(name: string, values: IndexFunction<T>): void;
  /**
   * What is there now, in this namespace or, without one, everywhere, is exactly `items`; returns the changes that led here, deletions
   * first per object.
   */
  replace(items: Iterable<T>, namespace?: string): Change<T>[];
  set(object: T): Change<T>[];
  delete(object: T): Change<T>[];
}

/** Drops `managedFields`, which are half of an object's bytes and nobody's business here. */
export function dropManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

export function createStore<T extends KubeObject>(
  indexes: Record<string, IndexFunction<T>> = {},
  transform: (object: T) => T = (object) => object,
): WritableStore<T> {
  const objects = new Map<string, T>();
  const lookups = new Map<string, { values: IndexFunction<T>; keys: Map<string, Set<string>> }>();

  const index = (key: string, object: T, present: boolean) => {
    for (const { values, keys } of lookups.values()) {
      for (const value of values(object)) {
        const set = keys.get(value) ?? new Set();
        if (present) keys.set(value, set.add(key));
        else if (set.delete(key) && set.size === 0) keys.delete(value);
      }
    }
  };
  const put = (key: string, object: T) => {
    const old = objects.get(key);
    if (old) index(key, old, false);
    objects.set(key, object);
    index(key, object, true);
  };
  const remove = (key: string): Change<T>[] => {
    const old = objects.get(key);
    if (!old) return [];
    index(key, old, false);
    objects.delete(key);
    return [{ type: 'delete', object: old }];
  };
  const set = (raw: T): Change<T>[] => {
    const object = deepFreeze(transform(dropManagedFields(raw)));
    const key = keyString(object.metadata);
    const old = objects.get(key);
    if (old?.metadata.uid === object.metadata.uid && old?.metadata.resourceVersion === object.metadata.resourceVersion && old)
      return [];
    // The same name with another uid is another object: whoever watches must see the first one go.
    const gone = old && old.metadata.uid !== object.metadata.uid ? remove(key) : [];
    put(key, object);
    return old && gone.length === 0 ? [{ type: 'update', object, old }] : [...gone, { type: 'add', object }];
  };

  const store: WritableStore<T> = {
    get: (key) => objects.get(keyString(key)),
    list: () => [...objects.values()],
    byIndex(name, value) {
      const lookup = lookups.get(name);
      if (!lookup) throw new Error(`cannot look up index ${name}: not one of ${[...lookups.keys()].join(', ') || '(none)'}`);
      return [...(lookup.keys.get(value) ?? [])].flatMap((key) => objects.get(key) ?? []);
    },
    get size() {
      return objects.size;
    },
    addIndex(name, values) {
      const known = lookups.get(name);
      if (known && known.values !== values)
        throw new Error(`cannot add index ${name}: the store already has another of that name`);
      if (known) return;
      const lookup = { values, keys: new Map<string, Set<string>>() };
      lookups.set(name, lookup);
      for (const [key, object] of objects)
        for (const value of values(object)) lookup.keys.set(value, (lookup.keys.get(value) ?? new Set()).add(key));
    },
    replace(items, namespace) {
      const changes: Change<T>[] = [];
      const seen = new Set<string>();
      for (const item of items) {
        seen.add(keyString(item.metadata));
        changes.push(...set(item));
      }
      for (const [key, { metadata }] of objects)
        if (!seen.has(key) && (namespace === undefined || metadata.namespace === namespace)) changes.push(...remove(key));
      return changes;
    },
    set,
    delete(object) {
      const key = keyString(object.metadata);
      const held = objects.get(key);
      // A late deletion of an object that was recreated since must not remove its successor.
      if (held && object.metadata.uid !== undefined && held.metadata.uid !== object.metadata.uid) return [];
      return remove(key);
    },
  };
  for (const [name, values] of Object.entries(indexes)) store.addIndex(name, values);
  return store;
}
