/** Finds the guards of a source file: every `if` that stands at the start of a line, and the edit that removes it. */
import type { Edit } from '../seams/edits.ts';

export interface Guard {
  readonly edit: Edit;
  /** From 1. */
  readonly line: number;
  /** The condition, as it stands there. */
  readonly text: string;
}

/** Index after the parenthesis that closes the one at `open`, strings and templates passed over; -1 when there is none. */
function closing(source: string, open: number): number {
  let depth = 0;
  let quote = '';
  for (let at = open; at < source.length; at++) {
    const letter = source[at] ?? '';
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (letter === "'" || letter === '"' || letter === '`') quote = letter;
    else if (letter === '(') depth++;
    else if (letter === ')' && --depth === 0) return at + 1;
  }
  return -1;
}

/** The condition becomes false, so that what it guards is never done. An `else` behind it then always is. */
export function guardsOf(file: string, source: string): Guard[] {
  const guards: Guard[] = [];
  for (const match of source.matchAll(/^[ \t]*(?:else |\} else )?if \(/gm)) {
    const open = match.index + match[0].length - 1;
    const close = closing(source, open);
    if (close < 0) continue;
    const condition = source.slice(open + 1, close - 1);
    const edit = uniqueEdit(file, source, open, close);
    if (edit) guards.push({ edit, line: source.slice(0, open).split('\n').length, text: condition.replaceAll(/\s+/g, ' ') });
  }
  return guards;
}

/** With as much of the text around it as makes it the only one. */
function uniqueEdit(file: string, source: string, open: number, close: number): Edit | undefined {
  for (let more = 0; more < 400; more += 20) {
    const [from, to] = [Math.max(0, open - more), Math.min(source.length, close + more)];
    const find = source.slice(from, to);
    if (source.split(find).length === 2)
      return { file, find, replace: `${source.slice(from, open)}(false)${source.slice(close, to)}` };
  }
  return undefined;
}
