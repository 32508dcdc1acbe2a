/**
 * The course of a work's training as it is published with each checkpoint and drawn by the dashboard: bounded whatever its length, with the
 * lowest and highest loss of what was merged, so that no peak is lost.
 */
import { z } from 'zod';
import type { Progress } from './work.ts';

export const historySchema = 'atoll.dev/history/v1';
/** In the directory of a checkpoint; the courier writes it, unless the trainer has put a file of this name there. */
export const historyFileName = 'atoll-history.json';
export const maxHistoryBytes = 512 * 1024;
export const maxHistoryPoints = 2000;
const maxAttempts = 200;
const maxMarks = 400;

const whole = z.int().min(0);
const series = <T extends z.ZodType>(item: T) => z.array(item).max(maxHistoryPoints);
const points = z
  .object({
    step: series(whole),
    /** Milliseconds since the Unix epoch. */
    at: series(whole),
    low: series(z.number().nullable()),
    high: series(z.number().nullable()),
    speed: series(z.number().nullable()),
    /** Index into `attempts`. */
    attempt: series(whole),
  })
  .refine((lists) => new Set(Object.values(lists).map(({ length }) => length)).size === 1, 'lists must have the same length');

export const historyFile = z
  .object({
    schema: z.literal(historySchema),
    attempts: z.array(z.object({ placement: z.int().min(1), attempt: z.int().min(1) })).max(maxAttempts),
    points,
    checkpoints: z.array(z.object({ step: whole, attempt: whole, final: z.boolean() })).max(maxMarks),
    nonFinite: z.array(z.object({ step: whole, at: whole })).max(maxMarks),
    /** Whether any point stands for more than one report. */
    merged: z.boolean(),
  })
  .refine(
    ({ attempts, points: lists }) => lists.attempt.every((index) => index < attempts.length),
    'a point names an attempt that is not listed',
  );

export type HistoryFile = z.infer<typeof historyFile>;
export interface AttemptOf {
  placement: number;
  attempt: number;
}

interface Point {
  step: number;
  at: number;
  low: number | null;
  high: number | null;
  speed: number | null;
  attempt: number;
}

/** Gathers reports in bounded memory. */
export class Course {
  readonly #most: number;
  readonly #attempts: AttemptOf[] = [];
  #points: Point[] = [];
  #checkpoints: HistoryFile['checkpoints'] = [];
  readonly #nonFinite: HistoryFile['nonFinite'] = [];
  #merged = false;

  /** `most` points are kept; at least two. */
  constructor(most = maxHistoryPoints, begin?: HistoryFile) {
    this.#most = Math.max(2, Math.min(most, maxHistoryPoints));
    if (!begin) return;
    this.#attempts.push(...begin.attempts);
    this.#points = pointsOf(begin);
    this.#checkpoints = [...begin.checkpoints];
    this.#nonFinite.push(...begin.nonFinite);
    this.#merged = begin.merged;
    this.#bound();
  }

  /** When the newest report was made, in milliseconds; undefined before the first. */
  get newestAt(): number | undefined {
    return this.#points.at(-1)?.at;
  }

