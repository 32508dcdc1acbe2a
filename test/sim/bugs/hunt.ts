/** Looks for the first plan that finds a bug, and shows that the same plan holds without it. */
import { runSeeds } from '../crew.ts';
import type { Outcome } from '../run.ts';
import type { Bug } from './bug.ts';

export interface Found {
  bug: Bug;
  /** The plan that found it; undefined when none of them did. */
  seed: number | undefined;
  /** The first invariant that broke, and what it said. */
  invariant: number | undefined;
  message: string;
  /** Plans that were run, the last one included. */
  plans: number;
  /** Whether the same plan holds without the bug. */
  holdsWithout: boolean;
}

export async function hunt(bug: Bug, options: { plans: number; workers: number; first?: number }): Promise<Found> {
  const { plans, workers, first = bug.first ?? 1 } = options;
  const seeds = Array.from({ length: plans }, (_, index) => first + index);
  const only = bug.faults;
  let ran = 0;
  let found: Outcome | undefined;
  let broke: string | undefined;
  await runSeeds(seeds, {
    workers,
    only,
    edits: bug.edits,
    onOutcome(outcome) {
      ran++;
      if (outcome.violations.length > 0 && (!found || outcome.seed < found.seed)) found = outcome;
      return found !== undefined;
    },
  }).catch((error: unknown) => {
    broke = error instanceof Error ? error.message : String(error);
  });
  const [violation] = found?.violations ?? [];
  let holdsWithout = false;
  if (found)
    await runSeeds([found.seed], {
      workers: 1,
      only,
      onOutcome: ({ violations }) => {
        holdsWithout = violations.length === 0;
        return false;
      },
    });
  return {
    bug,
    seed: found?.seed,
    invariant: violation?.invariant,
    message: violation?.message ?? broke ?? 'no invariant broke',
    plans: ran,
    holdsWithout,
  };
}
