/** What is true of a run: whether it failed, is complete, or why it goes on or waits; said as conditions. Pure. */
import { parseDuration } from '../api/duration.ts';
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { requestAnnotations } from '../api/labels.ts';
import type { Reason } from '../api/reasons.ts';
import { sentences } from '../api/sentences.ts';
import type { Condition, WorkStatus } from '../api/work.ts';
import { activeStates, countedText, degradedText, type Experts, namesOf, whyOf } from './experts.ts';
import { retryCommand, wrongRequestsOfRun } from './requests.ts';
import type { RunCondition } from './state.ts';
import { conditionList } from './status.ts';
import type { Why } from './work.ts';

export interface RunFacts {
  /** As stored, but with what this reconcile adds to its status: the snapshot, and the works of router and evaluation. */
  training: ExpertTraining;
  dataset: ExpertDataset | undefined;
  /** Something that the spec names is not there or is wrong; found before the start only. */
  invalid: Why | undefined;
  /** An ExpertShard's name is taken by another object. */
  taken: string | undefined;
  experts: Experts;
  now: number;
}

export function begun({ training }: Pick<RunFacts, 'training'>): boolean {
  return training.status?.snapshot?.dataset !== undefined;
}

/** Once it is stored it stays. */
export function isComplete(training: ExpertTraining): boolean {
  return stored(training, 'Complete') !== undefined;
}

function stored(training: ExpertTraining, type: RunCondition): Condition | undefined {
  return training.status?.conditions.find((condition) => condition.type === type && condition.status === 'True');
}

/** Why the run has failed. Once it is stored it stays: terminal means terminal. */
export function failure({ training, experts, now }: RunFacts): Why | undefined {
  const known = stored(training, 'Failed');
  if (known) return whyOf(known, 'ExpertFailed');
  if (stored(training, 'Complete')) return undefined;
  const { spec, status } = training;
  const left = timeToDeadline(training, now);
  if (left !== undefined && left <= 0) {
    return {
      reason: 'DeadlineExceeded',
      message: `spec.deadline (${spec.deadline}) passed: the run started at ${status?.startedAt}`,
    };
  }
  if (experts.hopeless && spec.completion.onExpertFailed === 'Fail') {
    const message = `${namesOf(experts.blocked)}: ${experts.needed} of ${experts.total} experts are needed and completion.onExpertFailed is Fail`;
    return { reason: 'ExpertFailed', message };
  }
  if (isLost(status?.router)) return { reason: 'RouterFailed', message: said('the router', status?.router) };
  if (isLost(status?.evaluation)) return { reason: 'EvaluationFailed', message: said('the evaluation', status?.evaluation) };
  return undefined;
}

/** Out of budget. One that found an input damaged is not: it goes on when that input has been replaced. */
function isLost(work: WorkStatus | undefined): boolean {
  return work?.state === 'Blocked' && work.reason !== 'InputDamaged';
}

/** Milliseconds until spec.deadline, counted from the start; undefined without one or before the start. */
export function timeToDeadline({ spec, status }: ExpertTraining, now: number): number | undefined {
  if (spec.deadline === undefined || status?.startedAt === undefined) return undefined;
  return Date.parse(status.startedAt) + parseDuration(spec.deadline) - now;
}

/** Why the run is complete. */
export function completion({ training, experts }: RunFacts): Why | undefined {
  const known = stored(training, 'Complete');
  if (known) return whyOf(known, 'EnsemblePublished');
  const { spec, status } = training;
  if (!experts.complete) return undefined;
  if (spec.router && status?.router?.state !== 'Accepted') return undefined;
  if (spec.evaluation && status?.evaluation?.state !== 'Accepted') return undefined;
  const count = `${experts.accepted.length} of ${experts.total} experts`;
  if (spec.evaluation) return { reason: 'EnsemblePublished', message: `the ensemble of ${count} is published` };
  if (experts.blocked.length > 0)
    return { reason: 'EnoughExpertsAccepted', message: `${count} are accepted, ${experts.needed} were needed` };
  const message = experts.total === 1 ? 'the expert is accepted' : `all ${experts.total} experts are accepted`;
  return { reason: 'AllExpertsAccepted', message };
}

