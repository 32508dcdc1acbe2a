/** Concludes an attempt: what its end is called, whether it counts, and when the next one may start. */

import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { AttemptRecord, PublishedCheckpoint } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { nextAttempt } from './budget.ts';
import { classify, memberRule, type Verdict } from './classify.ts';
import type { Ending } from './ending.ts';
import type { EventNote } from './observed.ts';
import { withRecord } from './record.ts';

export interface Conclusion {
  readonly status: IslandJobStatus;
  readonly events: readonly EventNote[];
}

/** `status` already holds the newest checkpoint and progress of the attempt; `record` is its open record. */
export function conclude(job: IslandJob, status: IslandJobStatus, record: AttemptRecord, end: Ending, now: number): Conclusion {
  const verdict = classify(end);
  const closed = closedRecord(status, record, end, verdict, now);
  const { nextAttemptAt: _, ...rest } = status;
  const next: IslandJobStatus = { ...rest, attempts: withRecord(status.attempts, closed) };
  if (verdict.class === 'Succeeded') return succeeded(next, verdict.final, record, now);
  const event: EventNote = {
    type: 'Warning',
    reason: verdict.rule === memberRule ? 'GangMemberFailed' : (verdict.reason ?? verdict.class),
    message: `attempt ${record.number}: ${verdict.message}`,
  };
  if (verdict.action === 'Fail')
    return { status: failed(next, verdict.reason ?? verdict.class, verdict.message, now), events: [event] };
  const counted: IslandJobStatus = verdict.counted ? { ...next, restarts: status.restarts + 1 } : next;
  if (end.why === 'Asked')
    return {
      status: counted,
      events: [{ type: 'Normal', reason: 'Stopped', message: `attempt ${record.number} ended: ${verdict.message}` }],
    };
  const after = nextAttempt(history(counted), verdict.counted, job.spec.retry, now);
  if (after.retry) {
    // Rounded up: the time of the next attempt has whole seconds and must not come before the back-off is over.
    const at = timestamp(now + after.delayMs + (after.delayMs > 0 ? 999 : 0));
    return { status: after.delayMs > 0 ? { ...counted, nextAttemptAt: at } : counted, events: [event] };
  }
  const spent = `${counted.restarts} counted failures, allowed are ${job.spec.retry.maxRestarts}; the last: ${verdict.message}`;
  return {
    status: failed(counted, 'RestartBudgetSpent', spent, now),
    events: [event, { type: 'Warning', reason: 'RestartBudgetSpent', message: spent }],
  };
}

function history(status: IslandJobStatus) {
  const progressedAttempt = status.checkpoint?.attempt;
  return {
    attempts: status.attempts,
    restarts: status.restarts,
    ...(progressedAttempt === undefined ? {} : { progressedAttempt }),
  };
}

function closedRecord(status: IslandJobStatus, record: AttemptRecord, end: Ending, verdict: Verdict, now: number): AttemptRecord {
  const exitCode = end.trainer?.exitCode;
  const { progress } = status;
  const ofThis = progress && record.startedAt !== undefined && Date.parse(progress.at) >= Date.parse(record.startedAt);
  return {
    ...record,
    ...(ofThis ? { step: progress.step } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    class: verdict.class,
    rule: verdict.rule,
    message: verdict.message,
    finishedAt: end.trainer?.finishedAt ?? timestamp(now),
  };
}

function succeeded(status: IslandJobStatus, final: PublishedCheckpoint, record: AttemptRecord, now: number): Conclusion {
  const message = `attempt ${record.number} published ${final.manifest} (${final.digest})`;
  // The courier was asked a moment before its last step; the manifest knows better how far it came.
  const { progress } = status;
  const last = progress && progress.step < final.step ? { progress: { ...progress, step: final.step, at: final.at } } : {};
  return {
    status: { ...status, ...last, output: final, checkpoint: final, finishedAt: timestamp(now) },
    events: [{ type: 'Normal', reason: 'Succeeded', message }],
  };
}

/** Failed for good, with the reason and message that stay. */
export function failed(status: IslandJobStatus, reason: Reason, message: string, now: number): IslandJobStatus {
  return { ...status, state: 'Failed', reason, message: message.slice(0, 1024), finishedAt: timestamp(now) };
}
