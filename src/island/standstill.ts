/** Whether a running attempt gets anywhere: steps, checkpoints that can be published, and a loss that is a number. */
import { restoreExitCodes } from '../api/courier.ts';
import type { OpenAttempt, Over } from './attempt.ts';
import { type Due, nextDue } from './clocks.ts';
import { parseResult } from './ending.ts';
import type { Observed } from './observed.ts';
import { container, endOf, startedAt } from './podview.ts';

/** The clock of the attempt that runs out first; undefined while it does not run, or is not heard. */
export function dueOf({ phase, main, record }: OpenAttempt, { report, job }: Observed, now: number): Due | undefined {
  const started = Date.parse((main && startedAt(main)) ?? '');
  if (phase !== 'Running' || report?.attempt !== record.number || report.seenAt === undefined || !Number.isFinite(started))
    return undefined;
  return nextDue({ spec: job.spec, startedAt: started, report: report.report, seenAt: report.seenAt }, now);
}

/** What a courier cannot publish now and twice again will never be published: what stands in the store is not overwritten. */
const TRIES = 3;

/** What the courier said, when it keeps ending because its keys hold other bytes; the kubelet would start it again for ever. */
function barredBy({ main }: OpenAttempt): string | undefined {
  if (main === undefined || (container(main, 'courier')?.restartCount ?? 0) < TRIES) return undefined;
  const end = endOf(main, 'courier');
  if (end?.exitCode !== restoreExitCodes.attemptTaken) return undefined;
  return parseResult(end.message)?.message ?? 'other bytes stand in the store under a key of this attempt';
}

/** Why the attempt is stopped although it runs; undefined while it may go on. */
export function standstill(attempt: OpenAttempt, observed: Observed, now: number): Over | undefined {
  const { phase, record } = attempt;
  if (phase !== 'Running') return undefined;
  const barred = barredBy(attempt);
  if (barred !== undefined) return { why: 'Barred', detail: `the courier ended ${TRIES} times: ${barred}` };
  const told = observed.report?.attempt === record.number ? observed.report.report : undefined;
  if (told === undefined) return undefined;
  if (told.nonFiniteStep !== undefined)
    return { why: 'NonFinite', detail: `the loss is NaN or infinite since step ${told.nonFiniteStep}` };
  const due = dueOf(attempt, observed, now);
  return due !== undefined && due.left <= 0 ? { why: 'Stalled', detail: due.words } : undefined;
}
