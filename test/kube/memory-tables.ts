/** The objects of the API server in memory, and what storing, changing and deleting one means. */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Random, timestamp } from '../../src/clock.ts';
import type { Pod } from '../../src/kube/core.ts';
import { ApiError, type StatusBody } from '../../src/kube/errors.ts';
import { deepFreeze } from '../../src/kube/store.ts';
import { apiVersionOf, type KubeObject, keyString, type ObjectKey, type ResourceType } from '../../src/kube/types.ts';
import { copy, type JsonObject, type Ownership, takeOwnership } from './memory-apply.ts';
import { collectGarbage } from './memory-gc.ts';
import { createHistory } from './memory-history.ts';

export type Type = ResourceType<KubeObject>;

export interface TablesOptions {
  clock: Clock;
  random: Random;
  /** Deletes what lost its last owner, and finishes foreground deletions, as the controller manager does. Default false. */
  garbageCollect?: boolean;
  /** Deleted pods that have a node stay until `finishPod`, or a deletion with grace period 0. Default false. */
  gracefulPods?: boolean;
  /** Checks (by throwing) or completes (defaults) what is about to be stored. */
  admit?: (type: Type, object: KubeObject, old: KubeObject | undefined) => KubeObject | void;
  /** Events that can still be watched from. Default 10,000. */
  historyLength?: number;
}

export const refuse = (what: string, status: number, body: StatusBody) => new ApiError(what, status, { ...body, code: status });

const describe = (type: Type, key: ObjectKey) => ({ name: key.name, group: type.group, kind: type.plural });

export const notFound = (what: string, type: Type, key: ObjectKey) =>
  refuse(what, 404, { reason: 'NotFound', message: `${type.plural} "${key.name}" not found`, details: describe(type, key) });

export const conflict = (what: string, message: string) => refuse(what, 409, { reason: 'Conflict', message });

export type Tables = ReturnType<typeof createTables>;

