/** Where a result comes from: data set → shard → expert → router → ensemble, as digests that can be checked. Types only. */
import type { WorkName } from './common.ts';

export interface LineageNode {
  /** Unique within the graph. */
  id: string;
  kind: 'Dataset' | 'Shard' | 'Expert' | 'Router' | 'Ensemble';
  /** Such as `expert 3`. */
  title: string;
  work?: WorkName;
  index?: number;
  /** Of the manifest; for a shard, of the list of its files. Absent while it is not made. */
  digest?: string;
  manifest?: string;
  step?: number;
  bytes?: number;
  /** Where it was made: placement and attempt, and the island. */
  attempt?: string;
  island?: string;
  at?: string;
  /**
   * `Verified`: the manifest was read from the store just now, has this digest, and each of its files is there with its size.
   * `Accepted`: the hub checked it when it accepted it; not read again yet. `Damaged`: it is not what the digest says. `Unreadable`: the
   * store does not answer. `Missing`: not made yet.
   */
  verified: 'Verified' | 'Accepted' | 'Damaged' | 'Unreadable' | 'Missing';
  /** When it was checked, and what is wrong. */
  checkedAt?: string;
  message?: string;
}

export interface LineageEdge {
  from: string;
  to: string;
  /** Whether the manifest of `to` names the digest of `from` among its inputs; unknown (absent) while it is not read. */
  named?: boolean;
}

export interface LineageView {
  nodes: LineageNode[];
  edges: LineageEdge[];
  /** One sentence: whether the whole chain holds. */
  sentence: string;
  /** The command that brings the ensemble to one's own machine, verified. */
  pull?: string;
}
