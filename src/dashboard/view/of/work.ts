/** Work → row and detail: an expert, a router, an evaluation or a partition as the dashboard shows it. Pure. */
import type { IslandJob } from '../../../api/islandjob.ts';
import { index3 } from '../../../api/keys.ts';
import { reasons } from '../../../api/reasons.ts';
import type { AttemptRecord, FailureEvidence, WorkStatus } from '../../../api/work.ts';
import type { WorkName } from '../common.ts';
import type { AttemptView, CheckpointView, FailureView, PlacementView, WorkRow } from '../work.ts';
import { defined, type Facts, finite, measured, newest, revOf, secondsOf } from './facts.ts';
import { hintOf } from './hints.ts';

/** One work with what is known of it; `jobs` are its IslandJobs that still exist. */
export interface WorkSource {
  namespace: string;
  /** Name of the run, or of the data set of a partition. */
  run: string;
  work: WorkName;
  index?: number;
  status: WorkStatus | undefined;
  jobs: readonly IslandJob[];
  /** Estimated time left, as the hub displays it. */
  eta?: string | undefined;
  /** Samples in its shard. */
  samples?: number | undefined;
}

export const expertName = (index: number): WorkName => `expert-${index3(index)}`;

/** Index of an expert by the name of its work; undefined for another work or no name at all. */
export function indexOf(work: string): number | undefined {
  const digits = /^expert-([0-9]{3})$/.exec(work)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const workId = (namespace: string, run: string, work: WorkName): string => `${namespace}/${run}/${work}`;

const running = new Set(['Starting', 'Running', 'Publishing', 'Stopping']);

export function currentJob({ status, jobs }: WorkSource): IslandJob | undefined {
  return jobs.find(({ metadata }) => metadata.name === status?.job);
}

export function workRow(source: WorkSource, facts: Facts): WorkRow {
  const { namespace, run, work, index, status, jobs, samples } = source;
  const state = status?.state ?? 'Waiting';
  const job = currentJob(source);
  const live = job?.metadata.uid === undefined || !running.has(state) ? undefined : facts.progress(job.metadata.uid);
  const progress = newest(status?.progress, live);
  const active = state !== 'Accepted' && state !== 'Blocked' && state !== 'Waiting';
  const silentSince = active && status?.island !== undefined ? facts.silentSince(status.island) : undefined;
  const reason = state === 'Running' || state === 'Accepted' ? undefined : status?.reason;
  return defined({
    id: workId(namespace, run, work),
    namespace,
    run,
    work,
    index,
    rev: revOf(
      // What is displayed of an expert's status shows its progress once more.
      { ...status, progress: undefined, display: undefined },
      jobs.map(({ metadata }) => metadata.uid),
      jobs.map(essence),
    ),
    state,
    reason,
    island: status?.island,
    silentSince,
    step: progress?.step,
    steps: progress?.steps,
    loss: measured(progress?.loss),
    speed: finite(progress?.samplesPerSecond),
    reportedAt: progress?.at,
    eta: state === 'Running' ? secondsOf(source.eta) : undefined,
    attempt: status && status.attempt > 0 ? `p${status.placement}a${status.attempt}` : undefined,
    restarts: status?.restarts || undefined,
    checkpoint: status?.checkpoint?.step,
    samples,
  });
}

/** An IslandJob without what only shows progress. */
function essence({ status }: IslandJob): unknown {
  return status && [status.state, status.attempt, status.reason, status.attempts, status.checkpoint?.digest, status.stopped];
}

/** Attempts of all placements whose IslandJob is still there, oldest first; the last failure also when it is not. */
export function attemptsOf(source: WorkSource): AttemptView[] {
  const known = source.jobs.flatMap(({ spec, status }) =>
    (status?.attempts ?? []).map((record) => attemptView(record, spec.placement, spec.island, true)),
  );
  const { failure, placement, island = '' } = source.status ?? {};
  const there = (record: AttemptRecord) => known.some(({ attempt, pod }) => attempt === record.number && pod === record.pod);
  if (failure && !there(failure)) known.push(attemptView(failure, placement ?? 0, island, false));
  return known.toSorted((a, b) => a.placement - b.placement || a.attempt - b.attempt);
}

function attemptView(record: AttemptRecord, placement: number, island: string, log: boolean): AttemptView {
  const { number: attempt, startedAt, finishedAt, class: ended, rule, exitCode, step, pod, node, message } = record;
  return defined({
    placement,
    attempt,
    island,
    startedAt,
    finishedAt,
    class: ended,
    rule,
    exitCode,
    step,
    pod,
    node,
    message,
    log,
  });
}

/** The failure that the work stands at, or had last. */
export function failureOf(source: WorkSource): FailureView | undefined {
  const { status, jobs } = source;
  const record = status?.failure;
  if (!status || !record) return undefined;
  const blocking = status.state === 'Blocked';
  const holder = jobs.find((job) => job.status?.attempts.some(({ podUid }) => podUid !== undefined && podUid === record.podUid));
  const evidence = evidenceOf(holder ? [holder] : jobs, record);
  return defined({
    class: record.class,
    meaning: meaningOf(record.class),
    placement: record.placement ?? holder?.spec.placement ?? status.placement,
    attempt: record.number,
    at: record.finishedAt,
    island: record.island ?? holder?.spec.island ?? status.island,
    node: record.node,
    pod: record.pod,
    rule: record.rule,
    exitCode: record.exitCode,
    step: record.step,
    message: record.message,
    hint: hintOf(status.state, status.reason, { hint: evidence?.hint, ...record }),
    blocking,
    lines: (record.lines ?? evidence?.lines)?.split('\n'),
    events: record.events ?? evidence?.events,
  });
}

/** What an island sent about this very failure. */
function evidenceOf(jobs: readonly IslandJob[], { number, class: ended }: AttemptRecord): FailureEvidence | undefined {
  return jobs
    .flatMap(({ status }) => status?.failure ?? [])
    .find(({ attempt, class: failed }) => attempt === number && failed === ended);
}

/** What a reason or failure class means, in a sentence; the word itself when it is none of the closed list. */
export function meaningOf(reason: string): string {
  return (reasons as Readonly<Record<string, string>>)[reason] ?? reason;
}

/** Checkpoints that statuses name, newest first. */
export function checkpointsOf({ status, jobs }: WorkSource): CheckpointView[] {
  const accepted = status?.accepted;
  const found = new Map<string, CheckpointView>();
  const add = (view: CheckpointView) => void found.set(view.manifest, { ...found.get(view.manifest), ...view });
  for (const job of jobs)
    for (const one of [job.status?.checkpoint, job.status?.output])
      if (one) add({ ...one, placement: job.spec.placement, accepted: one.digest === accepted?.digest });
  const last = status?.checkpoint;
  if (last && status && !found.has(last.manifest))
    add({ ...last, placement: status.placement, accepted: last.digest === accepted?.digest });
  if (accepted && !found.has(accepted.manifest)) add({ ...accepted, final: true, accepted: true });
  return [...found.values()].toSorted((a, b) => b.placement - a.placement || b.attempt - a.attempt || b.step - a.step);
}

/** The newest placements; `named` are those that the status of an expert keeps, with and without their IslandJob. */
export function placementsOf(
  { jobs }: WorkSource,
  named: readonly { number: number; island: string; job: string }[] = [],
): PlacementView[] {
  const all = new Map<number, PlacementView>(named.map(({ number, island, job }) => [number, { number, island, job }]));
  for (const { metadata, spec, status } of jobs) {
    all.set(
      spec.placement,
      defined({
        number: spec.placement,
        island: spec.island,
        job: metadata.name,
        state: status?.state ?? 'Pending',
        reason: status?.reason,
        message: status?.message,
        createdAt: metadata.creationTimestamp,
        stoppedAt: status?.stopped?.at,
      }),
    );
  }
  return [...all.values()].toSorted((a, b) => b.number - a.number);
}

/** What the newest placement was told. Values of environment variables may be secrets that somebody wrote in plain: only names are shown. */
export function specOf(source: WorkSource): Record<string, unknown> | undefined {
  const job = currentJob(source);
  if (!job) return undefined;
  const { container, params, inputs, output, resume, retry, nodes, checkpoint, grace, seed, queueName, deadline } = job.spec;
  const { env, podTemplate: _, ...rest } = container as typeof container & { env?: { name: string }[]; podTemplate?: unknown };
  const shown = { ...rest, ...(env ? { env: env.map(({ name }) => name) } : {}) };
  return defined({
    container: shown,
    params,
    inputs,
    output,
    resume,
    retry,
    nodes,
    checkpoint,
    grace,
    seed,
    queueName,
    deadline,
  });
}
