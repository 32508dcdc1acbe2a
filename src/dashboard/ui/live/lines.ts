/** The lines of a log as they are kept: the newest ones, with the number of those before. */

/** Lines kept; older ones are left out and counted. */
export const mostLines = 5000;

export interface Lines {
  /** Number of the first line that is kept, from 0. */
  first: number;
  lines: readonly string[];
}

/** Adds text to lines; an unfinished last line is given back as `rest`. */
export function appended(before: Lines, rest: string, text: string, most = mostLines): Lines & { rest: string } {
  const parts = (rest + text).split(/\r?\n/);
  const left = parts.pop() ?? '';
  if (parts.length === 0) return { ...before, rest: left };
  const all = [...before.lines, ...parts];
  const over = Math.max(0, all.length - most);
  return { first: before.first + over, lines: over > 0 ? all.slice(over) : all, rest: left };
}
