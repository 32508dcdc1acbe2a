/**
 * The small words that everything the dashboard sends is made of. Types only: whoever reads them bundles nothing.
 * Every time is RFC 3339 in UTC, every share a number from 0 to 1, every duration whole seconds, every size bytes. A field that is not
 * known is absent; null is never sent.
 */

/** JSON has no NaN and no infinities: they are sent by name, so that a page can say so in words. */
export type Measured = number | 'NaN' | 'Infinity' | '-Infinity';

/** Name of a work within its run: `expert-003`, `router`, `evaluation`; within its data set: `partition`. */
export type WorkName = `expert-${string}` | 'router' | 'evaluation' | 'partition';

/** A condition as it stands on the object. `reason` is a word of the closed list, `message` a sentence for people. */
export interface ConditionView {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** When the status last changed. */
  since: string;
}

/** An event of the API server about a run or a work of it. */
export interface EventView {
  /** When it was seen last. */
  at: string;
  type: 'Normal' | 'Warning';
  reason: string;
  note: string;
  /** What it is about, such as `ExpertShard digits-e003`. */
  about: string;
  /** How often it was seen. */
  count: number;
}

/** A part of a list, and how many rows there are in all under the same filter. */
export interface Page<Row> {
  rows: Row[];
  total: number;
  /** Where the next part begins; absent at the end. */
  next?: number;
}

/** The body of every answer that is not 2xx. */
export interface Problem {
  /** Stable, for programs. `NotAllowed` is the answer whether or not the thing exists. */
  code:
    | 'SignInNeeded'
    | 'NotAllowed'
    | 'NotFound'
    | 'BadRequest'
    | 'TooLarge'
    | 'TooMany'
    | 'Conflict'
    | 'Refused'
    | 'Unavailable'
    | 'Failed';
  /** What cannot be done, why, and what to do next. Text, never markup. */
  message: string;
  /** The query parameter or body field that is wrong. */
  field?: string;
}
