/** What a person needs of the failures of a work, taken over from its island before the IslandJob that tells of them goes. Pure. */

import { cut } from '../api/fields.ts';
import type { IslandJob } from '../api/islandjob.ts';
import type { FailureClass } from '../api/reasons.ts';
import { sentences } from '../api/sentences.ts';
import {
  type AttemptRecord,
  askedRule,
  type FailureRecord,
  mostFailures,
  type WorkFailure,
  type WorkStatus,
} from '../api/work.ts';

interface Failed extends AttemptRecord {
  class: FailureClass;
}

/** Its newest failure and the history, with what this IslandJob adds to them. */
export function withFailures(current: WorkStatus, job: IslandJob): Pick<WorkStatus, 'failure' | 'failures'> {
  const failed = failedAttempts(job);
  const newest = failed.at(-1);
  if (!newest) return known(current.failure, current.failures);
  const { placement, island } = job.spec;
  const fresh = failed.map((record) => recordOf(record, placement, island));
  const older = (current.failures ?? []).filter((one) => !fresh.some((two) => same(one, two)));
  const failures = [...older, ...fresh].toSorted((a, b) => a.placement - b.placement || a.attempt - b.attempt);
  const late = (current.failure?.placement ?? 0) > placement;
  const failure = late && current.failure ? current.failure : failureOf(job, newest);
  return { failure, failures: failures.slice(-mostFailures) };
}

/** Attempts that failed, oldest first. */
export function failedAttempts({ status }: IslandJob): Failed[] {
  return (status?.attempts ?? [])
    .filter((one): one is Failed => one.class !== undefined && one.class !== 'Succeeded' && one.rule !== askedRule)
    .toSorted((a, b) => a.number - b.number);
}

function failureOf({ spec, status }: IslandJob, record: Failed): WorkFailure {
  const evidence = status?.failure?.attempt === record.number ? status.failure : undefined;
  const { hint, lines, events } = evidence ?? {};
  return {
    ...record,
    placement: spec.placement,
    island: spec.island,
    ...(hint === undefined ? {} : { hint }),
    ...(lines === undefined ? {} : { lines }),
    ...(events === undefined ? {} : { events }),
  };
}

function recordOf(record: Failed, placement: number, island: string): FailureRecord {
  const { number: attempt, class: kind, rule, node, exitCode, step, message, finishedAt } = record;
  return {
    placement,
    attempt,
    island,
    class: kind,
    ...(rule === undefined ? {} : { rule }),
    ...(node === undefined ? {} : { node }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(step === undefined ? {} : { step }),
    ...(message === undefined ? {} : { message: cut(message, 256) }),
    ...(finishedAt === undefined ? {} : { at: finishedAt }),
  };
}

const same = (a: FailureRecord, b: FailureRecord) => a.placement === b.placement && a.attempt === b.attempt;

function known(failure: WorkFailure | undefined, failures: FailureRecord[] | undefined) {
  return { ...(failure ? { failure } : {}), ...(failures ? { failures } : {}) };
}

const stoppedByUs = new Set<FailureClass>(['NoProgress', 'NonFinite']);

/** `attempt 2 of placement 1 failed on node n1 of island west at step 120: Crash (exit code 1): it broke`. */
export function failureText(failure: WorkFailure): string {
  const { number, placement, island, node, step, class: kind, exitCode, message } = failure;
  const where = [node && `node ${node}`, island && `island ${island}`].filter(Boolean).join(' of ');
  const when = step === undefined ? '' : ` at step ${step}`;
  // Who was stopped by the island ends with whatever that brought.
  const code = exitCode === undefined || stoppedByUs.has(kind) ? '' : ` (exit code ${exitCode})`;
  const which = placement === undefined ? '' : ` of placement ${placement}`;
  return `attempt ${number}${which} failed${where && ` on ${where}`}${when}: ${kind}${code}${message ? `: ${message}` : ''}`;
}

const follows: Record<NonNullable<AttemptRecord['action']>, string> = {
  Retry: 'Another attempt follows, from the newest checkpoint that verifies',
  RetryInPlace: 'Another attempt follows on the same node if it has room, from the newest checkpoint that verifies',
  RetryElsewhere: 'Another attempt follows on another node, from the newest checkpoint that verifies',
  Fail: 'It is not tried again by itself',
};

const furtherBack = 'Another attempt follows, from one checkpoint further back';

/** The same as sentences: what happened, what is done about it, and what a person can do. */
export function failureStory(failure: WorkFailure): string {
  const { action, class: kind, hint } = failure;
  const back = kind === 'NonFinite' && action === 'Retry';
  return sentences(failureText(failure), back ? furtherBack : action && follows[action], hint);
}
