/** Counters of what happens to IslandJobs, read off their stored statuses by whoever leads, so that nothing is counted twice. */
import { gpusOf, type IslandJob } from '../api/islandjob.ts';
import { type AttemptRecord, askedRule, type FailureAction } from '../api/work.ts';
import type { Clock } from '../clock.ts';
import type { Listener } from '../kube/informer.ts';
import type { Instruments, Rows } from './instruments.ts';

const minutes = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const from = 'the leader, when it sees the stored status of an IslandJob change';

/** No label names a run or an object: islands, roles, states, classes. */
export const jobMetricRows = {
  transitions: {
    type: 'counter',
    name: 'atoll_job_transitions_total',
    help: 'Changes of state of IslandJobs, by island, role and both states',
    labels: ['island', 'role', 'from', 'to'],
    from,
  },
  failures: {
    type: 'counter',
    name: 'atoll_job_failures_total',
    help: 'Attempts that failed, by class and by what followed: Retry, RetryElsewhere, Fail, or Stop when it had been asked to',
    labels: ['island', 'role', 'class', 'action'],
    from,
  },
  ended: {
    type: 'counter',
    name: 'atoll_job_ended_total',
    help: 'IslandJobs that ended, by role and result: Succeeded, Failed or Stopped',
    labels: ['role', 'result'],
    from,
  },
  startup: {
    type: 'histogram',
    name: 'atoll_job_startup_duration_seconds',
    help: 'How long an attempt was Pending, Queued or Starting before it ran, back-off not counted',
    unit: 'seconds',
    labels: ['island', 'stage'],
    buckets: minutes,
    from,
  },
  recovery: {
    type: 'histogram',
    name: 'atoll_job_recovery_duration_seconds',
    help: 'From the end of a failed attempt to the start of the containers of the next one in the same placement',
    unit: 'seconds',
    labels: ['class'],
    buckets: minutes,
    from,
  },
  gpuSeconds: {
    type: 'counter',
    name: 'atoll_gpu_seconds_total',
    help: 'GPU seconds of attempts that have ended, by use: kept, or lost when no resumable checkpoint of them was published',
    unit: 'seconds',
    labels: ['island', 'role', 'product', 'use'],
    from,
  },
  checkpoints: {
    type: 'counter',
    name: 'atoll_checkpoints_published_total',
    help: 'Published checkpoints, by role and kind (Resumable, Export); of several between two statuses only the last is seen',
    labels: ['island', 'role', 'kind'],
    from,
  },
  publishSeconds: {
    type: 'histogram',
    name: 'atoll_checkpoint_publish_duration_seconds',
    help: 'How long the sidecar took to publish a checkpoint, hashing included',
    unit: 'seconds',
    labels: ['island'],
    buckets: minutes,
    from,
  },
  checkpointBytes: {
    type: 'histogram',
    name: 'atoll_checkpoint_size_bytes',
    help: 'Size of the files of published checkpoints',
    unit: 'bytes',
    labels: ['island'],
    buckets: [1e6, 1e7, 1e8, 1e9, 5e9, 1e10, 5e10, 1e11],
    from,
  },
} as const satisfies Rows;

export type JobMetrics = Instruments<typeof jobMetricRows>;

/** What the island did about a failure; Stop is the end that somebody had asked for. */
type FollowedBy = FailureAction | 'Stop';

/** One thing that a change of status tells. */
export type Sighting =
  | { readonly type: 'transition'; readonly from: string; readonly to: string }
  | { readonly type: 'failure'; readonly class: string; readonly action: FollowedBy }
  | { readonly type: 'recovery'; readonly class: string; readonly seconds: number }
  | { readonly type: 'gpus'; readonly kept: number; readonly lost: number }
  | { readonly type: 'checkpoint'; readonly kind: string; readonly bytes: number; readonly took?: number }
  | { readonly type: 'ended'; readonly result: string };

const ends = ['Succeeded', 'Failed', 'Stopped'];

/** What happened between two stored statuses of one IslandJob. */
export function sightings(old: IslandJob, job: IslandJob): Sighting[] {
  const [before, after] = [old.status, job.status];
  if (!after) return [];
  const seen: Sighting[] = [];
  const was = before?.state ?? 'Pending';
  if (after.state !== was) seen.push({ type: 'transition', from: was, to: after.state });
  if (after.state !== was && ends.includes(after.state)) seen.push({ type: 'ended', result: after.state });
  const known = new Map(before?.attempts.map((record) => [record.number, record]));
  for (const record of after.attempts) {
    const earlier = known.get(record.number);
    if (record.class !== undefined && record.class !== 'Succeeded' && earlier?.class === undefined)
      seen.push({ type: 'failure', class: record.class, action: actionOf(job, record) });
    const held = earlier?.class === undefined ? gpuTime(job, record) : undefined;
    if (held) seen.push(held);
    const recovered = earlier?.startedAt === undefined ? recovery(record, after.attempts) : undefined;
    if (recovered) seen.push(recovered);
  }
  const { checkpoint } = after;
  if (checkpoint && checkpoint.manifest !== before?.checkpoint?.manifest)
    seen.push({
      type: 'checkpoint',
      kind: checkpoint.kind,
      bytes: checkpoint.bytes,
      ...(checkpoint.took === undefined ? {} : { took: checkpoint.took }),
    });
  return seen;
}

