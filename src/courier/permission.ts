/** Whether old checkpoints may be deleted now: the agent says for how long, again and again, and its silence ends it. */
import { type DeletionPermit, unlimited } from '../api/courier.ts';
import type { Clock } from '../clock.ts';

export class Permission {
  readonly #clock: Clock;
  #until: number;

  /** `WhileHeard`: nothing may be deleted before the agent has allowed it. */
  constructor(deletions: 'Always' | 'WhileHeard', clock: Clock) {
    this.#clock = clock;
    this.#until = deletions === 'Always' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** What the agent said last holds, also when it is less than before. */
  hear(permit: DeletionPermit): void {
    this.#until = permit === unlimited ? Number.POSITIVE_INFINITY : this.#clock.now() + permit;
  }

  get given(): boolean {
    return this.#clock.now() < this.#until;
  }
}
