/** What an invariant is: it looks at every fact, and counts how often what it forbids was near. */
import type { Fact } from '../facts.ts';
import type { World } from '../world.ts';

export interface Watch {
  /** Every fact, while it happens. */
  see?(fact: Fact): void;
  /** After every step of the world. */
  step?(): void;
  /** Faults are over and nothing moves any more. */
  settled?(): void;
  /** Some time later. */
  rested?(): void;
  /** How often it could have been broken. */
  readonly danger: number;
}

export interface Invariant {
  /** As in section 9 of the design. */
  readonly number: number;
  readonly title: string;
  watch(world: World, violate: (message: string) => void): Watch;
}