export function createTables(options: TablesOptions) {
  const { clock, random } = options;
  const objects = new Map<string, Map<string, KubeObject>>();
  const types = new Map<string, Type>();
  const ownerships = new Map<string, Ownership>();
  const history = createHistory(options.historyLength ?? 10_000);
  let collecting = false;

  const idOf = (type: Type) => `${type.group}/${type.plural}`;
  const tableOf = (type: Type) => {
    types.set(idOf(type), type);
    const table = objects.get(idOf(type)) ?? new Map<string, KubeObject>();
    objects.set(idOf(type), table);
    return table;
  };
  const ownershipOf = (object: KubeObject): Ownership => {
    const uid = object.metadata.uid ?? '';
    const ownership: Ownership = ownerships.get(uid) ?? new Map();
    ownerships.set(uid, ownership);
    return ownership;
  };
  /** Stores one state of an object, or its end, and tells everyone. */
  function commit(
    type: Type,
    object: KubeObject,
    old: KubeObject | undefined,
    change: 'ADDED' | 'MODIFIED' | 'DELETED',
  ): KubeObject {
    const version = history.nextVersion();
    const stored: KubeObject = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    const table = tableOf(type);
    if (change === 'DELETED') {
      table.delete(keyString(stored.metadata));
      ownerships.delete(stored.metadata.uid ?? '');
    } else table.set(keyString(stored.metadata), stored);
    history.append({ version, type, change, object: stored, old });
    if (options.garbageCollect && (change === 'DELETED' || stored.metadata.deletionTimestamp) && !collecting) {
      collecting = true;
      queueMicrotask(() => {
        collecting = false;
        collectGarbage(tables);
      });
    }
    return stored;
  }

  function insert(what: string, type: Type, raw: KubeObject, dryRun: boolean, manager: string): KubeObject {
    const { namespace, name } = raw.metadata;
    if (type.namespaced && namespace === undefined)
      throw refuse(what, 400, { reason: 'BadRequest', message: 'a namespace is required' });
    if (tableOf(type).has(keyString(raw.metadata)))
      throw refuse(what, 409, {
        reason: 'AlreadyExists',
        message: `${type.plural} "${name}" already exists`,
        details: describe(type, raw.metadata),
      });
    const { status: _, ...rest } = copy(raw) as KubeObject & { status?: unknown };
    const fresh: KubeObject = {
      ...rest,
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { ...rest.metadata, uid: random.uuid(), generation: 1, creationTimestamp: timestamp(clock.now()) },
    };
    delete fresh.metadata.resourceVersion;
    delete fresh.metadata.deletionTimestamp;
    const admitted = options.admit?.(type, fresh, undefined) ?? fresh;
    if (dryRun) return admitted;
    takeOwnership({}, asJson(fresh), manager, ownershipOf(fresh));
    return commit(type, admitted, undefined, 'ADDED');
  }

  /** What an update may change and what it means: preconditions, subresource, generation, finalizers, no write when nothing changed. */
  function update(
    what: string,
    type: Type,
    old: KubeObject,
    wanted: KubeObject,
    part: 'main' | 'status',
    dryRun: boolean,
  ): KubeObject {
    const { uid, resourceVersion } = wanted.metadata;
    if (uid !== old.metadata.uid) throw conflict(what, 'another object has this name now');
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(what, 'the object has been modified');
    const [before, after] = [asJson(old), asJson(wanted)];
    const next: JsonObject = part === 'status' ? { ...before } : { ...after };
    if (part === 'status' && after['status'] !== undefined) next['status'] = after['status'];
    if (part === 'main') {
      delete next['status'];
      if (before['status'] !== undefined) next['status'] = before['status'];
    }
    const { name, namespace, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = old.metadata;
    const kept = { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds };
    const metadata = { ...(part === 'status' ? old.metadata : wanted.metadata), ...defined(kept), generation: generation ?? 1 };
    const added = metadata.finalizers?.filter((finalizer) => !old.metadata.finalizers?.includes(finalizer)) ?? [];
    if (deletionTimestamp !== undefined && added.length > 0)
      throw refuse(what, 422, {
        reason: 'Invalid',
        message: `no new finalizers can be added if the object is being deleted: ${added.join(', ')}`,
      });
    let result = fromJson({ ...next, apiVersion: before['apiVersion'] ?? '', kind: before['kind'] ?? '' }, metadata);
    if (part === 'main' && !isDeepStrictEqual(withoutMetadata(result), withoutMetadata(old))) metadata.generation += 1;
    result = fromJson(asJson(result), metadata);
    result = options.admit?.(type, result, old) ?? result;
    if (dryRun || isDeepStrictEqual(result, old)) return result;
    if (deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0 && !waitsForKubelet(type, result))
      return commit(type, result, old, 'DELETED');
    return commit(type, result, old, 'MODIFIED');
  }

  function waitsForKubelet(type: Type, object: KubeObject): boolean {
    const { spec } = object as KubeObject & { spec?: { nodeName?: string } };
    return Boolean(
      options.gracefulPods && type.kind === 'Pod' && spec?.nodeName && object.metadata.deletionGracePeriodSeconds !== 0,
    );
  }

  /** Only pods that run somewhere are given time. */
  function graceOf(type: Type, object: KubeObject, asked: number | undefined): number {
    if (type.kind !== 'Pod') return 0;
    const { spec, status } = object as Partial<Pod>;
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return over || !spec?.nodeName ? 0 : (asked ?? spec.terminationGracePeriodSeconds ?? 30);
  }

  function remove(type: Type, object: KubeObject, policy: string | undefined, grace: number | undefined): void {
    const held = { Foreground: 'foregroundDeletion', Orphan: 'orphan' }[policy ?? ''];
    const seen = object.metadata.finalizers ?? [];
    const finalizers = held && options.garbageCollect && !seen.includes(held) ? [...seen, held] : seen;
    const { metadata } = object;
    const before = metadata.deletionTimestamp === undefined ? undefined : metadata.deletionGracePeriodSeconds;
    const period = Math.min(graceOf(type, object, grace), before ?? Number.POSITIVE_INFINITY);
    const told = before === undefined ? clock.now() : Date.parse(metadata.deletionTimestamp ?? '') - before * 1000;
    const marked: KubeObject = {
      ...object,
      metadata: {
        ...metadata,
        ...(finalizers.length > 0 ? { finalizers } : {}),
        // The time by which it is to be gone: a shorter grace brings it nearer.
        deletionTimestamp: timestamp(told + period * 1000),
        deletionGracePeriodSeconds: period,
        generation: (metadata.generation ?? 1) + (metadata.deletionTimestamp === undefined ? 1 : 0),
      },
    };
    if (finalizers.length === 0 && !waitsForKubelet(type, marked)) commit(type, marked, object, 'DELETED');
    else if (!isDeepStrictEqual(marked, object)) commit(type, marked, object, 'MODIFIED');
  }

  const tables = {
    history,
    tableOf,
    ownerships,
    ownershipOf,
    commit,
    insert,
    update,
    remove,
    waitsForKubelet,
    everything: () =>
      [...objects].flatMap(([id, table]) => [...table.values()].map((object) => ({ type: types.get(id) as Type, object }))),
  };
  return tables;
}

/** The same object, read as JSON; what is stored is frozen and nothing here changes what it is given. */
export function asJson(object: object): JsonObject {
  return object as JsonObject;
}

export function fromJson(object: JsonObject, metadata: object): KubeObject {
  return { ...object, metadata } as JsonObject & KubeObject;
}

export function identityOf({ metadata }: KubeObject): object {
  const { uid, resourceVersion, generation, creationTimestamp, name, namespace } = metadata;
  return defined({ uid, resourceVersion, generation, creationTimestamp, name, namespace });
}

function withoutMetadata(object: KubeObject): unknown {
  const { metadata: _, status: __, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}

function defined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export function byKey(a: KubeObject, b: KubeObject): number {
  const [left, right] = [keyString(a.metadata), keyString(b.metadata)];
  return left < right ? -1 : left > right ? 1 : 0;
}
