/** An API server in memory behind the `KubeClient` interface, deterministic and without a network: what tests and simulations run against. */
import { timestamp } from '../../src/clock.ts';
import { pods } from '../../src/kube/core.ts';
import {
  apiVersionOf,
  type KubeClient,
  type KubeObject,
  keyString,
  type ObjectKey,
  type ResourceType,
  type WatchEvent,
} from '../../src/kube/types.ts';
import { applyOwned, copy, type JsonObject, type Ownership, takeOwnership } from './memory-apply.ts';
import { type StoredEvent, selects } from './memory-history.ts';
import { jsonPatch, mergePatch } from './memory-patch.ts';
import {
  asJson,
  byKey,
  conflict,
  createTables,
  fromJson,
  identityOf,
  notFound,
  refuse,
  type TablesOptions,
  type Type,
} from './memory-tables.ts';

export type { StoredEvent } from './memory-history.ts';
export type MemoryApiOptions = TablesOptions;

/** One request, as an interceptor sees it. */
export interface Call {
  verb: 'get' | 'list' | 'watch' | 'create' | 'apply' | 'applyStatus' | 'patch' | 'delete';
  type: Type;
  key?: ObjectKey;
  body?: unknown;
  /** Name of the client that asks. */
  client: string;
}

/** Wraps every request: throw before `proceed` (it never arrived), after it (the reply was lost), or sleep to be slow. */
export type Interceptor = (call: Call, proceed: () => Promise<unknown>) => Promise<unknown>;

export interface MemoryApi {
  /** `lag` is awaited before each event that a watch of this client delivers: its view is so much behind, in order. */
  client(options?: { name?: string; intercept?: Interceptor; lag?: (signal: AbortSignal) => Promise<void> }): KubeClient;
  /** Stores an object as it is, status included, creating or replacing it. */
  put<T extends KubeObject>(type: ResourceType<T>, object: Omit<T, 'apiVersion' | 'kind'>): T;
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined;
  all<T extends KubeObject>(type: ResourceType<T>): T[];
  /** Called in the middle of each write, after it was stored; the last number of an object's life is its deletion. */
  observe(listener: (event: StoredEvent) => void): () => void;
  /** Forgets the history: watches from older versions answer 410, as do the pages of older lists. */
  compact(): void;
  /** Ends all watches, normally or with an error. */
  breakWatches(error?: Error): void;
  /** Sends a bookmark to every watch. */
  bookmark(): void;
  /** The kubelet is done with a deleted pod. */
  finishPod(key: ObjectKey): void;
  readonly resourceVersion: number;
}

