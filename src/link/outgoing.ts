/** What an island says in its next request: what it holds, as a digest or in pages, and the statuses that the hub has not stored. */
import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import { annotations } from '../api/labels.ts';
import { applied, hubUidOf } from './answer.ts';
import { type Batch, batch } from './codec.ts';
import { sortedByUid } from './digest.ts';
import { emptyStatus } from './lift.ts';
import { type HaveEntry, mostBytes, mostEntries } from './messages.ts';

/** Everything that the island holds, sorted by uid. `gone` is on its way out and is not told again. */
export function haveEntries(
  mirrors: readonly IslandJob[],
  refused: readonly HaveEntry[],
  gone: (uid: string) => boolean,
): HaveEntry[] {
  const entries = new Map(refused.map((entry) => [entry[0], entry]));
  for (const mirror of mirrors) {
    const uid = hubUidOf(mirror) ?? '';
    entries.set(uid, [uid, mirror.spec.revision, mirror.metadata.annotations?.[annotations.hubLive] ?? '', applied]);
  }
  return sortedByUid([...entries.values()].filter(([uid]) => !gone(uid)));
}

export interface OutgoingStatus {
  uid: string;
  namespace: string;
  name: string;
  status: IslandJobStatus;
}

export interface StatusQuestion {
  mirrors: readonly IslandJob[];
  /** Whether the hub has stored this revision, or it must wait. */
  settled: (uid: string, revision: number) => boolean;
  /** uids that are marked as unknown here, and that the hub knows. */
  recognized: ReadonlySet<string>;
  /** uid that the last batch ended with: the next goes on after it, so that one that cannot be stored holds up no other. */
  cursor: string | undefined;
  bytes: number;
}

/** Statuses that are to be sent, as many as fit. Those of jobs that the hub does not know are of no use to it. */
export function pickStatuses({ mirrors, settled, recognized, cursor = '', bytes }: StatusQuestion): Batch<OutgoingStatus> {
  const due = mirrors.flatMap((mirror) => {
    const { namespace = '', name, annotations: marks } = mirror.metadata;
    const uid = hubUidOf(mirror) ?? '';
    if (marks?.[annotations.unknownToHub] !== undefined && !recognized.has(uid)) return [];
    // One that has no status yet is sent only to learn what the hub has stored of it.
    const status = mirror.status ?? (recognized.has(uid) ? emptyStatus : undefined);
    if (status === undefined || settled(uid, status.revision) || (status.revision === 0 && !recognized.has(uid))) return [];
    return [{ uid, namespace, name, status: withHubGeneration(mirror, status) }];
  });
  const sorted = due.toSorted((a, b) => Number(a.uid <= cursor) - Number(b.uid <= cursor) || (a.uid < b.uid ? -1 : 1));
  const picked = batch(sorted.slice(0, mostEntries), bytes, mostBytes - 64 * 1024);
  return { ...picked, more: picked.more || sorted.length > mostEntries };
}

/** Generations in a status that goes to the hub are the hub's: of the mirror's own nobody there knows anything. */
export function withHubGeneration(mirror: IslandJob, status: IslandJobStatus): IslandJobStatus {
  const hubs = Number(mirror.metadata.annotations?.[annotations.hubGeneration]);
  const { generation } = mirror.metadata;
  const translate = (observed: number | undefined) =>
    (observed === generation || observed === hubs) && Number.isSafeInteger(hubs) ? hubs : undefined;
  const told = <T extends { observedGeneration?: number | undefined }>(part: T): T => {
    const { observedGeneration, ...rest } = part;
    const known = translate(observedGeneration);
    return { ...rest, ...(known === undefined ? {} : { observedGeneration: known }) } as T;
  };
  return { ...told(status), conditions: status.conditions.map(told) };
}
