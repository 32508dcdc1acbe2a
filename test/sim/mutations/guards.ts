/** Finds the guards of a source file: every `if` that stands at the start of a line, every `matches` of a rule, and how each is removed. */
import type { Edit } from '../seams/edits.ts';

export interface Guard {
  readonly edit: Edit;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The condition, as it stands there. */
  readonly text: string;
}

/** Where the condition stands, and whether it is a function of the end of an attempt instead. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly isRule: boolean;
}

/** Index of the first of `ends` that is not inside of brackets, strings or templates; -1 when there is none. */
function endOf(source: string, start: number, ends: string): number {
  let depth = 0;
  let quote = '';
  for (let at = start; at < source.length; at++) {
    const letter = source[at] ?? '';
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (letter === "'" || letter === '"' || letter === '`') quote = letter;
    else if (depth === 0 && ends.includes(letter)) return at;
    else if ('([{'.includes(letter)) depth++;
    else if (')]}'.includes(letter)) depth--;
  }
  return -1;
}

function placesIn(source: string): Place[] {
  const places: Place[] = [];
  for (const match of source.matchAll(/^[ \t]*(?:(?:else |\} else )?if \(|matches: )/gm)) {
    const from = match.index + match[0].length;
    const isRule = !match[0].endsWith('(');
    const to = endOf(source, from, isRule ? ',' : ')');
    if (to > 0) places.push({ from, to, isRule });
  }
  return places;
}

const lineOf = (source: string, at: number) => source.slice(0, at).split('\n').length;

/** The condition becomes false, so that what it guards is never done. An `else` behind it then always is. */
export function guardsOf(file: string, source: string): Guard[] {
  return placesIn(source).flatMap((place) => {
    const edit = uniqueEdit(file, source, place);
    const text = source.slice(place.from, place.to).replaceAll(/\s+/g, ' ').trim();
    return edit ? [{ edit, file, line: lineOf(source, place.from), text }] : [];
  });
}

/** With as much of the text around it as makes it the only one. */
function uniqueEdit(file: string, source: string, { from, to, isRule }: Place): Edit | undefined {
  for (let more = 1; more < 400; more += 20) {
    const [start, end] = [Math.max(0, from - more), Math.min(source.length, to + more)];
    const find = source.slice(start, end);
    const gone = isRule ? '() => false' : 'false';
    if (source.split(find).length === 2)
      return { file, find, replace: `${source.slice(start, from)}${gone}${source.slice(to, end)}` };
  }
  return undefined;
}

/** The name of a guard in a source that asks before each of them. */
export const idOf = ({ file, line }: Pick<Guard, 'file' | 'line'>) => `${file}:${line}`;

/** The source in which each condition is handed to `atollGuard(id, value)`, which says what counts. */
export function asking(file: string, source: string): string {
  return placesIn(source)
    .toReversed()
    .reduce((text, { from, to, isRule }) => {
      const id = JSON.stringify(idOf({ file, line: lineOf(source, from) }));
      const value = source.slice(from, to);
      const asked = isRule ? `(end) => atollGuard(${id}, (${value})(end))` : `atollGuard(${id}, ${value})`;
      return text.slice(0, from) + asked + text.slice(to);
    }, source);
}
