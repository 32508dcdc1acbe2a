/** Why a pod does not come up, as the kubelet and the Job controller say it in events only: a missing Secret, a full quota. */
import type { Clock } from '../clock.ts';
import { events } from '../kube/core.ts';
import type { KubeClient, KubeObject, Log } from '../kube/types.ts';

export interface Warnings {
  /** The newest warning known about the pods of this IslandJob. */
  get(islandJobUid: string): string | undefined;
  /** Reads the events of this pod or Job; not before it is 5 s old, and not again before 15 s have passed. */
  refresh(islandJobUid: string, about: KubeObject, signal: AbortSignal): Promise<void>;
  forget(islandJobUid: string): void;
}

export interface EventQuery {
  readonly namespace: string | undefined;
  /** Field selector of the object that the events are about. */
  readonly selector: string;
  /** Only what happened after this time (ms). */
  readonly since?: number;
}

/** The warnings about an object as `Reason: words`, oldest first; none where they cannot be read. */
export type ReadEvents = (query: EventQuery, signal: AbortSignal) => Promise<string[]>;

const EVERY_MS = 15_000;
const YOUNG_MS = 5_000;

export function createReadEvents(client: KubeClient, log: Log): ReadEvents {
  return async ({ namespace, selector, since = 0 }, signal) => {
    const selection = {
      ...(namespace === undefined ? {} : { namespace }),
      fieldSelector: `${selector},type=Warning`,
      signal,
    };
    const list = await client.list(events, selection).catch((error: unknown) => {
      // Events are a comfort: without the right to read them the state only says less.
      log.debug({ error: error instanceof Error ? error.message : String(error) }, 'events cannot be read');
      return { items: [] };
    });
    const when = (event: (typeof list.items)[number]) =>
      event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? '';
    return list.items
      .filter((event) => since === 0 || Date.parse(when(event)) >= since)
      .toSorted((a, b) => when(a).localeCompare(when(b)))
      .flatMap(({ reason, note }) => (note === undefined ? [] : [`${reason ?? 'Warning'}: ${note}`]));
  };
}

export function createWarnings(read: ReadEvents, clock: Clock): Warnings {
  const known = new Map<string, { at: number; text?: string }>();
  return {
    get: (uid) => known.get(uid)?.text,
    forget: (uid) => void known.delete(uid),
    async refresh(uid, about, signal) {
      const before = known.get(uid);
      if (before && clock.now() - before.at < EVERY_MS) return;
      if (clock.now() - Date.parse(about.metadata.creationTimestamp ?? '') < YOUNG_MS) return;
      const text = (
        await read({ namespace: about.metadata.namespace, selector: `regarding.uid=${about.metadata.uid}` }, signal)
      ).at(-1);
      known.set(uid, { at: clock.now(), ...(text === undefined ? {} : { text }) });
    },
  };
}
