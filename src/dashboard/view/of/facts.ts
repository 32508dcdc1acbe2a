/** What projections are told beside the objects themselves, and the small conversions that they share. Pure. */
import { createHash } from 'node:crypto';
import type { Condition, Progress } from '../../../api/work.ts';
import type { ConditionView, Measured } from '../common.ts';

/** What is known beyond what is stored. */
export interface Facts {
  /** Milliseconds since the Unix epoch. */
  now: number;
  /** Progress that is fresher than any status, by the uid of the IslandJob; undefined where nothing is heard. */
  progress: (jobUid: string) => Progress | undefined;
  /** Since when an island has not been heard (RFC 3339); undefined while it is, and for an island that is not known. */
  silentSince: (island: string) => string | undefined;
}

/** A decimal text of a status as a number; the three that are no JSON number by name; undefined for anything else. */
export function measured(text: string | undefined): Measured | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  if (/^[+-]?inf(inity)?$/i.test(text.trim())) return text.trim().startsWith('-') ? '-Infinity' : 'Infinity';
  return /^[+-]?nan$/i.test(text.trim()) ? 'NaN' : undefined;
}

export function finite(text: string | undefined): number | undefined {
  const value = measured(text);
  return typeof value === 'number' ? value : undefined;
}

/** Seconds of a display text such as 45s, 1h5m or 3d4h; undefined for anything else. */
export function secondsOf(text: string | undefined): number | undefined {
  const match = /^(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text ?? '');
  if (match === null || text === undefined || text === '') return undefined;
  const part = (at: number) => Number(match[at] ?? 0);
  return ((part(1) * 24 + part(2)) * 60 + part(3)) * 60 + part(4);
}

/** The fresher of two reports. */
export function newest(stored: Progress | undefined, live: Progress | undefined): Progress | undefined {
  if (!stored || !live) return live ?? stored;
  return Date.parse(live.at) >= Date.parse(stored.at) ? live : stored;
}

/** Share of the steps done, 0 to 1, to three digits. */
export function shareOf(progress: Pick<Progress, 'step' | 'steps'> | undefined): number | undefined {
  if (!progress?.steps) return undefined;
  return round(Math.min(1, progress.step / progress.steps));
}

export const round = (share: number): number => Math.round(share * 1000) / 1000;

/** A short text that differs whenever the values do. */
export function revOf(...values: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url').slice(0, 10);
}

export function conditionsOf(conditions: readonly Condition[] | undefined): ConditionView[] {
  return (conditions ?? []).map(({ type, status, reason, message, lastTransitionTime: since }) => ({
    type,
    status,
    reason,
    message,
    since,
  }));
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is undefined, so that it is not even named. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