/** `deleting` says for what a deletion waits. */
export function conditionsOf(facts: RunFacts, deleting?: Why): Condition[] {
  const { training, experts, now } = facts;
  const list = conditionList(training.status?.conditions, training.metadata.generation, now);
  const set = (type: RunCondition, status: boolean | 'Unknown', why: Why) => list.set(type, status, why.reason, why.message);
  const failed = failure(facts);
  const complete = failed ? undefined : completion(facts);
  const progress = deleting ? { status: false, ...deleting } : progressing(facts, failed, complete);
  const other: Why = { reason: progress.reason, message: '' };

  const validity = validated(facts);
  const wrong = wrongRequestsOfRun(training, experts.total).map(({ message }) => message);
  set('Validated', validity.status, { ...validity, message: [validity.message, ...wrong].join('; ') });
  const schedule = scheduled(facts);
  set('Scheduled', schedule.status, schedule);
  set('Progressing', progress.status, progress);
  const suspension = suspended(facts);
  set('Suspended', suspension.status, suspension);
  if (training.spec.router) {
    const { status: ready, ...why } = routerReady(facts);
    set('RouterReady', ready, why);
  }
  const worse = degraded(facts);
  set('Degraded', worse !== undefined, worse ?? other);
  set('Complete', complete !== undefined, complete ?? other);
  set('Failed', failed !== undefined, failed ?? other);
  return list.conditions;
}

/** What cannot go on while the rest does, or could. */
function degraded({ training, experts }: RunFacts): Why | undefined {
  const { metadata, status } = training;
  if (experts.blocked.length > 0) return { reason: 'ExpertBlocked', message: degradedText(experts, metadata.name) };
  const [part] = [status?.router, status?.evaluation].filter((work) => work?.state === 'Blocked' && !isLost(work));
  if (!part) return undefined;
  const what = part === status?.router ? 'the router' : 'the evaluation';
  const help = `When it is the result of an expert, replace that: ${requestAnnotations.retry} with its digest, and what was made from it is made again. When the object is whole again`;
  const again = retryCommand('et', metadata.name, [
    { work: part === status?.router ? 'router' : 'evaluation', placement: part.placement },
  ]);
  return {
    reason: 'InputDamaged',
    message: sentences(said(what, part), `${help}, ${again.charAt(0).toLowerCase()}${again.slice(1)}`),
  };
}

interface Verdict extends Why {
  status: boolean;
}

function validated(facts: RunFacts): Why & { status: boolean | 'Unknown' } {
  if (begun(facts))
    return { status: true, reason: 'SpecValid', message: 'everything that the spec names was found when the run started' };
  if (facts.invalid) return { status: false, ...facts.invalid };
  return { status: 'Unknown', ...notReady(facts) };
}

/** Why there is no snapshot yet although nothing is wrong. */
function notReady({ training, dataset }: RunFacts): Why {
  const { dataset: name, suspend } = training.spec;
  if (dataset?.status?.state === 'Ready') {
    return suspend
      ? { reason: 'Suspended', message: 'spec.suspend is true; the run has not started' }
      : { reason: 'DatasetReady', message: `data set ${name} is ready` };
  }
  const why = dataset?.status?.conditions.find(({ type }) => type === 'Ready')?.message;
  return {
    reason: 'DatasetNotReady',
    message: `data set ${name} is ${dataset?.status?.state ?? 'Pending'}${why ? `: ${why}` : ''}`,
  };
}

function scheduled(facts: RunFacts): Verdict {
  const { experts } = facts;
  if (!begun(facts)) return { status: false, ...(facts.invalid ?? notReady(facts)) };
  if (experts.waiting === 0)
    return { status: true, reason: 'AllExpertsPlaced', message: 'every expert has had a placement on an island' };
  const why = experts.waitingWhy;
  const reason: Reason = why?.reason ?? (facts.training.spec.suspend ? 'Suspended' : 'WaitingForCapacity');
  return {
    status: false,
    reason,
    message: `${experts.waiting} of ${experts.total} experts have no placement${why?.message ? `: ${why.message}` : ''}`,
  };
}

