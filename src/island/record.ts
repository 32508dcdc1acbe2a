/** The attempt records of an IslandJob's status: which one is open, and how one is added or replaced. */
import type { AttemptRecord } from '../api/work.ts';

/** The attempt that was stored and has not been concluded; only ever the newest. */
export function openRecord(attempts: readonly AttemptRecord[]): AttemptRecord | undefined {
  const last = attempts.at(-1);
  return last !== undefined && last.class === undefined ? last : undefined;
}

const KEPT = 20;

/** With `record` in the place of the one of its number, or behind the others; the oldest fall out beyond 20. */
export function withRecord(attempts: readonly AttemptRecord[], record: AttemptRecord): AttemptRecord[] {
  const others = attempts.filter(({ number }) => number !== record.number);
  return [...others, record].toSorted((a, b) => a.number - b.number).slice(-KEPT);
}

/** At most `max` characters; what is cut off is the beginning, because the last lines of a log tell why. */
export function lastWords(text: string, max: number): string {
  const trimmed = text.trim();
  return trimmed.length <= max ? trimmed : `…${trimmed.slice(trimmed.length - max + 1)}`;
}

/** At most `max` characters; the middle is cut off: a warning begins with what failed and ends with why. */
export function bothEnds(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor((max - 1) / 2);
  return `${text.slice(0, max - 1 - half)}…${text.slice(-half)}`;
}
