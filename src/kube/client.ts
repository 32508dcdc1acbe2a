/** The client of a real API server: verbs to requests, raw JSON in and out, lists in pages, no status through the main resource. */
import type { Clock, Random } from '../clock.ts';
import { type AccessOptions, createAccess } from './auth.ts';
import { pods } from './core.ts';
import { ApiError } from './errors.ts';
import { logLines, longestLog } from './logs.ts';
import type { KubeMetrics } from './metrics.ts';
import { createTransport, type HttpRequest } from './transport.ts';
import {
  type Applied,
  type ApplyOptions,
  apiVersionOf,
  type KubeClient,
  type KubeObject,
  keyString,
  type List,
  type ListOptions,
  type Log,
  type ObjectKey,
  type PodLogs,
  type ResourceType,
  silentLog,
} from './types.ts';
import { watchEvents } from './watch.ts';

export interface KubeClientOptions extends AccessOptions {
  clock: Clock;
  random: Random;
  log?: Log;
  metrics?: KubeMetrics;
  userAgent?: string;
  timeoutMs?: number;
  retries?: number;
  connections?: number;
  /** Silence after which a watch counts as dead; bookmarks come every minute. */
  watchIdleMs?: number;
}

export interface RealKubeClient extends KubeClient, PodLogs {
  /** Namespace of the kubeconfig's context or of the pod; undefined when neither says one. */
  readonly namespace: string | undefined;
  /** The answer of any path of the server, such as `/apis`, as JSON. */
  ask(path: string, signal?: AbortSignal): Promise<unknown>;
  /** `/version` of the server: the cheapest question that needs an answer. */
  version(signal?: AbortSignal): Promise<{ major: string; minor: string; gitVersion: string }>;
  /** Ends every connection; watches end with an error. */
  close(): Promise<void>;
}

const pageSize = 500;

