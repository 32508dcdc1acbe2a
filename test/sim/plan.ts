/** The plan that follows from a seed: what is trained where, and which faults befall it when. */
import { createDice, type Dice } from './random.ts';

export interface Shape {
  readonly experts: number;
  readonly islands: readonly string[];
  readonly nodesPerIsland: number;
  /** Whether a second process of the hub stands by. */
  readonly standby: boolean;
  readonly policy: 'Wait' | 'Replace';
  readonly router: 'WhenDatasetReady' | 'WhenExpertsComplete';
  readonly maxRestarts: number;
  readonly keep: number;
}

/** One fault: its name, when it comes (simulated ms), how long it stays, and a seed for whatever else it needs. */
export interface FaultUse {
  readonly name: string;
  readonly at: number;
  readonly lasts: number;
  readonly seed: number;
}

export interface Plan {
  readonly seed: number;
  readonly shape: Shape;
  readonly faults: readonly FaultUse[];
  /** From here on nothing goes wrong any more. */
  readonly calmAt: number;
}

export interface FaultKind {
  readonly name: string;
  /** How often it is chosen, relative to the others. */
  readonly weight: number;
  /** Longest duration, in simulated ms. */
  readonly longest: number;
}

/** Trainings are over by then, when nothing goes wrong. */
const lastAt = 110_000;
const calmAt = 170_000;

export function makePlan(seed: number, kinds: readonly FaultKind[]): Plan {
  const dice = createDice(seed, 'plan');
  const shape: Shape = {
    experts: dice.whole(2, 3),
    islands: ['east', 'west'],
    nodesPerIsland: 2,
    standby: dice.chance(0.3),
    policy: dice.chance(0.3) ? 'Replace' : 'Wait',
    router: dice.chance(0.5) ? 'WhenDatasetReady' : 'WhenExpertsComplete',
    maxRestarts: dice.pick([2, 6]),
    keep: dice.whole(1, 2),
  };
  const many = kinds.length === 0 ? 0 : dice.whole(2, 9);
  const faults = Array.from({ length: many }, () => {
    const kind = choose(kinds, dice);
    return {
      name: kind.name,
      at: dice.whole(1000, lastAt),
      lasts: dice.whole(kind.longest >> 3, kind.longest),
      seed: dice.whole(0, 2 ** 31),
    };
  });
  return { seed, shape, faults: faults.toSorted((a, b) => a.at - b.at), calmAt };
}

function choose(kinds: readonly FaultKind[], dice: Dice): FaultKind {
  let left = dice.next() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  const found = kinds.find(({ weight }) => (left -= weight) < 0) ?? kinds.at(-1);
  if (!found) throw new Error('cannot plan without a kind of fault');
  return found;
}
