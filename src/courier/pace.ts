/** How long a trainer has shown nothing new, and how long that has taken at most: what the limits of progress are compared with. */
import type { Pace } from '../api/courier.ts';
import type { Clock } from '../clock.ts';

/** One thing that is to come again and again: a step, or a checkpoint. */
class Beat {
  #last: number | undefined;
  #slowest = 0;
  #seen: number | undefined;

  /** `count` grows with each; only a growth is a beat. The time to the first is no measure of the others. */
  note(count: number | undefined, now: number): void {
    if (count === undefined || (this.#seen !== undefined && count <= this.#seen)) return;
    if (this.#seen !== undefined && this.#last !== undefined) this.#slowest = Math.max(this.#slowest, now - this.#last);
    this.#seen = count;
    this.#last = now;
  }

  since(now: number, start: number): number {
    return Math.max(0, Math.round(now - (this.#last ?? start)));
  }

  get last(): number | undefined {
    return this.#last;
  }

  get slowest(): number {
    return Math.round(this.#slowest);
  }
}

export class PaceKeeper {
  readonly #clock: Clock;
  readonly #steps = new Beat();
  readonly #checkpoints = new Beat();
  #start: number | undefined;
  #firstStep: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The trainer may have started: called again and again, the first time counts. */
  started(): void {
    this.#start ??= this.#clock.now();
  }

  step(step: number | undefined): void {
    this.#steps.note(step, this.#clock.now());
    this.#firstStep ??= this.#steps.last;
  }

  /** The step of the newest checkpoint that is complete on disk. */
  saved(step: number | undefined): void {
    this.#checkpoints.note(step, this.#clock.now());
  }

  /** Undefined before the trainer could start. */
  get pace(): Pace | undefined {
    if (this.#start === undefined) return undefined;
    const now = this.#clock.now();
    return {
      sinceStepMs: this.#steps.since(now, this.#start),
      slowestStepMs: this.#steps.slowest,
      sinceCheckpointMs: this.#checkpoints.since(now, this.#firstStep ?? now),
      slowestCheckpointMs: this.#checkpoints.slowest,
    };
  }
}
