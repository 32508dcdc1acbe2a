/** What a seeded bug is: a mistake that somebody could make, as an edit of the product, and the faults under which it should show. */
import type { Edit } from '../seams/edits.ts';

export interface Bug {
  readonly name: string;
  /** In a sentence. */
  readonly about: string;
  /** The invariants that it may break first. */
  readonly breaks: readonly number[];
  readonly edits: readonly Edit[];
  /** The only faults of its plans; every kind without. */
  readonly faults?: readonly string[];
  /** Plans before this one are known to miss it: what it needs comes together seldom. Default: 1. */
  readonly first?: number;
}

type Change = readonly [file: string, find: string, replace: string];

export const bug = (
  name: string,
  breaks: readonly number[],
  about: string,
  edit: Change | readonly Change[],
  faults?: readonly string[],
  first?: number,
): Bug => {
  const changes = (typeof edit[0] === 'string' ? [edit] : edit) as readonly Change[];
  return {
    name,
    about,
    breaks,
    edits: changes.map(([file, find, replace]) => ({ file, find, replace })),
    ...(faults ? { faults } : {}),
    ...(first === undefined ? {} : { first }),
  };
};
