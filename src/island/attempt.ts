/** The open attempt: which pod speaks for it, whether it is over, and what brings it to its end. */

import { restoreExitCodes } from '../api/courier.ts';
import { displayDuration, parseDuration } from '../api/duration.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { attemptName } from '../api/names.ts';
import type { AttemptRecord } from '../api/work.ts';
import type { Job, Pod } from '../kube/core.ts';
import type { EndReason } from './ending.ts';
import { isGang } from './gang.ts';
import { attemptOf, indexOf, isDeleting, isFinished, ownedBy } from './jobview.ts';
import { failedMember, slowest } from './members.ts';
import type { Action, Limits, Observed } from './observed.ts';
import { endOf, hasEnded, type PodPhase, phaseOf, type Waiting, waitingFor } from './podview.ts';
import { openRecord } from './record.ts';

export interface OpenAttempt {
  readonly record: AttemptRecord;
  /** The recorded Job; undefined when it is gone. Before one is recorded: the one of the attempt's name. */
  readonly kubeJob?: Job;
  /** All pods with the attempt's number, those made by hand included. */
  readonly pods: readonly Pod[];
  readonly own: readonly Pod[];
  /** The pod that speaks for the attempt: of a gang, pod 0. */
  readonly main?: Pod;
  /** The member of a gang that brought it down. */
  readonly failed?: Pod;
  readonly phase: PodPhase | 'NoPod' | 'Queued';
  readonly waiting?: Waiting;
}

export interface Over {
  readonly why: EndReason;
  readonly detail?: string;
}

/** What the attempt waits for comes from this pod. */
function slowPod(main: Pod, own: readonly Pod[], lostNodes: ReadonlySet<string>): Pod {
  const behind = own.find((pod) => waitsBroken(pod, lostNodes)) ?? slowest(own, lostNodes);
  return behind ?? main;
}

function waitsBroken(pod: Pod, lostNodes: ReadonlySet<string>): boolean {
  return ['Unscheduled', 'Starting'].includes(phaseOf(pod, lostNodes)) && waitingFor(pod)?.broken === true;
}

