/** One data set and how it was cut. Types only. */
import type { DatasetState } from '../../api/expertdataset.ts';
import type { ConditionView } from './common.ts';
import type { WorkDetail } from './work.ts';

export interface DatasetRow {
  /** `namespace/name`. */
  id: string;
  namespace: string;
  name: string;
  uid: string;
  rev: string;
  state: DatasetState;
  /** K. */
  experts: number;
  method: 'Clusters' | 'Labels' | 'Random';
  samples?: number;
  bytes?: number;
  /** Largest shard divided by the smallest. */
  skew?: number;
  /** Share of the partition that is done, while it runs. */
  progress?: number;
  createdAt: string;
}

export interface ShardView {
  index: number;
  samples: number;
  bytes: number;
  /** Samples divided by the mean of all shards. */
  share: number;
  digest?: string;
  /** Whether the route `thumbnail` has a picture of some of its samples. */
  thumbnail: boolean;
}

export interface DatasetView {
  row: DatasetRow;
  sentence: string;
  maxSkew: number;
  /** Samples kept back for the evaluation. */
  heldOut?: number;
  manifest?: string;
  digest?: string;
  shards: ShardView[];
  /** Runs that train on it. */
  runs: string[];
  /** The job that cuts it; absent before it began. */
  partition?: WorkDetail;
  conditions: ConditionView[];
  may: { approve: boolean };
}
