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

const EVERY_MS = 15_000;
const YOUNG_MS = 5_000;

export function createWarnings(client: KubeClient, clock: Clock, log: Log): Warnings {
  const known = new Map<string, { at: number; text?: string }>();
  return {
    get: (uid) => known.get(uid)?.text,
    forget: (uid) => void known.delete(uid),
    async refresh(uid, about, signal) {
      const before = known.get(uid);
      if (before && clock.now() - before.at < EVERY_MS) return;
      const { namespace, uid: aboutUid, creationTimestamp } = about.metadata;
      if (clock.now() - Date.parse(creationTimestamp ?? '') < YOUNG_MS) return;
      const selection = {
        ...(namespace === undefined ? {} : { namespace }),
        fieldSelector: `regarding.uid=${aboutUid},type=Warning`,
        signal,
      };
      const list = await client.list(events, selection).catch((error: unknown) => {
        // Events are a comfort: without the right to read them the state only says less.
        log.debug({ error: error instanceof Error ? error.message : String(error) }, 'events cannot be read');
        return { items: [] };
      });
      const when = (event: (typeof list.items)[number]) =>
        event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? '';
      const newest = list.items.toSorted((a, b) => when(a).localeCompare(when(b))).at(-1);
      const text = newest?.note === undefined ? undefined : `${newest.reason ?? 'Warning'}: ${newest.note}`;
      known.set(uid, { at: clock.now(), ...(text === undefined ? {} : { text }) });
    },
  };
}