/** The decision as it is stored: the evidence knows of a budget that was spent, the record only what its rule wanted. */
function actionOf({ status }: IslandJob, { number, rule, action }: AttemptRecord): FollowedBy {
  if (rule === askedRule) return 'Stop';
  const evidence = status?.failure?.attempt === number ? status.failure.action : undefined;
  return evidence ?? action ?? 'Retry';
}

/**
 * What an attempt that has ended held of GPUs, in GPU seconds. Lost is what the next one has to do again: all since its newest published
 * resumable checkpoint, or since its start. A success loses nothing.
 */
function gpuTime(job: IslandJob, { number, startedAt, finishedAt, class: end }: AttemptRecord): Sighting | undefined {
  const gpus = gpusOf(job);
  if (gpus === 0 || end === undefined || startedAt === undefined || finishedAt === undefined) return undefined;
  const [started, finished] = [Date.parse(startedAt), Date.parse(finishedAt)];
  const checkpoint = job.status?.checkpoint;
  const saved = checkpoint?.attempt === number && checkpoint.kind === 'Resumable' ? Date.parse(checkpoint.at) : started;
  const keptUntil = end === 'Succeeded' ? finished : Math.min(saved, finished);
  const gpuSeconds = (ms: number) => (gpus * Math.max(0, ms)) / 1000;
  return { type: 'gpus', kept: gpuSeconds(keptUntil - started), lost: gpuSeconds(finished - keptUntil) };
}

/** An attempt has started whose predecessor failed. */
function recovery({ number, startedAt }: AttemptRecord, attempts: readonly AttemptRecord[]): Sighting | undefined {
  const last = attempts.find((record) => record.number === number - 1);
  if (startedAt === undefined || last?.finishedAt === undefined || last.class === undefined) return undefined;
  const seconds = (Date.parse(startedAt) - Date.parse(last.finishedAt)) / 1000;
  return seconds < 0 ? undefined : { type: 'recovery', class: last.class, seconds };
}

export interface JobObserverOptions {
  metrics: JobMetrics;
  clock: Clock;
  /** Whether this process acts; a standby looks on and counts nothing. */
  leading: () => boolean;
}

const stages = ['Pending', 'Queued', 'Starting'];

/** To be told every change of the store of IslandJobs. */
export function createJobObserver({ metrics, clock, leading }: JobObserverOptions): Listener<IslandJob> {
  /** When each IslandJob that has not ended came into its present state, by uid; bounded by those that exist. */
  const entered = new Map<string, number>();

  function count(job: IslandJob, sighting: Sighting): void {
    const { island, role } = job.spec;
    switch (sighting.type) {
      case 'transition':
        return metrics.transitions.inc({ island, role, from: sighting.from, to: sighting.to });
      case 'failure':
        return metrics.failures.inc({ island, role, class: sighting.class, action: sighting.action });
      case 'recovery':
        return metrics.recovery.observe({ class: sighting.class }, sighting.seconds);
      case 'gpus': {
        const labels = { island, role, product: job.spec.container.resources.gpuProduct ?? '' };
        metrics.gpuSeconds.inc({ ...labels, use: 'kept' }, sighting.kept);
        return metrics.gpuSeconds.inc({ ...labels, use: 'lost' }, sighting.lost);
      }
      case 'checkpoint':
        metrics.checkpointBytes.observe({ island }, sighting.bytes);
        if (sighting.took !== undefined) metrics.publishSeconds.observe({ island }, sighting.took / 1000);
        return metrics.checkpoints.inc({ island, role, kind: sighting.kind });
      default:
        return metrics.ended.inc({ role, result: sighting.result });
    }
  }

  function time(old: IslandJob, job: IslandJob): void {
    const { uid = '' } = job.metadata;
    const was = old.status?.state ?? 'Pending';
    if ((job.status?.state ?? 'Pending') === was) return;
    const since = entered.get(uid);
    entered.set(uid, clock.now());
    // A back-off is waited for on purpose.
    if (since === undefined || !leading() || !stages.includes(was) || old.status?.nextAttemptAt !== undefined) return;
    metrics.startup.observe({ island: job.spec.island, stage: was }, (clock.now() - since) / 1000);
  }

  return (change) => {
    const { object: job } = change;
    const { uid = '', creationTimestamp } = job.metadata;
    if (change.type === 'delete') entered.delete(uid);
    if (change.type === 'add') {
      // Of one that is older than this process it is not known when it came into its state.
      if (job.status === undefined && creationTimestamp !== undefined) entered.set(uid, Date.parse(creationTimestamp));
    }
    if (change.type !== 'update') return;
    time(change.old, job);
    if (leading()) for (const sighting of sightings(change.old, job)) count(job, sighting);
  };
}
