/** Decides what is next for one IslandJob: a pure function from what was observed to actions and a status. */
import { parseDuration } from '../api/duration.ts';
import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import { finalizers } from '../api/labels.ts';
import type { AttemptRecord } from '../api/work.ts';
import {
  askedToEnd,
  endingActions,
  isOver,
  isProvenEnded,
  lingersUntil,
  type OpenAttempt,
  type Over,
  openAttempt,
  publishingUntil,
  queuedUntil,
} from './attempt.ts';
import { provenFinal } from './classify.ts';
import { conclude, failed } from './conclude.ts';
import { gangEnding } from './gangending.ts';
import { hasFinalizer, isDeleting } from './jobview.ts';
import { leftovers } from './leftovers.ts';
import { finish, noteAttempt, stopProof } from './note.ts';
import { type Action, type Decision, type EventNote, emptyStatus, type Limits, type Observed } from './observed.ts';
import { openRecord, withRecord } from './record.ts';
import { dueOf, standstill } from './standstill.ts';
import { start, unknownToHub } from './start.ts';
import { type AttemptStanding, type Held, standing } from './state.ts';
import { eventsBetween } from './told.ts';

const EVENTS_EVERY_MS = 16_000;
const CLOCKS_EVERY_MS = 30_000;

interface Outcome {
  readonly actions?: readonly Action[];
  readonly status: IslandJobStatus;
  readonly attempt?: AttemptStanding;
  readonly remains?: boolean;
  readonly held?: Held;
  readonly events?: readonly EventNote[];
  readonly again?: number | undefined;
}

export function decide(observed: Observed, now: number, limits: Limits): Decision {
  const { job } = observed;
  const before: IslandJobStatus = { ...emptyStatus(), ...job.status };
  if (!hasFinalizer(job, finalizers.island)) {
    // Nothing is made before the finalizer is stored: it is what brings us back to take it away. Its own write wakes us.
    const actions: Action[] = isDeleting(job) ? [] : [{ type: 'AddFinalizer' }];
    return { type: 'Act', actions, status: job.status ?? before, events: [] };
  }
  const record = openRecord(before.attempts);
  const outcome = record ? withOpen(observed, before, record, now, limits) : withoutOpen(observed, before, now);
  if ('type' in outcome) return outcome;
  // Nothing is taken away on the word of a cache: it may be behind in one kind and ahead in another.
  if (!observed.live && outcome.actions?.some(({ type }) => type !== 'CreateAttempt')) return { type: 'Look', at: 'Live' };
  return settle(observed, before, outcome, now, limits);
}

/** Turns an outcome into the decision: standing, progress, and when to look again. */
function settle(observed: Observed, before: IslandJobStatus, outcome: Outcome, now: number, limits: Limits): Decision {
  const { job, report } = observed;
  const { status, attempt, remains = false, held } = outcome;
  const where = standing({
    spec: job.spec,
    status,
    deleting: isDeleting(job),
    remains,
    ...(attempt ? { attempt } : {}),
    ...(held ? { held } : {}),
  });
  const progress = attempt && report?.attempt === attempt.number ? report.report.progress : undefined;
  const { generation } = job.metadata;
  const finished = finish(before, status, where, {
    now,
    progressIntervalMs: limits.progressIntervalMs,
    ...(progress ? { progress } : {}),
    ...(generation === undefined ? {} : { generation }),
  });
  const times = [outcome.again, finished.again].filter((ms) => ms !== undefined);
  return {
    type: 'Act',
    actions: outcome.actions ?? [],
    status: finished.status,
    events: [...(outcome.events ?? []), ...eventsBetween(before, finished.status, observed)],
    ...(times.length === 0 ? {} : { again: Math.max(0, Math.min(...times)) }),
  };
}

/** What the state says while an attempt is being ended; what was asked and what is broken come with their own words. */
const endingWords: Readonly<Record<Over['why'], string>> = {
  Asked: 'it was asked to stop',
  Broken: 'a container cannot be created',
  Unqueued: 'its queue has not admitted it in time',
  Stalled: 'it made no progress in time',
  NonFinite: 'its loss is not finite',
  Barred: 'its keys in the store hold other bytes',
  Finished: 'its containers have ended',
  JobDeleted: 'its Job was deleted',
  JobSuspended: 'its Job was suspended',
  JobGone: 'its Job is gone',
};

