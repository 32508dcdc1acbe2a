/**
 * What comes over the one stream of a page (Server-Sent Events). Types only.
 *
 * On connect a `snapshot` of every row in scope comes, unless the browser's `Last-Event-ID` is one that the server still has the
 * changes since: then only these. Afterwards `change` events at most four times a second, each with the newest value of every row that
 * changed, never two of the same row. `beat` comes every 10 s: a page that has heard nothing for 15 s shows how old it is. `end` says that
 * the server closes the stream and whether connecting again is of use. The id of an event is opaque.
 *
 * The scope is in the query of the route `stream`: rows of runs, data sets and islands always; `run=namespace/name` adds the works and the
 * view of that run, `works=all` the works of all runs. What the user may not read is not in it; when rights change, a new snapshot comes.
 */
import type { DatasetRow } from './dataset.ts';
import type { IslandRow } from './island.ts';
import type { RunRow, RunView } from './run.ts';
import type { WorkRow } from './work.ts';

export interface Rows {
  runs: RunRow[];
  works: WorkRow[];
  datasets: DatasetRow[];
  islands: IslandRow[];
}

/** event: snapshot. Everything that the page held before is void. */
export interface Snapshot extends Rows {
  /** Server time when it was made. */
  at: string;
  /** The run of the scope; absent without one, and when it does not exist or may not be read. */
  view?: RunView;
}

/** event: change. Rows replace those of the same `id`. */
export interface Changes extends Partial<Rows> {
  at: string;
  view?: RunView;
  /** Ids of rows that are gone. `view` when the run of the scope is gone. */
  gone?: { runs?: string[]; works?: string[]; datasets?: string[]; islands?: string[]; view?: true };
}

/** event: beat. */
export interface Beat {
  at: string;
  /** Whether this server hears the API server; otherwise since when it does not. */
  staleSince?: string;
  /** Whether this replica hears live progress; otherwise rows are as fresh as the status, which is a minute. */
  live: boolean;
}

/** event: end. */
export interface End {
  /** `SignedOut`: sign in again. `Slow`: the page did not read fast enough. `Stopping`: the server ends; connect again. */
  reason: 'SignedOut' | 'Slow' | 'Stopping';
}

export interface StreamEvents {
  snapshot: Snapshot;
  change: Changes;
  beat: Beat;
  end: End;
}

export const heartbeatMs = 10_000;
/** Shortest time between two `change` events. */
export const coalesceMs = 250;
