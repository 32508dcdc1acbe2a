/** Concludes an attempt: what its end is called, whether it counts, and when the next one may start. */

import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { AttemptRecord, FailureAction, FailureEvidence, PublishedCheckpoint } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { nextAttempt } from './budget.ts';
import { classify, memberRule } from './classify.ts';
import type { Ending } from './ending.ts';
import type { EventNote } from './observed.ts';
import { lastWords, withRecord } from './record.ts';
import type { FailureVerdict, Verdict } from './rules/rule.ts';
import { rulesFor } from './rules.ts';

export interface Conclusion {
  readonly status: IslandJobStatus;
  readonly events: readonly EventNote[];
}

/** `status` already holds the newest checkpoint and progress of the attempt; `record` is its open record. */
export function conclude(job: IslandJob, status: IslandJobStatus, record: AttemptRecord, end: Ending, now: number): Conclusion {
  const verdict = classify(end, rulesFor(job.spec.failureRules));
  const closed = closedRecord(record, end, verdict, now);
  const { nextAttemptAt: _, ...rest } = status;
  const next: IslandJobStatus = { ...rest, attempts: withRecord(status.attempts, closed) };
  if (verdict.class === 'Succeeded') return succeeded(next, verdict.final, record, now);
  if (end.why === 'Asked') return stopped(next, verdict, record);
  return followed(job, next, closed, end, verdict, now);
}

/** What was asked for is no failure, and whoever asked knows what is next. */
function stopped(status: IslandJobStatus, { message }: FailureVerdict, { number }: AttemptRecord): Conclusion {
  return { status, events: [{ type: 'Normal', reason: 'Stopped', message: `attempt ${number} ended: ${message}` }] };
}

/** What follows a failure: another attempt after its back-off, or none. */
function followed(
  job: IslandJob,
  status: IslandJobStatus,
  closed: AttemptRecord,
  end: Ending,
  verdict: FailureVerdict,
  now: number,
): Conclusion {
  const event: EventNote = {
    type: 'Warning',
    reason: verdict.rule === memberRule ? 'GangMemberFailed' : (verdict.reason ?? verdict.class),
    message: `attempt ${closed.number}: ${verdict.message}`,
  };
  const { status: clean, events } = verdict.class === 'NonFinite' ? quarantine(status) : { status, events: [] };
  const counted: IslandJobStatus = verdict.counted ? { ...clean, restarts: status.restarts + 1 } : clean;
  const known = (action: FailureAction): IslandJobStatus => ({ ...counted, failure: evidenceOf(closed, end, verdict, action) });
  if (verdict.action === 'Fail')
    return {
      status: failed(known('Fail'), verdict.reason ?? verdict.class, verdict.message, now),
      events: [event, ...events],
    };
  const after = nextAttempt(history(counted), verdict.counted, job.spec.retry, now);
  if (after.retry) {
    // Rounded up: the time of the next attempt has whole seconds and must not come before the back-off is over.
    const at = timestamp(now + after.delayMs + (after.delayMs > 0 ? 999 : 0));
    const going = known(verdict.action);
    return { status: after.delayMs > 0 ? { ...going, nextAttemptAt: at } : going, events: [event, ...events] };
  }
  const spent = `${counted.restarts} counted failures, allowed are ${job.spec.retry.maxRestarts}; the last: ${verdict.message}`;
  return {
    status: failed(known('Fail'), 'RestartBudgetSpent', spent, now),
    events: [event, ...events, { type: 'Warning', reason: 'RestartBudgetSpent', message: spent }],
  };
}

const MOST_QUARANTINED = 20;

/** The newest checkpoint is not gone on from any more: what comes of it is not finite. */
function quarantine(status: IslandJobStatus): Conclusion {
  const { checkpoint, quarantined = [] } = status;
  if (checkpoint === undefined || checkpoint.final || quarantined.includes(checkpoint.manifest)) return { status, events: [] };
  return {
    status: { ...status, quarantined: [...quarantined, checkpoint.manifest].slice(-MOST_QUARANTINED) },
    events: [
      {
        type: 'Warning',
        reason: 'CheckpointQuarantined',
        message: `step ${checkpoint.step} is not resumed from any more: ${checkpoint.manifest}`,
      },
    ],
  };
}

function evidenceOf(closed: AttemptRecord, end: Ending, verdict: FailureVerdict, action: FailureAction): FailureEvidence {
  const { node, exitCode, step, finishedAt = '' } = closed;
  // Without a log the kubelet's copy of its last lines is better than nothing.
  const lines = end.lines ?? ownEnd(end)?.message;
  return {
    attempt: closed.number,
    class: verdict.class,
    rule: verdict.rule,
    action,
    counted: verdict.counted,
    ...(node === undefined ? {} : { node }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(step === undefined ? {} : { step }),
    message: verdict.message,
    hint: verdict.hint,
    ...(lines === undefined || lines === '' ? {} : { lines: lastWords(lines, 2048) }),
    ...(end.events === undefined || end.events.length === 0 ? {} : { events: [...end.events] }),
    at: finishedAt,
  };
}

/** As the trainer ended; not what the kubelet makes up for a container that never started or that it has forgotten. */
const ownEnd = ({ trainer }: Ending) => (trainer?.reason === 'ContainerStatusUnknown' ? undefined : trainer);

function history(status: IslandJobStatus) {
  const progressedAttempt = status.checkpoint?.attempt;
  return {
    attempts: status.attempts,
    restarts: status.restarts,
    ...(progressedAttempt === undefined ? {} : { progressedAttempt }),
  };
}

function closedRecord(record: AttemptRecord, end: Ending, verdict: Verdict, now: number): AttemptRecord {
  const exitCode = ownEnd(end)?.exitCode;
  const { step, node } = end;
  return {
    ...record,
    ...(node === undefined ? {} : { node }),
    ...(step === undefined ? {} : { step }),
    ...(exitCode === undefined ? {} : { exitCode }),
    class: verdict.class,
    rule: verdict.rule,
    ...(verdict.class === 'Succeeded' ? {} : { action: verdict.action, counted: verdict.counted }),
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
