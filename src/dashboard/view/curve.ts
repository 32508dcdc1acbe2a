/** The course of a work's training: loss and speed by step, down-sampled so that no peak is lost. Types only. */
import type { WorkName } from './common.ts';

/**
 * Parallel lists, one entry a point, in the order of `at`. A point stands for `merged` reports: the lowest and the highest loss
 * among them are kept. Steps go back where an attempt resumed from an earlier checkpoint: see `attempts`.
 */
export interface CurvePoints {
  step: number[];
  /** Milliseconds since the Unix epoch. */
  at: number[];
  /** Lowest and highest loss of the reports in the point; null where none was a finite number. */
  low: (number | null)[];
  high: (number | null)[];
  /** Samples a second, mean; null where the trainer did not say. */
  speed: (number | null)[];
  /** Placement and attempt of each point, as an index into `attempts`. */
  attempt: number[];
}

export interface CurveView {
  work: WorkName;
  points: CurvePoints;
  attempts: { placement: number; attempt: number }[];
  /** Steps at which checkpoints were published, with the attempt that did. */
  checkpoints: { step: number; attempt: number; final: boolean }[];
  /** Steps at which the loss was not a finite number. */
  nonFinite: { step: number; at: number }[];
  /** Whether any point stands for more than one report. */
  downSampled: boolean;
  /** `live` also holds what was reported since the last checkpoint; `stored` is what the bucket has. */
  source: 'live' | 'stored';
  /** A history that was there and could not be used, in a sentence: the curve has a gap. */
  gap?: string;
}
