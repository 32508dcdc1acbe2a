/** The words of the engine: objects as raw JSON, resource types, the client's verbs and what each of them guarantees. */

import type { LogOptions } from './logs.ts';

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** `metadata` as the API server sends it: timestamps are RFC 3339 strings, never `Date`. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** What the engine must know of a kind to speak of it; `_type` exists for inference only and is never set. */
export interface ResourceType<T extends KubeObject> {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  readonly _type?: T;
}

export interface ObjectKey {
  namespace?: string;
  name: string;
}

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** The fields a manager owns, to be applied; `apiVersion` and `kind` are filled in from the resource type. */
export type Applied<T extends KubeObject> = DeepPartial<Omit<T, 'metadata'>> & {
  metadata: Partial<ObjectMeta> & { name: string };
};

/** A new object; `apiVersion` and `kind` are filled in from the resource type. */
export type Fresh<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind'> & { apiVersion?: string; kind?: string };

export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; resourceVersion: string };

export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ListOptions extends Selection {
  /** One page of at most this many objects; without it the client reads all pages. */
  limit?: number;
  /** The `continue` of the page before. */
  continue?: string;
  signal?: AbortSignal;
}

export interface List<T extends KubeObject> {
  items: T[];
  resourceVersion: string;
  /** Set only when a `limit` was given and there is more. */
  continue?: string;
}

export interface WatchOptions extends Selection {
  /** Events after this version; from a list or a bookmark. */
  resourceVersion: string;
  signal: AbortSignal;
}

export interface WriteOptions {
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  fieldManager: string;
  /** Take over fields that another manager owns instead of a 409. */
  force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  contentType: 'merge' | 'json';
  subresource?: 'status';
  fieldManager?: string;
}

export interface DeleteOptions {
  /** Always required: nothing is ever deleted by its name alone. */
  uid: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
  signal?: AbortSignal;
}

export interface JsonPatchOperation {
  op: 'test' | 'add' | 'replace' | 'remove';
  path: string;
  value?: unknown;
}

/**
 * The verbs, over raw JSON. Each may throw `ApiError` (the API server's answer) or `ConnectionError` (no answer).
 *
 * A `ConnectionError` with `sent: true` means that the outcome of a write is unknown. No verb hides that: a reconcile that
 * fails so is run again by the back-off, reads what is there and goes on from it. What makes this safe, per verb:
 * - `create`: never sent twice by the client. If the lost one was stored, the next run gets AlreadyExists or sees the object.
 * - `apply`, `applyStatus`: idempotent, so the client itself repeats them; with `metadata.resourceVersion` set they are a
 *   compare-and-set, are not repeated, and a lost success shows as a newer object (or a 409) to the next run. With
 *   `metadata.uid` set they never create: if that object is gone or another has its name, a 409. `apply` insists on the uid
 *   beside a resourceVersion, because the API server creates a missing object in spite of the latter. `applyStatus` of a
 *   missing object is a 404.
 * - `patch`: never sent twice by the client; callers carry a precondition (`test` operation, uid or resourceVersion).
 * - `delete`: repeated by the client, since the uid precondition makes it hit one object only; a lost success shows as 'gone'.
 */
export interface KubeClient {
  /** Undefined when the object does not exist; a kind that is not served is an error. A quorum read, never from a cache. */
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: { signal?: AbortSignal }): Promise<T | undefined>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<List<T>>;
  /** Ends normally when the server closes it, throws on everything else; 410 arrives as an `ApiError` with `isExpired`. */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(
    type: ResourceType<T>,
    object: Fresh<T>,
    options?: WriteOptions & { fieldManager?: string },
  ): Promise<T>;
  apply<T extends KubeObject>(type: ResourceType<T>, object: Applied<T>, options: ApplyOptions): Promise<T>;
  applyStatus<T extends KubeObject>(type: ResourceType<T>, object: Applied<T>, options: ApplyOptions): Promise<T>;
  /** 'merge' bodies may carry `metadata.resourceVersion` or `metadata.uid` as preconditions (409 when they differ). */
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: object | JsonPatchOperation[],
    options: PatchOptions,
  ): Promise<T>;
  /** 'gone': no object of that name and uid is there. 'deleted': it is deleted or, with finalizers, marked for deletion. */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: DeleteOptions): Promise<'deleted' | 'gone'>;
}

/** Apart from the verbs, because it speaks in lines and not in objects. Throws an `ApiError` when the container has no log (yet). */
export interface PodLogs {
  logs(pod: ObjectKey, options: LogOptions, signal: AbortSignal): AsyncIterable<string>;
}

/** The part of a pino logger that the engine uses. */
export interface Log {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function apiVersionOf(type: { group: string; version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

export function keyOf(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** `namespace/name`, or `name` for an object without a namespace: map keys, logs and queue keys. */
export function keyString(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
