/** One run (an ExpertTraining): as a row, and the view of it. Types only. */
import type { TrainingState } from '../../api/experttraining.ts';
import type { ConditionView, WorkName } from './common.ts';
import type { LineageView } from './lineage.ts';
import type { CheckpointView, WorkRow } from './work.ts';

/** One row; at most 300 bytes. */
export interface RunRow {
  /** `namespace/name`. */
  id: string;
  namespace: string;
  name: string;
  /** Of this very object: another one of the same name has another. */
  uid: string;
  /** Changes whenever anything that the view shows may have changed, but for progress. Compare for equality only. */
  rev: string;
  state: TrainingState;
  /** Why it progresses or not: a word of the closed list. */
  reason?: string;
  experts: { total: number; running: number; accepted: number; blocked: number };
  /** Share of all training steps done. */
  progress?: number;
  /** Seconds left, estimated. */
  eta?: number;
  /** The expert that is furthest from its end, while others are ahead of it. */
  slowest?: { index: number; progress: number };
  router?: string;
  evaluation?: string;
  /** spec.suspend. */
  suspend: boolean;
  /** How many things wait for a person: those of `needsYou` of the view that say `act`. */
  needs: number;
  /** The newest failure of any of its works. */
  failure?: { work: WorkName; class: string; at?: string };
  createdAt: string;
  completedAt?: string;
}

/** One thing that only a person can move on, most urgent first. */
export interface Need {
  /** Stable within the run: what it is about and why. */
  id: string;
  /** `act`: nothing happens before somebody acts. `look`: it goes on by itself, and somebody should know. */
  urgency: 'act' | 'look';
  /** What is the matter, in a sentence. */
  what: string;
  /** What to do, in a sentence. */
  todo: string;
  work?: WorkName;
  island?: string;
  /** The action that helps, when the page can do it. */
  action?: 'resume' | 'retry' | 'move' | 'approve';
  /** For approve: the digest to write into spec.approve of the data set. */
  digest?: string;
  /** Reason or failure class: the name of its page in the docs. */
  reason?: string;
}

/** Everything on the page of one run but its experts, which are rows of their own, and what is asked for separately. */
export interface RunView {
  row: RunRow;
  /** How the run is, in one or two sentences: "6 of 8 experts train; the island of expert 2 is silent for 9 min, nothing to do." */
  sentence: string;
  needsYou: Need[];
  /** Seconds since the first expert was placed, until the end if it ended. */
  elapsed?: number;
  /** Seconds from start to end as it looks now: elapsed and what the slowest part still needs. */
  makespan?: number;
  /** Which expert decides about it. */
  critical?: { index: number; eta?: number };
  startedAt?: string;
  dataset: { name: string /** Digest of its manifest as the run froze it. */; digest?: string };
  /** Absent when the spec asks for none. */
  router?: WorkRow;
  evaluation?: WorkRow;
  ensemble?: { manifest: string; digest: string };
  conditions: ConditionView[];
  /** What the user may do with it now. */
  may: RunMay;
}

export interface RunMay {
  suspend: boolean;
  resume: boolean;
}

/** The answer of the route `run`: the view and the rows of its experts, ordered by index. */
export interface RunAnswer {
  run: RunView;
  experts: WorkRow[];
}

/** A run that left its results in the bucket; it need not exist any more. */
export interface HistoryRow {
  namespace: string;
  name: string;
  /** First eight digits of its uid. */
  uid8: string;
  store: string;
  /** Prefix below which everything of it lies; what the other history routes take. */
  prefix: string;
  /** Whether the object is still there. */
  exists: boolean;
}

/** What a work has left. */
export interface HistoryWork {
  work: WorkName;
  /** Of the newest checkpoint. */
  step: number;
  final: boolean;
  manifest: string;
  /** The newest 20, newest first. */
  checkpoints: CheckpointView[];
}

/** Manifests of a work that cannot be read, so that what they list is missing. */
export interface HistoryGap {
  work: WorkName;
  /** How many, of the newest 20. */
  manifests: number;
  /** Of the newest of them: its key and what is wrong, in a sentence. */
  why: string;
}

/** What the bucket alone knows of a run. */
export interface HistoryView {
  row: HistoryRow;
  works: HistoryWork[];
  unread: HistoryGap[];
  /** From the data set to the ensemble, as the manifests name each other. */
  lineage: LineageView;
}