export function createMemoryApi(options: MemoryApiOptions): MemoryApi {
  const { clock, random } = options;
  const { history, tableOf, ownerships, ownershipOf, commit, insert, update, remove } = createTables(options);

  const pass: Interceptor = (_, proceed) => proceed();

  function clientOf(name: string, intercept: Interceptor, lag: ((signal: AbortSignal) => Promise<void>) | undefined): KubeClient {
    const ask = async <R>(call: Omit<Call, 'client'>, signal: AbortSignal | undefined, answer: () => R): Promise<R> => {
      signal?.throwIfAborted();
      const reply = await intercept({ ...call, client: name }, async () => answer());
      return reply as R;
    };
    const apply = (type: Type, object: unknown, part: 'main' | 'status', how: ApplyHow): KubeObject => {
      const wanted = object as KubeObject;
      const { uid, resourceVersion } = wanted.metadata;
      const what = `apply ${part === 'status' ? 'status of ' : ''}${type.plural} ${keyString(wanted.metadata)}`;
      if (part === 'main' && resourceVersion !== undefined && uid === undefined)
        throw new Error(`cannot ${what} with a resourceVersion but no uid: a deleted object would come back`);
      const old = tableOf(type).get(keyString(wanted.metadata));
      if (!old && part === 'status') throw notFound(what, type, wanted.metadata);
      if (!old && uid !== undefined) throw conflict(what, 'uid mismatch: no existing object was found');
      const manager = `${how.fieldManager}/${part}`;
      if (!old) return insert(what, type, wanted, how.dryRun ?? false, manager);
      if (uid !== undefined && uid !== old.metadata.uid) throw conflict(what, 'another object has this name now');
      if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
        throw conflict(what, 'the object has been modified');
      const ownership = ownershipOf(old);
      const draft: Ownership = new Map([...ownership].map(([who, paths]) => [who, new Set(paths)]));
      const outcome = applyOwned(asJson(old), asJson(wanted), part, manager, draft, how.force ?? false);
      if ('conflicts' in outcome) {
        const fields = outcome.conflicts.map((each) => `conflict with "${each.manager}": ${each.path}`).join('; ');
        throw conflict(what, `Apply failed with ${outcome.conflicts.length} conflicts: ${fields}`);
      }
      const result = update(
        what,
        type,
        old,
        fromJson(outcome.result, { ...(outcome.result['metadata'] as object), ...identityOf(old) }),
        part,
        how.dryRun ?? false,
      );
      if (!how.dryRun && ownerships.has(old.metadata.uid ?? '')) ownerships.set(old.metadata.uid ?? '', draft);
      return result;
    };
    return {
      get: <T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, how: { signal?: AbortSignal } = {}) =>
        ask({ verb: 'get', type, key }, how.signal, () => tableOf(type).get(keyString(key)) as T | undefined),

      list: <T extends KubeObject>(type: ResourceType<T>, how: ListHow = {}) =>
        ask({ verb: 'list', type }, how.signal, () => {
          const found = [...tableOf(type).values()].filter((object) => selects(how, object)).toSorted(byKey) as T[];
          return history.page(found, how.limit, how.continue);
        }),

      watch<T extends KubeObject>(type: ResourceType<T>, how: WatchHow): AsyncIterable<WatchEvent<T>> {
        const open = () => ask({ verb: 'watch', type }, how.signal, () => undefined);
        return history.watch<T>(type, how, open, lag);
      },

      create: <T extends KubeObject>(type: ResourceType<T>, object: { metadata: ObjectKey }, how: CreateHow = {}) =>
        ask({ verb: 'create', type, key: object.metadata, body: object }, how.signal, () => {
          const what = `create ${type.plural} ${keyString(object.metadata)}`;
          return insert(what, type, object as KubeObject, how.dryRun ?? false, `${how.fieldManager ?? name}/update`) as T;
        }),

      apply: <T extends KubeObject>(type: ResourceType<T>, object: { metadata: ObjectKey }, how: ApplyHow) =>
        ask({ verb: 'apply', type, key: object.metadata, body: object }, how.signal, () => apply(type, object, 'main', how) as T),

      applyStatus: <T extends KubeObject>(type: ResourceType<T>, object: { metadata: ObjectKey }, how: ApplyHow) =>
        ask(
          { verb: 'applyStatus', type, key: object.metadata, body: object },
          how.signal,
          () => apply(type, object, 'status', how) as T,
        ),

      patch: <T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: object, how: PatchHow) =>
        ask({ verb: 'patch', type, key, body: patch }, how.signal, () => {
          const what = `patch ${type.plural} ${keyString(key)}`;
          const old = tableOf(type).get(keyString(key));
          if (!old) throw notFound(what, type, key);
          let wanted: JsonObject;
          try {
            wanted = Array.isArray(patch)
              ? jsonPatch(asJson(old), patch)
              : (mergePatch(asJson(old), asJson(patch)) as JsonObject);
          } catch (cause) {
            throw refuse(what, 422, { reason: 'Invalid', message: (cause as Error).message });
          }
          const next = update(what, type, old, wanted as JsonObject & KubeObject, how.subresource ?? 'main', how.dryRun ?? false);
          if (!how.dryRun && ownerships.has(old.metadata.uid ?? ''))
            takeOwnership(asJson(old), asJson(next), `${how.fieldManager ?? name}/update`, ownershipOf(old));
          return next as T;
        }),

      delete: (type, key, how) =>
        ask({ verb: 'delete', type, key, body: how }, how.signal, () => {
          const object = tableOf(type).get(keyString(key));
          if (!object || object.metadata.uid !== how.uid) return 'gone' as const;
          remove(type, object, how.propagationPolicy, how.gracePeriodSeconds);
          return 'deleted' as const;
        }),
    };
  }

  return {
    client: ({ name = 'client', intercept = pass, lag } = {}) => clientOf(name, intercept, lag),
    put<T extends KubeObject>(type: ResourceType<T>, object: Omit<T, 'apiVersion' | 'kind'>) {
      const raw = copy(object) as Omit<KubeObject, 'apiVersion' | 'kind'>;
      const old = tableOf(type).get(keyString(raw.metadata));
      const identity = old ? identityOf(old) : { uid: random.uuid(), creationTimestamp: timestamp(clock.now()), generation: 1 };
      const whole: KubeObject = {
        ...raw,
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata: { ...identity, ...raw.metadata },
      };
      return copy(commit(type, whole, old, old ? 'MODIFIED' : 'ADDED')) as T;
    },
    get: <T extends KubeObject>(type: ResourceType<T>, key: ObjectKey) =>
      copy(tableOf(type).get(keyString(key))) as T | undefined,
    all: <T extends KubeObject>(type: ResourceType<T>) => copy([...tableOf(type).values()].toSorted(byKey)) as T[],
    observe: (listener) => history.observe(listener),
    compact: () => history.compact(),
    breakWatches: (error) => history.breakWatches(error),
    bookmark: () => history.bookmark(),
    finishPod(key) {
      const pod = tableOf(pods).get(keyString(key));
      const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod?.metadata ?? {};
      if (pod === undefined || deletionTimestamp === undefined) return;
      const told = timestamp(Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000);
      const done = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: told, deletionGracePeriodSeconds: 0 } };
      commit(pods, done, pod, (pod.metadata.finalizers ?? []).length === 0 ? 'DELETED' : 'MODIFIED');
    },
    get resourceVersion() {
      return history.version;
    },
  };
}

type ListHow = {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  signal?: AbortSignal;
};
type WatchHow = ListHow & { resourceVersion: string; signal: AbortSignal };
type CreateHow = { dryRun?: boolean; fieldManager?: string; signal?: AbortSignal };
type ApplyHow = { fieldManager: string; force?: boolean; dryRun?: boolean; signal?: AbortSignal };
type PatchHow = CreateHow & { contentType: 'merge' | 'json'; subresource?: 'status' };
