/** Search in text, without regard to case. */

export interface Piece {
  text: string;
  found: boolean;
}

/** The text cut into what was searched for and what lies between; one piece without a hit. */
export function pieces(text: string, search: string): Piece[] {
  if (search === '') return [{ text, found: false }];
  const where = text.toLowerCase();
  const what = search.toLowerCase();
  const all: Piece[] = [];
  let from = 0;
  // Some letters change their length in lower case: then places do not match, and the line is one hit as a whole.
  if (where.length !== text.length) return [{ text, found: where.includes(what) }];
  for (let hit = where.indexOf(what); hit >= 0; hit = where.indexOf(what, from)) {
    if (hit > from) all.push({ text: text.slice(from, hit), found: false });
    from = hit + what.length;
    all.push({ text: text.slice(hit, from), found: true });
  }
  if (from < text.length || all.length === 0) all.push({ text: text.slice(from), found: false });
  return all;
}
