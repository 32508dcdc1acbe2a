/** Edits of source text that plant a bug: a piece of text that stands in a file once, and what stands there instead. */

export interface Edit {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const variable = 'ATOLL_SIM_EDITS';

/** The environment of a process in which these edits hold. */
export function withEdits(edits: readonly Edit[]): Record<string, string> {
  return { [variable]: JSON.stringify(edits) };
}

export function readEdits(environment: NodeJS.ProcessEnv = process.env): readonly Edit[] {
  const text = environment[variable];
  return text === undefined || text === '' ? [] : (JSON.parse(text) as Edit[]);
}

/** Throws when the text does not hold what is to be replaced exactly once: an edit that misses would prove nothing. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, { file, find, replace }) => {
    const found = text.split(find).length - 1;
    if (found !== 1) throw new Error(`cannot edit ${file}: it holds ${found} times, must be once: ${find}`);
    return text.replace(find, () => replace);
  }, source);
}
