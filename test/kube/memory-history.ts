/** The event log of the API server in memory: versions, watches, pages, and what compaction makes of them. */
import { ApiError } from '../../src/kube/errors.ts';
import type { KubeObject, List, ResourceType, Selection, WatchEvent } from '../../src/kube/types.ts';
import type { JsonObject } from './memory-apply.ts';
import { matchesFields, matchesLabels } from './memory-patch.ts';

export interface StoredEvent {
  version: number;
  type: ResourceType<KubeObject>;
  change: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  old: KubeObject | undefined;
}

interface Watcher {
  give(event: StoredEvent | 'bookmark'): void;
  end(error: Error | undefined): void;
}

export function selects(selection: Selection, object: KubeObject): boolean {
  return (
    (selection.namespace === undefined || selection.namespace === object.metadata.namespace) &&
    matchesLabels(object.metadata.labels, selection.labelSelector) &&
    matchesFields({ ...object } as KubeObject & JsonObject, selection.fieldSelector)
  );
}

export function createHistory(longest: number) {
  // Never 0, which means "any version" to a watch.
  let version = 1;
  /** Events up to here are forgotten. */
  let compacted = 0;
  let events: StoredEvent[] = [];
  const watchers = new Set<Watcher>();
  const listeners = new Set<(event: StoredEvent) => void>();
  const pages = new Map<string, { rest: KubeObject[]; version: number }>();

  const expired = (what: string) =>
    new ApiError(what, 410, { reason: 'Expired', message: 'too old resource version', code: 410 });

  /** What a watch with this selection makes of an event: entering and leaving the selection are ADDED and DELETED. */
  function seenAs<T extends KubeObject>(
    event: StoredEvent,
    type: ResourceType<T>,
    selection: Selection,
  ): WatchEvent<T> | undefined {
    if (event.type.group !== type.group || event.type.plural !== type.plural) return undefined;
    const before = event.old !== undefined && selects(selection, event.old);
    const after = event.change !== 'DELETED' && selects(selection, event.object);
    if (!before && !after) return undefined;
    const change = before && after ? 'MODIFIED' : after ? 'ADDED' : 'DELETED';
    return { type: change, object: event.object as T };
  }

  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    how: Selection & { resourceVersion: string; signal: AbortSignal },
    open: () => Promise<unknown>,
    lag: ((signal: AbortSignal) => Promise<void>) | undefined,
  ): AsyncGenerator<WatchEvent<T>> {
    await open();
    const from = Number(how.resourceVersion) || version;
    if (from < compacted) throw expired(`watch ${type.plural}`);
    const queue: (StoredEvent | 'bookmark')[] = events.filter((event) => event.version > from);
    let ended: { error: Error | undefined } | undefined;
    let wake: () => void = () => {};
    const watcher: Watcher = {
      give(event) {
        // What it would pass over need not wake it.
        if (event !== 'bookmark' && (event.type.group !== type.group || event.type.plural !== type.plural)) return;
        queue.push(event);
        wake();
      },
      end(error) {
        ended = { error };
        wake();
      },
    };
    const abort = () => watcher.end(how.signal.reason as Error);
    watchers.add(watcher);
    how.signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        how.signal.throwIfAborted();
        if (lag && queue.length > 0) await lag(how.signal);
        const next = queue.shift();
        if (next === 'bookmark') yield { type: 'BOOKMARK', resourceVersion: String(version) };
        else if (next) {
          const event = seenAs(next, type, how);
          if (event) yield event;
        } else if (ended) {
          if (ended.error) throw ended.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      watchers.delete(watcher);
      how.signal.removeEventListener('abort', abort);
    }
  }

  return {
    get version() {
      return version;
    },
    nextVersion: () => ++version,
    append(event: StoredEvent): void {
      events.push(event);
      if (events.length > longest) {
        const half = events.length >> 1;
        compacted = events[half - 1]?.version ?? compacted;
        events = events.slice(half);
      }
      for (const watcher of watchers) watcher.give(event);
      for (const listener of listeners) listener(event);
    },
    observe(listener: (event: StoredEvent) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact(): void {
      compacted = version;
      events = [];
      pages.clear();
    },
    breakWatches(error?: Error): void {
      for (const watcher of watchers) watcher.end(error);
    },
    bookmark(): void {
      for (const watcher of watchers) watcher.give('bookmark');
    },
    watch,
    /** A page of a list; the pages after the first come from the same snapshot, kept under its token. */
    page<T extends KubeObject>(found: T[], limit: number | undefined, token: string | undefined): List<T> {
      const snapshot = token === undefined ? { rest: found, version } : pages.get(token);
      if (!snapshot) throw expired('list');
      if (token !== undefined) pages.delete(token);
      const rest = snapshot.rest as T[];
      const items = limit === undefined ? rest : rest.slice(0, limit);
      const list = { items, resourceVersion: String(snapshot.version) };
      if (items.length === rest.length) return list;
      const next = `${snapshot.version}.${pages.size}.${rest.length}`;
      pages.set(next, { rest: rest.slice(items.length), version: snapshot.version });
      return { ...list, continue: next };
    },
  };
}