/** Whether something of the run still has, or may have, pods. */
function anyActive({ training, experts }: RunFacts): boolean {
  const { router, evaluation } = training.status ?? {};
  return experts.active > 0 || activeStates.includes(router?.state) || activeStates.includes(evaluation?.state);
}

function suspended(facts: RunFacts): Verdict {
  if (!facts.training.spec.suspend) return { status: false, reason: 'NotNeeded', message: 'spec.suspend is false' };
  if (!anyActive(facts))
    return { status: true, reason: 'Suspended', message: 'spec.suspend is true and no pod of the run is left' };
  return { status: false, reason: 'Stopping', message: 'checkpoints are being saved and published; then the pods end' };
}

function progressing(facts: RunFacts, failed: Why | undefined, complete: Why | undefined): Verdict {
  const { training, experts, dataset } = facts;
  const ended = failed ?? complete;
  if (ended) return { status: false, ...ended };
  if (training.spec.suspend) return { ...suspended(facts), status: false };
  if (!begun(facts)) {
    if (facts.invalid) return { status: false, ...facts.invalid };
    const partitioning = dataset?.status?.state === 'Partitioning';
    const why = notReady(facts);
    return partitioning ? { status: true, reason: 'Partitioning', message: why.message } : { status: false, ...why };
  }
  if (facts.taken !== undefined) {
    return {
      status: false,
      reason: 'NameTaken',
      message: `ExpertShard ${facts.taken} exists and belongs to something else; delete it`,
    };
  }
  if (!experts.complete) return expertsProgress(experts);
  const { router, evaluation } = training.status ?? {};
  if (training.spec.router && router?.state !== 'Accepted') {
    const active = activeStates.includes(router?.state);
    return { status: active, reason: active ? 'RouterRunning' : 'WaitingForRouter', message: said('the router', router) };
  }
  return {
    status: activeStates.includes(evaluation?.state),
    reason: 'EvaluationRunning',
    message: said('the evaluation', evaluation),
  };
}

function expertsProgress(experts: Experts): Verdict {
  const { total, accepted, blocked, active, waiting, stuck } = experts;
  const held = stuck.length > 0 ? `; held up by the store: ${namesOf(stuck)}` : '';
  const message = `${accepted.length} of ${total} experts are accepted, ${experts.running} running${held}`;
  if (active > 0 || (waiting > 0 && !experts.waitingWhy)) return { status: true, reason: 'ExpertsRunning', message };
  if (experts.waitingWhy) return { status: false, ...experts.waitingWhy };
  if (blocked.length > 0 && accepted.length + blocked.length === total) {
    return {
      status: false,
      reason: 'ExpertBlocked',
      message: `${namesOf(blocked)} cannot go on: ${countedText(experts.needed)} needed, accepted: ${accepted.length}`,
    };
  }
  return { status: false, reason: 'ExpertsRunning', message };
}

function routerReady(facts: RunFacts): Verdict {
  const router = facts.training.status?.router;
  if (router?.state === 'Accepted') return { status: true, reason: 'RouterAccepted', message: 'the router is accepted' };
  if (router?.state === 'Blocked') return { status: false, reason: 'RouterFailed', message: said('the router', router) };
  if (activeStates.includes(router?.state))
    return { status: false, reason: 'RouterRunning', message: said('the router', router) };
  return { status: false, ...whyOf(router, begun(facts) ? 'WaitingForCapacity' : 'DatasetNotReady') };
}

function said(what: string, work: WorkStatus | undefined): string {
  if (!work) return `${what} has not started`;
  const reason = work.reason === work.state ? undefined : work.reason;
  const why = [reason, work.message].filter((part) => part).join(', ');
  const text = `${what} is ${work.state}${why && `: ${why}`}`;
  return work.state === 'Blocked' && work.failure?.hint ? sentences(text, work.failure.hint) : text;
}
