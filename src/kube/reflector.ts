/** Keeps a store equal to the API server: list in pages, watch, and begin again after whatever goes wrong, for ever. */
import type { Clock, Random } from '../clock.ts';
import { ApiError, ConnectionError, messageOf, SilenceError } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import { type Change, dropManagedFields, type WritableStore } from './store.ts';
import type { KubeClient, KubeObject, Log, ResourceType, Selection } from './types.ts';

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  type: ResourceType<T>;
  selection: Selection;
  store: WritableStore<T>;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  /** Called after the store changed, in order; must not throw. */
  onChange(change: Change<T>): void;
  /** The store equals a list, in the namespace of the selection when it has one: after the first and after every further one. */
  onSynced(): void;
  /** A list, an event or a bookmark arrived. */
  onContact(): void;
}

const pageSize = 500;
const firstBackoffMs = 200;
const longestBackoffMs = 30_000;
/** A refused connection costs the server nothing, and whoever waits for it wants to be back within a second. */
const longestUnreachableMs = 1000;
/** A watch that lived this long was a good one: what comes after it is a first failure again. */
const healthyMs = 10_000;
/** A list now and then mends what no watch would show, such as a database restored from a backup. */
const relistMs = 60 * 60_000;
/** Watching from the same version fails again and again: perhaps the version itself is the reason. */
const failuresToRelist = 5;

/** Resolves only when the signal is aborted. Nothing that the API server does or fails to do makes it reject. */
export async function reflect<T extends KubeObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const { client, type, selection, store, clock, random, log, metrics } = options;
  const name = type.plural;
  /** Undefined: the store may have missed something and must be listed again. */
  let version: string | undefined;
  let failures = 0;
  let last: string | undefined;
  let listedAt = clock.now();

  const note = (changes: Change<T>[]) => {
    for (const change of changes) options.onChange(change);
    metrics?.objects.set({ name }, store.size);
  };
  const contact = () => {
    options.onContact();
    metrics?.lastContact.set({ name }, clock.now() / 1000);
  };

  async function list(): Promise<void> {
    const items: T[] = [];
    let next: string | undefined;
    do {
      metrics?.lists.inc({ name });
      const page = await client.list(type, { ...selection, limit: pageSize, signal, ...(next ? { continue: next } : {}) });
      items.push(...page.items.map(dropManagedFields));
      version = next = undefined;
      if (page.continue === undefined) version = page.resourceVersion;
      else next = page.continue;
      contact();
    } while (next !== undefined);
    listedAt = clock.now();
    note(store.replace(items, selection.namespace));
    options.onSynced();
  }

  async function watch(from: string): Promise<void> {
    metrics?.watches.inc({ name });
    for await (const event of client.watch(type, { ...selection, resourceVersion: from, signal })) {
      contact();
      if (event.type === 'BOOKMARK') {
        const wentBack = Number(event.resourceVersion) < Number(version);
        version = wentBack ? undefined : event.resourceVersion;
        if (wentBack) return;
      } else {
        note(event.type === 'DELETED' ? store.delete(event.object) : store.set(event.object));
        version = event.object.metadata.resourceVersion;
      }
    }
  }

  while (!signal.aborted) {
    const started = clock.now();
    let failure: unknown;
    try {
      if (version === undefined) await list();
      if (version !== undefined) await watch(version);
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    const lived = clock.now() - started;
    // A watch that the server closed after its time is how watches end; it goes on from the last version at once.
    if (failure === undefined && lived >= 1000) {
      failures = 0;
      if (clock.now() - listedAt > relistMs) version = undefined;
      continue;
    }
    const reason = reasonOf(failure);
    metrics?.reflectorFailures.inc({ name, reason });
    // A server that was not there and now refuses is starting: that is a first failure, not the last of many.
    if (lived >= healthyMs || (last === 'unreachable' && reason !== last)) failures = 0;
    last = reason;
    failures++;
    // After 410 the version is of no use. A server that broke the watch, or is starting, may be back with an older copy of its data, and a
    // watch from a version of its future sees nothing until the server has counted that far again. Otherwise events are only late, not lost.
    const expired = failure instanceof ApiError && failure.isExpired;
    const broken = failure instanceof ConnectionError && !(failure instanceof SilenceError);
    const away = broken || (failure instanceof ApiError && failure.status >= 500);
    const doubtful = away || failures % failuresToRelist === 0;
    if (expired || doubtful) version = undefined;
    const longest = reason === 'unreachable' ? longestUnreachableMs : longestBackoffMs;
    const backoff = Math.min(longest, firstBackoffMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + 0.5 * random.next());
    const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) * (1 + 0.1 * random.next()) : 0;
    const ms = expired && failures === 1 ? 0 : Math.max(backoff, asked);
    const data = {
      resource: name,
      ms: Math.round(ms),
      failures,
      reason,
      error: failure === undefined ? undefined : messageOf(failure),
    };
    if (failures >= 3) log.warn(data, 'watch is interrupted and tried again');
    else log.debug(data, 'watch is interrupted and tried again');
    await clock.sleep(ms, signal).catch(() => undefined);
  }
}

/** A bounded set of words for the metric's label. */
function reasonOf(failure: unknown): string {
  if (failure === undefined) return 'closed';
  if (failure instanceof ApiError) return String(failure.status);
  if (failure instanceof ConnectionError) return failure.sent ? 'connection' : 'unreachable';
  return 'other';
}
