/** Which rows of a long list are worth drawing. */

export interface Window {
  /** First row drawn. */
  from: number;
  /** The row after the last one drawn. */
  to: number;
}

/** Rows drawn above and below what is seen, so that a fast scroll shows no gaps. */
const spare = 8;

/** `top` is how far the list's upper edge is above that of what is seen (pixels, negative when below); `height` what is seen of it. */
export function windowOf(rows: number, rowHeight: number, top: number, height: number): Window {
  const first = Math.floor(Math.max(0, top) / rowHeight);
  const last = Math.ceil((Math.max(0, top) + Math.max(0, height)) / rowHeight);
  return { from: Math.min(rows, Math.max(0, first - spare)), to: Math.min(rows, last + spare) };
}
