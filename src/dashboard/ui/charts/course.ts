/** A training's course made ready to be drawn and told: a line for each attempt, marks, and the same as a sentence and a table. */
import type { CurveView } from '../../view/curve.ts';
import type { WorkRow } from '../../view/work.ts';
import { count, measured, plural } from '../words/number.ts';
import { instant } from '../words/time.ts';

export type Across = 'step' | 'time';

/** What one attempt reported, in order. `x` is steps, or seconds since 1970. */
export interface Line {
  /** Placement and attempt, such as `p1a2`. */
  name: string;
  x: number[];
  step: number[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface Course {
  lines: Line[];
  checkpoints: { x: number; step: number; final: boolean }[];
  nonFinite: { x: number; step: number }[];
  across: Across;
}

/** A report that came with a row after the curve was read. */
export interface Tail {
  attempt: string;
  step: number;
  /** Milliseconds since 1970. */
  at: number;
  loss: number | null;
}

/** What a row says that the curve may not have yet. */
export function tailOf(row: WorkRow): Tail | undefined {
  const { attempt, step, reportedAt, loss } = row;
  if (attempt === undefined || step === undefined || reportedAt === undefined || loss === undefined) return undefined;
  return { attempt, step, at: instant(reportedAt), loss: typeof loss === 'number' ? loss : null };
}

export function courseOf(curve: CurveView | undefined, tail: readonly Tail[], across: Across): Course {
  const lines = new Map<string, Line>();
  const lineOf = (name: string) => {
    const known = lines.get(name);
    if (known) return known;
    const line: Line = { name, x: [], step: [], low: [], high: [] };
    lines.set(name, line);
    return line;
  };
  const add = (name: string, step: number, at: number, low: number | null, high: number | null) => {
    const line = lineOf(name);
    const x = across === 'step' ? step : at / 1000;
    if (x <= (line.x.at(-1) ?? Number.NEGATIVE_INFINITY)) return; // a report that was there already
    line.x.push(x);
    line.step.push(step);
    line.low.push(low);
    line.high.push(high);
  };
  const { points, attempts = [], checkpoints = [], nonFinite = [] } = curve ?? {};
  points?.step.forEach((step, index) => {
    const attempt = attempts[points.attempt[index] ?? -1];
    if (attempt === undefined) return;
    add(nameOf(attempt), step, points.at[index] ?? 0, points.low[index] ?? null, points.high[index] ?? null);
  });
  for (const { attempt, step, at, loss } of tail) add(attempt, step, at, loss, loss);
  const all = [...lines.values()];
  const place = (step: number) => (across === 'step' ? step : timeOf(all, step));
  return {
    lines: all,
    checkpoints: checkpoints.map(({ step, final }) => ({ x: place(step), step, final })),
    nonFinite: nonFinite.map(({ step, at }) => ({ x: across === 'step' ? step : at / 1000, step })),
    across,
  };
}

export const nameOf = ({ placement, attempt }: { placement: number; attempt: number }): string => `p${placement}a${attempt}`;

/** When a step was reached last, or the next one after it. */
function timeOf(lines: readonly Line[], step: number): number {
  for (const line of lines.toReversed()) {
    const index = line.step.findIndex((one) => one >= step);
    if (index >= 0) return line.x[index] ?? 0;
  }
  return lines.at(-1)?.x.at(-1) ?? 0;
}

/** Lists of one length, as the chart takes them: x of all lines, then for each line the middle, the lowest and the highest loss. */
export function aligned({ lines }: Course): [number[], ...(number | null | undefined)[][]] {
  const xs = [...new Set(lines.flatMap((line) => line.x))].toSorted((a, b) => a - b);
  const places = new Map(xs.map((x, index) => [x, index]));
  const columns = lines.flatMap((line) => {
    const [middle, low, high] = [0, 1, 2].map(() => Array.from<number | null | undefined>({ length: xs.length }));
    line.x.forEach((x, index) => {
      const place = places.get(x);
      if (place === undefined || !middle || !low || !high) return;
      const a = line.low[index] ?? null;
      const b = line.high[index] ?? null;
      middle[place] = a === null || b === null ? null : (a + b) / 2;
      low[place] = a;
      high[place] = b;
    });
    return [middle ?? [], low ?? [], high ?? []];
  });
  return [xs, ...columns];
}

export interface Extent {
  x: [number, number];
  y: [number, number];
}

/** What the axes must hold; undefined while there is no finite loss. */
export function extentOf({ lines }: Course): Extent | undefined {
  let extent: Extent | undefined;
  for (const line of lines) {
    line.x.forEach((x, index) => {
      const low = line.low[index] ?? null;
      const high = line.high[index] ?? null;
      if (low === null || high === null) return;
      extent = joined(extent, { x: [x, x], y: [low, high] });
    });
  }
  return extent;
}

/** The axes that hold both. */
export function joined(a: Extent | undefined, b: Extent | undefined): Extent | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    x: [Math.min(a.x[0], b.x[0]), Math.max(a.x[1], b.x[1])],
    y: [Math.min(a.y[0], b.y[0]), Math.max(a.y[1], b.y[1])],
  };
}

export interface Reading {
  attempt: string;
  step: number;
  low: number;
  high: number;
}

/** Every finite reading, in the order in which they were made. */
export function readings({ lines }: Course): Reading[] {
  return lines.flatMap(({ name, step, low, high }) =>
    step.flatMap((one, index) => {
      const a = low[index] ?? null;
      const b = high[index] ?? null;
      return a === null || b === null ? [] : [{ attempt: name, step: one, low: a, high: b }];
    }),
  );
}

/** The chart in one sentence. */
export function told(course: Course): string {
  const all = readings(course);
  const [first] = all;
  const last = all.at(-1);
  if (first === undefined || last === undefined) return 'No loss has been reported yet.';
  const middle = ({ low, high }: Reading) => (low + high) / 2;
  const change = middle(last) < middle(first) ? 'fell' : middle(last) > middle(first) ? 'rose' : 'stayed';
  const course_ =
    all.length === 1
      ? `Loss is ${measured(middle(last))} at step ${count(last.step)}`
      : `Loss ${change} from ${measured(middle(first))} at step ${count(first.step)} to ${measured(middle(last))} at step ${count(last.step)}`;
  const attempts = course.lines.length > 1 ? `, over ${plural(course.lines.length, 'attempt')}` : '';
  const newest = Math.max(...course.checkpoints.map(({ step }) => step));
  const checkpoints =
    course.checkpoints.length === 0
      ? 'no checkpoint yet'
      : `${plural(course.checkpoints.length, 'checkpoint')}, the newest at step ${count(newest)}`;
  const broken = course.nonFinite.length === 0 ? '' : `; not a finite number at ${plural(course.nonFinite.length, 'step')}`;
  return `${course_}${attempts}; ${checkpoints}${broken}.`;
}
