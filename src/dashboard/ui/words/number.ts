/** Numbers as people read them, each with its unit. */

const grouping = new Intl.NumberFormat('en-US');

/** A whole number with separators, such as `41,200`. */
export const count = (value: number): string => grouping.format(value);

/** A noun with its number, such as `1 expert` or `3 experts`. */
export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** Bytes in binary units, such as `12.4 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`;
}

/** A measured number with four significant digits, such as `0.2931`; NaN and infinities by their names. */
export function measured(value: number | undefined): string {
  if (value === undefined) return 'none';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? 'infinite' : 'minus infinite';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** A share as a whole percentage; 100 % only when all is done. */
export function percent(share: number): string {
  const value = Math.round(share * 100);
  return `${share < 1 ? Math.min(99, Math.max(0, value)) : 100} %`;
}

/** Items in one sentence: `a`, `a and b`, `a, b and c`; beyond `most` the rest is counted. */
export function listed(items: readonly string[], most = 4): string {
  const shown = items.length > most ? [...items.slice(0, most - 1), `${items.length - most + 1} more`] : [...items];
  const last = shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`;
}

/** The first twelve digits of a `sha256:` digest, enough for a person to compare. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