/** Ends that are written down as a rule before the Job is deleted: afterwards nothing in Job or pod says why. */
const marks: Partial<Record<Over['why'], string>> = {
  Broken: 'configuration-deadline',
  Unqueued: 'queue-deadline',
  Stalled: 'no-progress',
  NonFinite: 'not-finite',
  Barred: 'keys-taken',
};
const markedBy = new Map(Object.entries(marks).map(([why, rule]) => [rule, why as Over['why']]));

function marked({ rule, message = '' }: AttemptRecord): Over | undefined {
  return rule === undefined ? undefined : { why: markedBy.get(rule) ?? 'Broken', detail: message };
}

function withOpen(
  observed: Observed,
  before: IslandJobStatus,
  record: AttemptRecord,
  now: number,
  limits: Limits,
): Outcome | Decision {
  const { job } = observed;
  const attempt = openAttempt(observed, record);
  const { actions: rest } = leftovers(observed, record.number, record.number, false);
  const trouble = observed.report?.attempt === record.number ? observed.report.report.trouble : undefined;
  const at = (ending?: string): AttemptStanding => ({
    number: record.number,
    phase: record.jobUid === undefined ? 'Uncreated' : attempt.phase,
    ...(ending === undefined ? {} : { ending }),
    ...(attempt.waiting ? { waiting: attempt.waiting } : {}),
    ...(trouble ? { trouble } : {}),
  });

  if (record.jobUid === undefined) {
    const uid = attempt.kubeJob?.metadata.uid;
    // Made by us before we could write down its uid: it is taken as ours.
    if (uid !== undefined)
      return {
        status: { ...before, attempts: withRecord(before.attempts, { ...record, jobUid: uid }) },
        attempt: at(),
        actions: rest,
        again: 0,
      };
    const asked = askedToEnd(job, now);
    if (asked === undefined) {
      const held = unknownToHub(job);
      if (held) return { status: before, attempt: at(), actions: rest, held };
      // What is left of earlier attempts waits until this one is under way: nothing waits for that, and the training waits for this.
      return { status: before, attempt: at(), actions: [{ type: 'CreateAttempt', attempt: record.number }] };
    }
    return observed.live ? end(observed, before, attempt, { why: 'Asked', detail: asked }, now) : { type: 'Look', at: 'Live' };
  }

  const noted = noteAttempt(before, attempt, observed);
  const over = marked(record) ?? isOver(attempt, observed, limits, now) ?? standstill(attempt, observed, now);
  if (over === undefined) {
    const going = attempt.main && isDeleting(attempt.main) ? 'its pod was deleted' : undefined;
    return { status: noted, attempt: at(going), actions: rest, again: wakeUp(observed, attempt, limits, now) };
  }
  if (!observed.live) return { type: 'Look', at: 'Live' };
  const rule = marks[over.why];
  // The kubelet throws the log away with a pod that is deleted, and the stacks of what stands still are in it: it is read before.
  const stopping = over.why === 'Stalled' || over.why === 'NonFinite';
  if (stopping && record.rule === undefined && observed.evidence === undefined) return { type: 'Look', at: 'Evidence' };
  if (rule !== undefined && record.rule === undefined) {
    const noting = { ...(openRecord(noted.attempts) ?? record), rule, message: (over.detail ?? '').slice(0, 512) };
    return {
      status: { ...noted, attempts: withRecord(noted.attempts, noting) },
      attempt: at(over.detail),
      actions: rest,
      again: 0,
    };
  }
  const ending = over.detail ?? endingWords[over.why];
  const until = over.why === 'Asked' ? publishingUntil(attempt, observed) : undefined;
  if (until !== undefined && until > now)
    return { status: noted, attempt: { ...at(ending), phase: 'Publishing' }, actions: rest, again: until - now };
  if (isProvenEnded(attempt, observed)) return end(observed, noted, attempt, over, now);
  const grace =
    over.why === 'Stalled' || over.why === 'Barred' ? Math.ceil(parseDuration(job.spec.grace.save) / 1000) : undefined;
  return { status: noted, attempt: at(ending), actions: [...rest, ...endingActions(attempt, observed, grace)] };
}

/** When time alone may change the decision about an attempt that goes on. */
function wakeUp(observed: Observed, attempt: OpenAttempt, limits: Limits, now: number): number | undefined {
  const { job } = observed;
  const { waiting, phase } = attempt;
  const ends = [queuedUntil(attempt, job), lingersUntil(attempt, observed)].flatMap((due) => due ?? []);
  const times = [
    ...ends.map((due) => due - now),
    // Events wake nobody; while a pod does not come up they are read now and then.
    ...(phase === 'NoPod' || phase === 'Starting' ? [EVENTS_EVERY_MS] : []),
    ...(phase === 'Running' && observed.report ? [clockTime(attempt, observed, now)] : []),
    ...(waiting?.broken ? [waiting.since + limits.configurationDeadlineMs - now] : []),
    ...(job.spec.deadline === undefined ? [] : [Date.parse(job.spec.deadline) - now]),
  ];
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
}