/** The pod already recorded, unless it turned out not to hold the claim; else the one that may hold it; else the newest. */
function mainPod(record: AttemptRecord, pods: readonly Pod[]): Pod | undefined {
  const holds = (pod: Pod) => endOf(pod, 'restore')?.exitCode !== restoreExitCodes.attemptTaken;
  const newest = pods.toSorted((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
  return newest.find((pod) => pod.metadata.uid === record.podUid && holds(pod)) ?? newest.findLast(holds) ?? newest.at(-1);
}

export function openAttempt(observed: Observed, record: AttemptRecord): OpenAttempt {
  const { job } = observed;
  const name = attemptName(job.metadata.name, record.number);
  const named = observed.kubeJobs.find(({ metadata }) => metadata.name === name);
  const kubeJob = record.jobUid === undefined || named?.metadata.uid === record.jobUid ? named : undefined;
  const pods = observed.pods.filter((pod) => attemptOf(pod) === record.number);
  const jobUid = record.jobUid ?? kubeJob?.metadata.uid;
  const own = jobUid === undefined ? [] : pods.filter((pod) => ownedBy(pod, jobUid));
  const main = mainPod(
    record,
    (own.length > 0 ? own : pods).filter((pod) => indexOf(pod) === 0),
  );
  const queued = kubeJob?.spec.suspend === true && pods.length === 0;
  const gang = isGang(job);
  const slow = main && gang ? slowPod(main, own, observed.lostNodes) : main;
  const phase = queued ? 'Queued' : phaseOfAll(main, slow, gang && own.length < job.spec.nodes, observed.lostNodes);
  const waiting = waitingOf(slow, phase, observed);
  const failed = gang ? failedMember(own, observed.lostNodes) : undefined;
  return {
    record,
    pods,
    own,
    phase,
    ...(kubeJob ? { kubeJob } : {}),
    ...(main ? { main } : {}),
    ...(failed ? { failed } : {}),
    ...(waiting ? { waiting } : {}),
  };
}

/** A gang is where its pod 0 is, but no further than the last of those that still have to come up. */
function phaseOfAll(main: Pod | undefined, slow: Pod | undefined, some: boolean, lostNodes: ReadonlySet<string>) {
  if (main === undefined || slow === undefined) return 'NoPod';
  const phase = phaseOf(main, lostNodes);
  if (phase === 'Publishing' || phase === 'Ended') return phase;
  return some ? 'NoPod' : phaseOf(slow, lostNodes);
}

/** What the events say is more exact than what can be read from the pod, unless a container names its own trouble. */
function waitingOf(main: Pod | undefined, phase: OpenAttempt['phase'], { warning }: Observed): Waiting | undefined {
  if (main === undefined || phase === 'NoPod')
    return phase === 'NoPod' && warning !== undefined ? { broken: false, message: warning, since: 0 } : undefined;
  if (phase !== 'Unscheduled' && phase !== 'Starting') return undefined;
  const waiting = waitingFor(main);
  return waiting === undefined || warning === undefined || !waiting.fromOutside ? waiting : { ...waiting, message: warning };
}

/** The Job or pod whose events may say why the attempt does not come up. */
export function unexplained(observed: Observed): Job | Pod | undefined {
  const record = openRecord(observed.job.status?.attempts ?? []);
  if (record?.jobUid === undefined) return undefined;
  const { main, own, kubeJob, phase } = openAttempt(observed, record);
  if (phase === 'NoPod' || main === undefined) return phase === 'NoPod' ? kubeJob : undefined;
  const slow = isGang(observed.job) ? slowPod(main, own, observed.lostNodes) : main;
  return phase === 'Starting' && waitingFor(slow)?.fromOutside ? slow : undefined;
}

/** Why nothing of this work may run now; undefined when it may. */
export function askedToEnd(job: IslandJob, now: number): string | undefined {
  if (isDeleting(job)) return 'the IslandJob is being deleted';
  if (job.spec.stop) return 'its owner stopped it';
  if (job.spec.deadline !== undefined && Date.parse(job.spec.deadline) <= now)
    return `its deadline ${job.spec.deadline} has passed`;
  return job.spec.suspend ? 'it was suspended' : undefined;
}

/** Whether an attempt with a recorded Job is over, or must be brought to its end, and why. */
export function isOver(attempt: OpenAttempt, observed: Observed, limits: Limits, now: number): Over | undefined {
  const { kubeJob, own, waiting, main } = attempt;
  const asked = askedToEnd(observed.job, now);
  const ended = own.length >= observed.job.spec.nodes && own.every((pod) => hasEnded(pod, observed.lostNodes));
  const told = kubeJob === undefined || isDeleting(kubeJob) || own.some(isDeleting);
  // What ended by itself before it was told to keeps its own reason.
  if (attempt.failed)
    return { why: 'Finished', detail: `pod ${indexOf(attempt.failed)} of ${observed.job.spec.nodes} has failed` };
  if ((ended || (kubeJob !== undefined && isFinished(kubeJob))) && !told) return { why: 'Finished' };
  if (asked !== undefined) return { why: 'Asked', detail: asked };
  if (kubeJob === undefined) return { why: 'JobGone' };
  if (isDeleting(kubeJob)) return { why: 'JobDeleted' };
  if (kubeJob.spec.suspend === true && (main !== undefined || attempt.record.podUid !== undefined))
    return { why: 'JobSuspended' };
  if (ended || isFinished(kubeJob)) return { why: 'Finished' };
  if ((lingersUntil(attempt, observed) ?? Number.POSITIVE_INFINITY) <= now) return { why: 'Finished' };
  const queued = queuedUntil(attempt, observed.job);
  if (queued !== undefined && queued <= now)
    return {
      why: 'Unqueued',
      detail: `queue ${observed.job.spec.queueName} has not admitted it within ${observed.job.spec.queueDeadline}`,
    };
  return brokenTooLong(waiting, limits, now);
}

/** Until when its Job may wait in the queue; undefined when it does not wait, or may wait for ever. */
export function queuedUntil({ phase, kubeJob }: OpenAttempt, { spec }: IslandJob): number | undefined {
  const since = Date.parse(kubeJob?.metadata.creationTimestamp ?? '');
  if (phase !== 'Queued' || spec.queueDeadline === undefined || !Number.isFinite(since)) return undefined;
  return since + parseDuration(spec.queueDeadline);
}

/** Until when the others of a gang may run on after pod 0 is done; undefined while it is not, and when they are. */
export function lingersUntil({ main, own }: OpenAttempt, { job, lostNodes }: Observed): number | undefined {
  if (!isGang(job) || main === undefined || !hasEnded(main, lostNodes) || own.every((pod) => hasEnded(pod, lostNodes)))
    return undefined;
  const finished = Date.parse(endOf(main, 'trainer')?.finishedAt ?? '');
  return Number.isFinite(finished) ? finished + parseDuration(job.spec.grace.publish) : undefined;
}

function brokenTooLong(waiting: Waiting | undefined, limits: Limits, now: number): Over | undefined {
  if (waiting?.broken !== true || now - waiting.since < limits.configurationDeadlineMs) return undefined;
  return { why: 'Broken', detail: `${waiting.message} (for ${displayDuration(limits.configurationDeadlineMs)})` };
}

/** Until when an end that was asked for waits for the publication that is going on; undefined when there is none to wait for. */
export function publishingUntil(attempt: OpenAttempt, observed: Observed): number | undefined {
  const { main, phase, record } = attempt;
  const patience = parseDuration(observed.job.spec.grace.publish);
  if (phase === 'Publishing' && main) return Date.parse(endOf(main, 'trainer')?.finishedAt ?? '') + patience;
  const report = observed.report?.attempt === record.number ? observed.report.report : undefined;
  const { step, steps, at } = report?.progress ?? {};
  // `finish()` keeps the trainer waiting until its result is published: stopping it now would throw the whole training away.
  const finishing =
    phase === 'Running' && report?.phase === 'Publishing' && steps !== undefined && step !== undefined && step >= steps;
  return finishing && at !== undefined ? Date.parse(at) + patience : undefined;
}

/** Whether nothing of the attempt runs and nothing of it can start: the proof that the next one needs. */
export function isProvenEnded(attempt: OpenAttempt, observed: Observed): boolean {
  if (!attempt.pods.every((pod) => hasEnded(pod, observed.lostNodes))) return false;
  const { kubeJob, own } = attempt;
  return kubeJob === undefined || isDeleting(kubeJob) || isFinished(kubeJob) || own.length >= observed.job.spec.nodes;
}

/**
 * Deletes the Job, which tells its pods to save and stop; and one by one the pods that no Job will delete. With `graceSeconds` its own pods
 * are told first, with so little time: one that stands still would use up all that is meant for publishing.
 */
export function endingActions(attempt: OpenAttempt, observed: Observed, graceSeconds?: number): Action[] {
  const { kubeJob, own } = attempt;
  const actions: Action[] = [];
  if (graceSeconds !== undefined)
    for (const pod of own)
      if (!isDeleting(pod) && !hasEnded(pod, observed.lostNodes))
        actions.push({ type: 'DeletePod', name: pod.metadata.name, uid: pod.metadata.uid ?? '', graceSeconds });
  if (kubeJob && !isDeleting(kubeJob) && !isFinished(kubeJob))
    actions.push({ type: 'DeleteJob', name: kubeJob.metadata.name, uid: kubeJob.metadata.uid ?? '' });
  for (const pod of attempt.pods) {
    const going = isDeleting(pod) || hasEnded(pod, observed.lostNodes);
    const withJob = actions.length > 0 && own.includes(pod);
    if (!going && !withJob) actions.push({ type: 'DeletePod', name: pod.metadata.name, uid: pod.metadata.uid ?? '' });
  }
  return actions;
}