export function createKubeClient(options: KubeClientOptions): RealKubeClient {
  const { clock, random, log = silentLog } = options;
  const access = createAccess(options, clock);
  const transport = createTransport({ ...options, access, clock, random, log });

  async function page<T extends KubeObject>(type: ResourceType<T>, list: ListOptions): Promise<List<T>> {
    const body = (await transport.call({
      what: `list ${whatOf(type, list)}`,
      method: 'GET',
      path: pathOf(type, list),
      query: { ...selectionOf(list), limit: String(list.limit ?? pageSize), continue: list.continue },
      repeatable: true,
      signal: list.signal,
    })) as { metadata: { resourceVersion?: string; continue?: string }; items: T[] | null };
    // Items of a list come without the two fields that say what they are.
    const items = (body.items ?? []).map((item) => ({ ...item, ...identityOf(type) }));
    const next = body.metadata.continue;
    return { items, resourceVersion: body.metadata.resourceVersion ?? '', ...(next ? { continue: next } : {}) };
  }

  async function apply<T extends KubeObject>(
    type: ResourceType<T>,
    object: Applied<T>,
    how: ApplyOptions,
    status: boolean,
  ): Promise<T> {
    const key = keyOfApplied(object);
    const { uid, resourceVersion } = object.metadata;
    // The API server would create a missing object in spite of its resourceVersion; only a uid prevents that.
    if (!status && resourceVersion !== undefined && uid === undefined)
      throw new Error(`cannot apply ${whatOf(type, key)} with a resourceVersion but no uid: a deleted object would come back`);
    return (await write({
      what: `apply ${status ? 'status of ' : ''}${whatOf(type, key)}`,
      method: 'PATCH',
      path: pathOf(type, key, key.name) + (status ? '/status' : ''),
      query: { fieldManager: how.fieldManager, force: how.force ? 'true' : undefined, ...dryRunOf(how) },
      body: Object.assign({}, object, identityOf(type)),
      contentType: 'application/apply-patch+yaml',
      repeatable: object.metadata.resourceVersion === undefined,
      signal: how.signal,
    })) as T;
  }

  /** A wrong uid is a conflict to everyone but the API server, which calls it an invalid change of an immutable field. */
  async function write(request: HttpRequest): Promise<unknown> {
    try {
      return await transport.call(request);
    } catch (error) {
      if (!(error instanceof ApiError && error.isInvalid && error.details?.causes?.[0]?.field === 'metadata.uid')) throw error;
      throw new ApiError(request.what, 409, {
        reason: 'Conflict',
        message: 'another object has this name now',
        details: error.details,
      });
    }
  }

  const client: RealKubeClient = {
    async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, how: { signal?: AbortSignal } = {}) {
      try {
        return (await transport.call({
          what: `get ${whatOf(type, key)}`,
          method: 'GET',
          path: pathOf(type, key, key.name),
          repeatable: true,
          signal: how.signal,
        })) as T;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    async list<T extends KubeObject>(type: ResourceType<T>, how: ListOptions = {}) {
      if (how.limit !== undefined) return page(type, how);
      for (let round = 0; ; round++) {
        try {
          let part = await page(type, how);
          const items = part.items;
          while (part.continue !== undefined) {
            part = await page(type, { ...how, continue: part.continue });
            items.push(...part.items);
          }
          return { items, resourceVersion: part.resourceVersion };
        } catch (error) {
          // The pages' snapshot was compacted away while reading: begin again.
          if (!(error instanceof ApiError && error.isExpired && round < 3)) throw error;
        }
      }
    },

    watch(type, how) {
      // Different lengths keep many watches from ending in the same second.
      const seconds = Math.round(300 + 300 * random.next());
      const request: HttpRequest & { signal: AbortSignal } = {
        what: `watch ${whatOf(type, how)}`,
        method: 'GET',
        path: pathOf(type, how),
        query: {
          ...selectionOf(how),
          watch: 'true',
          resourceVersion: how.resourceVersion,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(seconds),
        },
        repeatable: true,
        signal: how.signal,
      };
      return watchEvents(transport, request, clock, options.watchIdleMs);
    },

    async create<T extends KubeObject>(type: ResourceType<T>, object: object & { metadata: ObjectKey }, how: CreateOptions = {}) {
      return (await transport.call({
        what: `create ${whatOf(type, object.metadata)}`,
        method: 'POST',
        path: pathOf(type, object.metadata),
        query: { fieldManager: how.fieldManager, ...dryRunOf(how) },
        body: { ...object, ...identityOf(type) },
        repeatable: false,
        signal: how.signal,
      })) as T;
    },

    apply: (type, object, how) => apply(type, object, how, false),
    applyStatus: (type, object, how) => apply(type, object, how, true),

    async patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: object, how: PatchHow) {
      return (await write({
        what: `patch ${whatOf(type, key)}`,
        method: 'PATCH',
        path: pathOf(type, key, key.name) + (how.subresource ? `/${how.subresource}` : ''),
        query: { fieldManager: how.fieldManager, ...dryRunOf(how) },
        body: patch,
        contentType: how.contentType === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json',
        repeatable: false,
        signal: how.signal,
      })) as T;
    },

    async delete(type, key, how) {
      const { uid, propagationPolicy, gracePeriodSeconds } = how;
      try {
        await transport.call({
          what: `delete ${whatOf(type, key)}`,
          method: 'DELETE',
          path: pathOf(type, key, key.name),
          body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid }, propagationPolicy, gracePeriodSeconds },
          repeatable: true,
          signal: how.signal,
        });
        return 'deleted';
      } catch (error) {
        if (isMissing(error)) return 'gone';
        if (!(error instanceof ApiError && error.isConflict)) throw error;
        // A 409 has more than one meaning; only another uid under this name means that ours is gone.
        const found = await client.get(type, key, how.signal ? { signal: how.signal } : {});
        if (found?.metadata.uid !== uid) return 'gone';
        throw error;
      }
    },

    async *logs(pod, { container, follow = false, tailLines }, signal) {
      const chunks = await transport.stream({
        what: `read the log of ${container} in ${whatOf(pods, pod)}`,
        method: 'GET',
        path: `${pathOf(pods, pod, pod.name)}/log`,
        query: {
          container,
          follow: follow ? 'true' : undefined,
          tailLines: tailLines === undefined ? undefined : String(tailLines),
          limitBytes: follow ? undefined : String(longestLog),
        },
        repeatable: true,
        signal,
      });
      yield* logLines(chunks);
    },

    namespace: access.namespace,

    ask: (path, signal) => transport.call({ what: `ask for ${path}`, method: 'GET', path, repeatable: true, signal }),

    version: async (signal) =>
      (await transport.call({ what: 'ask for the version', method: 'GET', path: '/version', repeatable: true, signal })) as {
        major: string;
        minor: string;
        gitVersion: string;
      },

    close: () => transport.close(),
  };
  return client;
}

type CreateOptions = { dryRun?: boolean; fieldManager?: string; signal?: AbortSignal };
type PatchHow = CreateOptions & { contentType: 'merge' | 'json'; subresource?: 'status' };

function identityOf(type: ResourceType<KubeObject>): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(type), kind: type.kind };
}

function keyOfApplied(object: { metadata: { name: string; namespace?: string | undefined } }): ObjectKey {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function pathOf(type: ResourceType<KubeObject>, where: { namespace?: string }, name?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (type.namespaced && name !== undefined && where.namespace === undefined)
    throw new Error(`cannot address ${type.plural} ${name}: the kind is namespaced and no namespace was given`);
  const namespace = type.namespaced && where.namespace !== undefined ? `/namespaces/${encodeURIComponent(where.namespace)}` : '';
  return `${root}${namespace}/${type.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

function whatOf(type: ResourceType<KubeObject>, key: { namespace?: string; name?: string }): string {
  return key.name === undefined ? type.plural : `${type.plural} ${keyString({ ...key, name: key.name })}`;
}

function selectionOf(how: { labelSelector?: string; fieldSelector?: string }): Record<string, string | undefined> {
  return { labelSelector: how.labelSelector, fieldSelector: how.fieldSelector };
}

function dryRunOf(how: { dryRun?: boolean }): Record<string, string | undefined> {
  return { dryRun: how.dryRun ? 'All' : undefined };
}

/** 404 of an object; a 404 without its name means that the kind itself is not served, which is an error. */
function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.isNotFound && error.reason === 'NotFound' && error.details?.name !== undefined;
}