/** A courier that is not heard for a moment, or publishes, is looked at again: what it says then may be no news, and wakes nobody. */
function clockTime(attempt: OpenAttempt, observed: Observed, now: number): number {
  return Math.max(1_000, dueOf(attempt, observed, now)?.left ?? CLOCKS_EVERY_MS);
}

function end(observed: Observed, status: IslandJobStatus, attempt: OpenAttempt, over: Over, now: number): Outcome | Decision {
  const { job, report, evidence } = observed;
  const record = openRecord(status.attempts) ?? attempt.record;
  const told = report?.attempt === record.number ? report.report : undefined;
  const facts = gangEnding(attempt, observed, {
    ...over,
    ...givenOf(job, status, record),
    ...(told?.final ? { reportedFinal: told.final } : {}),
    ...(told?.progress ? { step: told.nonFiniteStep ?? told.progress.step } : {}),
    ...(evidence ? { ...evidence, events: [...evidence.events, ...evidence.nodeEvents].slice(0, 5) } : {}),
  });
  // What was asked for needs no explanation, and of a success nothing else matters.
  if (evidence === undefined && over.why !== 'Asked' && attempt.main !== undefined && !provenFinal(facts))
    return { type: 'Look', at: 'Evidence' };
  const latest = told?.progress ? { ...status, progress: told.progress } : status;
  const { status: concluded, events } = conclude(job, latest, record, facts, now);
  // The record is stored before anything of the attempt is taken away; the write itself brings us back to do that.
  return { status: concluded, events, again: 0 };
}

/** What the rules are told besides how the pod ended. */
function givenOf({ spec }: IslandJob, { attempts, progress, checkpoint }: IslandJobStatus, record: AttemptRecord) {
  const { memory, scratch, gpus = 0 } = spec.container.resources;
  const ofThis = progress && record.startedAt !== undefined && Date.parse(progress.at) >= Date.parse(record.startedAt);
  return {
    workPrefix: spec.output.prefix,
    placement: spec.placement,
    attempt: record.number,
    past: attempts.filter(({ number }) => number < record.number),
    ...(checkpoint ? { checkpointAttempt: checkpoint.attempt } : {}),
    gpus,
    limits: { memory, ...(scratch === undefined ? {} : { scratch }) },
    ...(ofThis ? { step: progress.step } : {}),
  };
}

function withoutOpen(observed: Observed, before: IslandJobStatus, now: number): Outcome | Decision {
  const { job, live } = observed;
  const deleting = isDeleting(job);
  const { actions, running: remains, any } = leftovers(observed, undefined, before.attempt, deleting);
  const look: Decision = { type: 'Look', at: 'Live' };
  if (deleting) {
    if (any) return { status: before, actions, remains };
    return live ? { type: 'Act', actions: [{ type: 'DropFinalizer' }], status: before, events: [] } : look;
  }
  if (job.spec.stop && !before.stopped && !remains) {
    if (!live) return look;
    return {
      status: stopProof(before, now),
      actions,
      events: [{ type: 'Normal', reason: 'Stopped', message: 'nothing of this placement runs or ever will' }],
    };
  }
  const terminal = before.output !== undefined || before.state === 'Failed' || job.spec.stop;
  if (terminal || remains) return { status: before, actions, remains };
  const asked = askedToEnd(job, now);
  if (asked !== undefined && !job.spec.suspend) {
    return {
      status: failed(before, 'DeadlineExceeded', asked, now),
      actions,
      events: [{ type: 'Warning', reason: 'DeadlineExceeded', message: asked }],
    };
  }
  if (job.spec.suspend) return { status: before, actions };
  const due = before.nextAttemptAt === undefined ? now : Date.parse(before.nextAttemptAt);
  if (due > now) return { status: before, actions, again: due - now };
  const step = start(observed, before, now);
  switch (step.next) {
    case 'Check':
      return { type: 'Look', at: 'PodCheck' };
    case 'Wait':
      return { status: before, actions, held: step.held, again: step.again };
    case 'Fail':
      return { status: step.status, actions, events: step.events };
    default:
      // The Job is made only after its number is stored; whether anything of the last attempt is still there is not asked of a cache.
      if (actions.length > 0 && !live) return look;
      return { ...step, attempt: { number: step.number, phase: 'Uncreated' }, again: 0 };
  }
}
