/** Progress for people: shares, rates and the time left. Nothing here decides anything. */
import { displayDuration } from '../api/duration.ts';
import type { Progress, WorkStatus } from '../api/work.ts';

/** `73%` of the steps, undefined while the trainer has not said how many there are. */
export function percentText(progress: Progress | undefined): string | undefined {
  const share = shareOf(progress);
  return share === undefined ? undefined : `${Math.floor(share * 100)}%`;
}

/** Of the steps, from 0 to 1; undefined while the trainer has not said how many there are. */
export function shareOf(progress: Progress | undefined): number | undefined {
  if (!progress?.steps) return undefined;
  return Math.min(1, progress.step / progress.steps);
}

/** `Running 40%`, or the state alone. */
export function workText(work: WorkStatus): string {
  const percent = work.state === 'Accepted' ? undefined : percentText(work.progress);
  return percent === undefined ? work.state : `${work.state} ${percent}`;
}

/** Mean share over all works; one without progress counts as not begun. Undefined when nothing is known of any. */
export function overallPercent(works: readonly (WorkStatus | undefined)[]): string | undefined {
  const shares = works.map((work) => (work?.state === 'Accepted' ? 1 : shareOf(work?.progress)));
  if (shares.every((share) => share === undefined)) return undefined;
  return `${Math.floor((100 * shares.reduce<number>((sum, share) => sum + (share ?? 0), 0)) / shares.length)}%`;
}

/** What is left of one work in steps, and how fast it goes in steps per millisecond. */
export interface Remaining {
  steps: number | undefined;
  rate: number | undefined;
}

/**
 * Milliseconds until all are done: the slowest alone, or everything that is left at the speed of those that run now, whichever
 * is longer; so works that still wait for room count too. A work that has not said its steps counts like the longest known.
 */
export function timeLeft(works: readonly Remaining[]): number | undefined {
  const rates = works.reduce((sum, { rate }) => sum + (rate ?? 0), 0);
  if (works.length === 0) return 0;
  if (rates === 0) return undefined;
  const longest = Math.max(0, ...works.map(({ steps }) => steps ?? 0));
  const all = works.reduce((sum, { steps }) => sum + (steps ?? longest), 0);
  const alone = works.flatMap(({ steps, rate }) => (steps !== undefined && rate ? [steps / rate] : []));
  return Math.max(all / rates, ...alone);
}

export function etaText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : displayDuration(ms);
}

interface Sample {
  run: string;
  from: Progress;
  to: Progress;
}

/** Measures speeds from the reports that pass by; after a restart it measures anew. */
export interface Meter {
  /** What is left of a work whose steps are known. `id` is unique to the work. */
  remaining(id: string, work: WorkStatus | undefined): Remaining;
  forget(id: string): void;
}

const mostMeasured = 16_384;

export function createMeter(): Meter {
  const samples = new Map<string, Sample>();

  function rateOf(id: string, work: WorkStatus, progress: Progress): number | undefined {
    const run = `p${work.placement}a${work.attempt}`;
    const known = samples.get(id);
    const same = known?.run === run && progress.step >= known.to.step ? known : undefined;
    const sample = { run, from: same?.from ?? progress, to: progress };
    samples.delete(id);
    samples.set(id, sample);
    if (samples.size > mostMeasured) samples.delete(samples.keys().next().value ?? '');
    const measured = speed(sample.from.step, Date.parse(sample.from.at), progress);
    if (measured !== undefined) return measured;
    // One report only: the average since the first start holds as long as nothing was repeated.
    const first = work.placement === 1 && work.attempt === 1 ? work.startedAt : undefined;
    return first === undefined ? undefined : speed(0, Date.parse(first), progress);
  }

  return {
    remaining(id, work) {
      const progress = work?.progress;
      if (!work || !progress) return { steps: undefined, rate: undefined };
      const steps = progress.steps === undefined ? undefined : Math.max(0, progress.steps - progress.step);
      return { steps, rate: work.state === 'Running' ? rateOf(id, work, progress) : undefined };
    },
    forget: (id) => {
      samples.delete(id);
    },
  };
}

/** Steps per millisecond since an earlier report. */
function speed(step: number, at: number, progress: Progress): number | undefined {
  const [steps, ms] = [progress.step - step, Date.parse(progress.at) - at];
  return steps > 0 && ms > 0 ? steps / ms : undefined;
}
