/** The three clocks of a running trainer: to its first step, to the next step, to the next checkpoint. Pure. */
import type { CourierReport } from '../api/courier.ts';
import { displayDuration, parseDuration } from '../api/duration.ts';
import type { IslandJobSpec } from '../api/islandjob.ts';

export type ClockName = 'firstStep' | 'step' | 'checkpoint';

/** Limits in ms; a clock without a limit does not run. */
export type ClockLimits = Readonly<Partial<Record<ClockName, number>>>;

const MINUTE = 60_000;
const defaults = { firstStep: 30 * MINUTE, step: 10 * MINUTE, checkpoint: 120 * MINUTE } as const;
/** A default is at least so many times the longest that was measured. */
const TIMES = 3;
/** An older report says nothing of now: whoever does not answer is not therefore standing still. */
const FRESH_MS = 30_000;

type Limited = Pick<IslandJobSpec, 'role' | 'stall'>;

/** What is known when the attempt starts; `pace` is what its courier has measured since. */
export function clockLimits({ role, stall }: Limited, pace?: CourierReport['pace']): ClockLimits {
  const given = (name: ClockName) => (stall[name] === undefined ? undefined : parseDuration(stall[name]));
  const limits = { firstStep: given('firstStep'), step: given('step'), checkpoint: given('checkpoint') };
  // A partition or an evaluation may have one long step: only who asks for limits gets them.
  if (role === 'Expert' || role === 'Router') {
    limits.step ??= Math.max(defaults.step, TIMES * (pace?.slowestStepMs ?? 0));
    limits.firstStep ??= Math.max(defaults.firstStep, given('step') ?? 0);
    // A trainer that saves nothing before its end is not held to a rhythm that it never had.
    if (pace !== undefined && pace.slowestCheckpointMs > 0)
      limits.checkpoint ??= Math.max(defaults.checkpoint, TIMES * pace.slowestCheckpointMs, limits.step);
  }
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
}

export interface Running {
  readonly spec: Limited;
  /** When the trainer's container started (ms). */
  readonly startedAt: number;
  readonly report: CourierReport;
  /** When the report came (ms). */
  readonly seenAt: number;
}

export interface Due {
  /** Milliseconds until a clock runs out; 0 or less: it has. */
  readonly left: number;
  /** What did not come, in words. */
  readonly words: string;
}

const what = { firstStep: 'no first step', step: 'no step', checkpoint: 'no checkpoint' } as const;

/** The clock that runs out first; undefined while none runs. */
export function nextDue({ spec, startedAt, report, seenAt }: Running, now: number): Due | undefined {
  const { pace, progress, checkpoint, pending, phase } = report;
  const age = now - seenAt;
  if (pace === undefined || phase === 'Waiting' || phase === 'Done' || age > FRESH_MS) return undefined;
  // It waits for what it saved to be published, or is done and may take its time: a final has no limit.
  if (pending > 0 || phase === 'Publishing' || isDone(progress)) return undefined;
  const limits = clockLimits(spec, pace);
  const started = progress !== undefined || checkpoint !== undefined;
  const clocks: [ClockName, number][] = started
    ? [
        ...(progress ? [['step', pace.sinceStepMs + age] as [ClockName, number]] : []),
        ['checkpoint', pace.sinceCheckpointMs + age],
      ]
    : // The image of the trainer may have been pulled after restore was done; its own start is what counts.
      [['firstStep', Math.min(pace.sinceStepMs + age, now - startedAt)]];
  const dues = clocks.flatMap(([name, elapsed]) => {
    const limit = limits[name];
    const at = progress === undefined || name === 'firstStep' ? '' : ` after step ${progress.step}`;
    return limit === undefined
      ? []
      : [
          {
            left: limit - elapsed,
            words: `${what[name]}${at} for ${displayDuration(elapsed)} (the limit is ${displayDuration(limit)})`,
          },
        ];
  });
  return dues.toSorted((a, b) => a.left - b.left)[0];
}

function isDone(progress: CourierReport['progress']): boolean {
  return progress?.steps !== undefined && progress.step >= progress.steps;
}
