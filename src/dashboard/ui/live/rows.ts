/** The rows that the stream keeps up to date, and how a snapshot and a change alter them. */

import type { RunView } from '../../view/run.ts';
import type { Changes, Rows, Snapshot } from '../../view/stream.ts';

type Kind = keyof Rows;
export type Table<K extends Kind> = ReadonlyMap<string, Rows[K][number]>;
export type Tables = { readonly [K in Kind]: Table<K> };

export interface Held extends Tables {
  /** The run of the scope. */
  readonly view: RunView | undefined;
}

export const nothing: Held = { runs: new Map(), works: new Map(), datasets: new Map(), islands: new Map(), view: undefined };

const table = <K extends Kind>(rows: Rows[K]): Table<K> => new Map(rows.map((row) => [row.id, row]));

/** A snapshot replaces everything. */
export function fromSnapshot(snapshot: Snapshot): Held {
  return {
    runs: table<'runs'>(snapshot.runs),
    works: table<'works'>(snapshot.works),
    datasets: table<'datasets'>(snapshot.datasets),
    islands: table<'islands'>(snapshot.islands),
    view: snapshot.view,
  };
}

/** Tables that did not change stay the same objects, so that nothing that shows them is drawn again. */
export function withChanges(held: Held, changes: Changes): Held {
  const { gone = {} } = changes;
  return {
    runs: changed<'runs'>(held.runs, changes.runs, gone.runs),
    works: changed<'works'>(held.works, changes.works, gone.works),
    datasets: changed<'datasets'>(held.datasets, changes.datasets, gone.datasets),
    islands: changed<'islands'>(held.islands, changes.islands, gone.islands),
    view: gone.view ? undefined : (changes.view ?? held.view),
  };
}

function changed<K extends Kind>(before: Table<K>, rows: Rows[K] = [], gone: readonly string[] = []): Table<K> {
  if (rows.length === 0 && gone.length === 0) return before;
  const after = new Map(before);
  for (const id of gone) after.delete(id);
  for (const row of rows) after.set(row.id, row);
  return after;
}
