/** Whether a running attempt gets anywhere, by the newest report of its courier: steps, checkpoints, and a loss that is a number. */
import type { OpenAttempt, Over } from './attempt.ts';
import { type Due, nextDue } from './clocks.ts';
import type { Observed } from './observed.ts';
import { startedAt } from './podview.ts';

/** The clock of the attempt that runs out first; undefined while it does not run, or is not heard. */
export function dueOf({ phase, main, record }: OpenAttempt, { report, job }: Observed, now: number): Due | undefined {
  const started = Date.parse((main && startedAt(main)) ?? '');
  if (phase !== 'Running' || report?.attempt !== record.number || report.seenAt === undefined || !Number.isFinite(started))
    return undefined;
  return nextDue({ spec: job.spec, startedAt: started, report: report.report, seenAt: report.seenAt }, now);
}

/** Why the attempt is stopped although it runs; undefined while it may go on. */
export function standstill(attempt: OpenAttempt, observed: Observed, now: number): Over | undefined {
  const { phase, record } = attempt;
  const told = observed.report?.attempt === record.number ? observed.report.report : undefined;
  if (phase !== 'Running' || told === undefined) return undefined;
  if (told.nonFiniteStep !== undefined)
    return { why: 'NonFinite', detail: `the loss is NaN or infinite since step ${told.nonFiniteStep}` };
  const due = dueOf(attempt, observed, now);
  return due !== undefined && due.left <= 0 ? { why: 'Stalled', detail: due.words } : undefined;
}
