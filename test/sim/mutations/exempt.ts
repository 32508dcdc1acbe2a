/** Guards whose removal nobody can notice, each with the reason why that is so. */

import type { Guard } from './guards.ts';

export interface Exempt {
  readonly file: string;
  /** The condition, as it stands there; it must be the only one of its file. */
  readonly guard: string;
  /** In a sentence. */
  readonly why: string;
}

export const exempt: readonly Exempt[] = [
  {
    file: 'src/island/admit.ts',
    guard: 'admit.images === undefined && admit.maxGpus === undefined',
    why: 'It only saves work: without a limit no pod that is built breaks one.',
  },
  {
    file: 'src/island/ending.ts',
    guard: 'message === undefined',
    why: 'It only saves work: no message is no JSON either.',
  },
  {
    file: 'src/hub/turn.ts',
    guard: 'hopeless.has(kind)',
    why: 'It only saves work: the field is fuller than when the same demand found no island, so that asking again finds none.',
  },
  {
    file: 'src/hub/placement.ts',
    guard: '!island',
    why: 'For the compiler: islands without a view are passed over before they could be refused.',
  },
  {
    file: 'src/hub/placement.ts',
    guard: '!view',
    why: 'For the compiler: GPUs are counted of islands with a view only.',
  },
  {
    file: 'src/link/carry-out.ts',
    guard: '!(error instanceof ApiError)',
    why: 'For the compiler: what is no answer of an API server has neither a status nor any of the flags that are asked for.',
  },
];

export function exemptionOf({ file, text }: Guard): Exempt | undefined {
  return exempt.find((one) => one.file === file && one.guard === text);
}
