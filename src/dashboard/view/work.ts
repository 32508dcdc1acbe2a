/** One expert, router, evaluation or partition: as a row of a list, and with everything that is known of it. Types only. */
import type { WorkState } from '../../api/work.ts';
import type { ConditionView, Measured, WorkName } from './common.ts';

/** One row; about 200 bytes. An expert of a run, or its router or evaluation. */
export interface WorkRow {
  /** Unique among all rows of works: `namespace/run/work`. */
  id: string;
  namespace: string;
  /** Name of the run. */
  run: string;
  work: WorkName;
  /** Of an expert. */
  index?: number;
  /** Changes whenever anything that the detail shows may have changed, but for progress. Compare for equality only. */
  rev: string;
  state: WorkState;
  /** Why it is in this state: a word of the closed list. */
  reason?: string;
  /** Where it is placed. */
  island?: string;
  /** Since when that island has not been heard, while it is unreachable: what is below is as old as this. */
  silentSince?: string;
  step?: number;
  steps?: number;
  /** Loss at that step. */
  loss?: Measured;
  /** Samples a second. */
  speed?: number;
  /** When the trainer reported step and loss. */
  reportedAt?: string;
  /** Seconds left, estimated; absent while nothing is known. */
  eta?: number;
  /** Placement and attempt, such as `p1a2`; absent before the first. */
  attempt?: string;
  /** Counted failures so far. */
  restarts?: number;
  /** Step of the newest published checkpoint. */
  checkpoint?: number;
  /** Its shard: samples in it. Experts only. */
  samples?: number;
}

/** One run of the pods of a work. The newest is last; the hub keeps those of the newest placements. */
export interface AttemptView {
  placement: number;
  /** Number within its placement, from 1. */
  attempt: number;
  island: string;
  startedAt?: string;
  /** Absent while it runs. */
  finishedAt?: string;
  /** How it ended: a failure class, or Succeeded. */
  class?: string;
  /** The rule that decided the class. */
  rule?: string;
  exitCode?: number;
  /** Last step that it reported. */
  step?: number;
  pod?: string;
  node?: string;
  /** What the trainer, the courier or the kubelet said. */
  message?: string;
  /** Whether its log can be asked for now: its IslandJob is still there. */
  log: boolean;
}

/** What is known of the failure that a work stands at, or had last. */
export interface FailureView {
  /** Class, such as OutOfMemory; each has a page in the docs. */
  class: string;
  /** One sentence: what this class means and what becomes of the work. */
  meaning: string;
  placement: number;
  attempt: number;
  at?: string;
  island?: string;
  node?: string;
  pod?: string;
  rule?: string;
  exitCode?: number;
  step?: number;
  message?: string;
  /** What to do next, when a person has to. */
  hint?: string;
  /** Whether the work needs a person: it goes on by itself otherwise. */
  blocking: boolean;
  /** Last lines of the log, oldest first, when the island sent them. */
  lines?: string[];
  /** Events of its pod, oldest first, when the island sent them. */
  events?: string[];
}

export interface CheckpointView {
  placement: number;
  attempt: number;
  step: number;
  /** The result of the work. */
  final: boolean;
  /** Whether the hub accepted it: it counts. */
  accepted: boolean;
  kind?: 'Resumable' | 'Export';
  bytes: number;
  /** Known for those that a status names. */
  at?: string;
  /** Key of its manifest in the store, and SHA-256 of the bytes of that manifest. */
  manifest: string;
  digest: string;
}

export interface PlacementView {
  number: number;
  island: string;
  /** Name of its IslandJob. */
  job: string;
  /** State of that IslandJob; absent when it is gone. */
  state?: string;
  reason?: string;
  message?: string;
  createdAt?: string;
  /** When nothing of it ran any more, proven. */
  stoppedAt?: string;
}

/** Everything about one work but its curve and its log. */
export interface WorkDetail {
  row: WorkRow;
  /** How it is, in one sentence. */
  sentence: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  attempts: AttemptView[];
  failure?: FailureView;
  /** Newest first. */
  checkpoints: CheckpointView[];
  placements: PlacementView[];
  conditions: ConditionView[];
  /** What the newest placement was told: image, params, resources, inputs; JSON for people, without secrets. */
  spec?: Record<string, unknown>;
  /** What the user may ask of it now; see `actions`. */
  may: WorkMay;
}

export interface WorkMay {
  /** Grants a new budget and a new placement; sensible while the work is Blocked or Accepted. */
  retry: boolean;
  /** Saves, stops and goes on at another island. */
  move: boolean;
  /** Islands that it can be moved to by name. */
  moveTo: string[];
  /** The user's right to the log; not whether there is one. */
  log: boolean;
}