  /** One report; the same or an older one than the newest changes nothing. `nonFinite`: its loss is no finite number, and left out. */
  add(of: AttemptOf, { step, loss, samplesPerSecond, at: when }: Progress, nonFinite = false): void {
    const at = Date.parse(when);
    const attempt = this.#attemptOf(of);
    const last = this.#points.at(-1);
    if (attempt === undefined || !Number.isFinite(at) || (last && (at < last.at || (at === last.at && step === last.step))))
      return;
    const value = numberOf(loss);
    if ((nonFinite || (loss !== undefined && value === null)) && this.#nonFinite.length < maxMarks)
      this.#nonFinite.push({ step, at });
    this.#points.push({ step, at, low: value, high: value, speed: numberOf(samplesPerSecond), attempt });
    this.#bound();
  }

  /** A checkpoint that was published. */
  mark(of: AttemptOf, step: number, final: boolean): void {
    const attempt = this.#attemptOf(of);
    if (attempt === undefined || this.#checkpoints.some((one) => one.step === step && one.attempt === attempt)) return;
    this.#checkpoints.push({ step, attempt, final });
    // Every other one of the older half goes: what is near the end is looked at most.
    if (this.#checkpoints.length > maxMarks)
      this.#checkpoints = this.#checkpoints.filter((_, index) => index >= maxMarks / 2 || index % 2 === 0);
  }

  file(): HistoryFile {
    return {
      schema: historySchema,
      attempts: [...this.#attempts],
      points: listsOf(this.#points),
      checkpoints: [...this.#checkpoints],
      nonFinite: [...this.#nonFinite],
      merged: this.#merged,
    };
  }

  #attemptOf({ placement, attempt }: AttemptOf): number | undefined {
    const found = this.#attempts.findIndex((one) => one.placement === placement && one.attempt === attempt);
    if (found >= 0) return found;
    if (this.#attempts.length >= maxAttempts) return undefined;
    return this.#attempts.push({ placement, attempt }) - 1;
  }

  /** Neighbours of one attempt become one point, over the whole course, until there is room. */
  #bound(): void {
    while (this.#points.length > this.#most) {
      const merged: Point[] = [];
      for (let at = 0; at < this.#points.length; at++) {
        const [one, next] = [this.#points[at] as Point, this.#points[at + 1]];
        if (next?.attempt !== one.attempt) merged.push(one);
        else {
          merged.push(together(one, next));
          at++;
        }
      }
      // Where no two neighbours are of one attempt, the oldest go.
      this.#points = merged.length < this.#points.length ? merged : merged.slice(-this.#most);
      this.#merged = true;
    }
  }
}

function together(one: Point, next: Point): Point {
  const present = (values: (number | null)[]) => values.filter((value) => value !== null);
  const lows = present([one.low, next.low]);
  const highs = present([one.high, next.high]);
  const speeds = present([one.speed, next.speed]);
  return {
    step: next.step,
    at: next.at,
    low: lows.length === 0 ? null : Math.min(...lows),
    high: highs.length === 0 ? null : Math.max(...highs),
    speed: speeds.length === 0 ? null : speeds.reduce((sum, value) => sum + value, 0) / speeds.length,
    attempt: next.attempt,
  };
}

function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function pointsOf({ points: lists }: HistoryFile): Point[] {
  return lists.step.map((step, index) => ({
    step,
    at: lists.at[index] ?? 0,
    low: lists.low[index] ?? null,
    high: lists.high[index] ?? null,
    speed: lists.speed[index] ?? null,
    attempt: lists.attempt[index] ?? 0,
  }));
}

function listsOf(all: readonly Point[]): HistoryFile['points'] {
  const column = <K extends keyof Point>(name: K) => all.map((point) => point[name]);
  return {
    step: column('step'),
    at: column('at'),
    low: column('low'),
    high: column('high'),
    speed: column('speed'),
    attempt: column('attempt'),
  };
}

/**
 * Both courses as one, in order of time. Where both know an attempt, `stored` holds up to its own last report of it and `live` from there:
 * what was lost with an attempt after its last checkpoint is in `live` only.
 */
export function joined(stored: HistoryFile, live: HistoryFile): HistoryFile {
  const keyOf = ({ placement, attempt }: AttemptOf) => `${placement}/${attempt}`;
  const attempts = [...stored.attempts];
  const indexes = new Map(attempts.map((one, index) => [keyOf(one), index]));
  for (const one of live.attempts) {
    if (indexes.has(keyOf(one)) || attempts.length >= maxAttempts) continue;
    indexes.set(keyOf(one), attempts.push(one) - 1);
  }
  /** The place of one of `live`'s attempts in the list of both. */
  const moved = (index: number) => {
    const one = live.attempts[index];
    return one && indexes.get(keyOf(one));
  };
  const old = pointsOf(stored);
  const until = new Map<number, number>();
  for (const { attempt, at } of old) until.set(attempt, Math.max(at, until.get(attempt) ?? 0));
  const added = pointsOf(live).flatMap((point) => {
    const attempt = moved(point.attempt);
    return attempt === undefined || point.at <= (until.get(attempt) ?? -1) ? [] : [{ ...point, attempt }];
  });
  const checkpoints = [...stored.checkpoints];
  for (const { step, attempt: index, final } of live.checkpoints) {
    const attempt = moved(index);
    const known = checkpoints.some((one) => one.step === step && one.attempt === attempt);
    if (attempt !== undefined && !known) checkpoints.push({ step, attempt, final });
  }
  const seen = new Set(stored.nonFinite.map(({ at }) => at));
  return new Course(maxHistoryPoints, {
    schema: historySchema,
    attempts,
    points: listsOf([...old, ...added].toSorted((a, b) => a.at - b.at)),
    checkpoints: checkpoints.slice(-maxMarks),
    nonFinite: [...stored.nonFinite, ...live.nonFinite.filter(({ at }) => !seen.has(at))].slice(-maxMarks),
    merged: stored.merged || live.merged,
  }).file();
}

export const emptyHistory = (): HistoryFile => new Course().file();
