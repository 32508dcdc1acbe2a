/** One island, as a row and as the view of it. Types only. */
import type { ConditionView, WorkName } from './common.ts';

/** One row; at most 300 bytes without its GPUs. */
export interface IslandRow {
  /** Its name. */
  id: string;
  name: string;
  /** Changes whenever the view may have changed. Compare for equality only. */
  rev: string;
  state: 'Ready' | 'NotReady' | 'Unreachable' | 'NotJoined';
  /** Whether its agent is heard; Unknown is silence, which never means that it is dead. */
  reachable: 'True' | 'False' | 'Unknown';
  /** When it was heard last. */
  heardAt?: string;
  /** Why it is not Ready, in a sentence. */
  message?: string;
  approved: boolean;
  cordoned: boolean;
  draining: boolean;
  /** By model. `used` is total without free; `unhealthy` ones come on top of the total. */
  gpus: { product: string; total: number; free: number; unhealthy: number }[];
  cpu?: string;
  memory?: string;
  /** IslandJobs there that have not ended, of all namespaces. */
  jobs: number;
  /** Version of its agent. */
  version?: string;
  kubernetes?: string;
  /** Cost of one GPU for one hour, in any unit. */
  cost?: string;
  /** How far its clock is ahead of the hub's, such as -2s. */
  clockSkew?: string;
  createdAt: string;
}

/** What is placed there, as far as the user may read it. */
export interface IslandJobRow {
  namespace: string;
  /** Name of the IslandJob. */
  name: string;
  run?: string;
  dataset?: string;
  work: WorkName;
  state: string;
  reason?: string;
  attempt: number;
  step?: number;
  steps?: number;
}

export interface IslandView {
  row: IslandRow;
  conditions: ConditionView[];
  /** Of the namespaces that the user may read. */
  jobs: IslandJobRow[];
  /** Jobs of other namespaces. */
  hidden: number;
  labels: Record<string, string>;
  may: { cordon: boolean; uncordon: boolean };
}
