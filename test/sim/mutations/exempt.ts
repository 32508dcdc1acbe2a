/** Guards whose removal nobody can notice, each with the reason why that is so. */

import type { Guard } from './guards.ts';

export interface Exempt {
  readonly file: string;
  /** The condition, as it stands there; it must be the only one of its file. */
  readonly guard: string;
  /** In a sentence. */
  readonly why: string;
}

export const exempt: readonly Exempt[] = [];

export function exemptionOf({ file, text }: Guard): Exempt | undefined {
  return exempt.find((one) => one.file === file && one.guard === text);
}
