/** Handlers of one work: its detail, its curve and its log. */
import type { LogsRequest } from '../../api/islandreport.ts';
import { messageOf } from '../../kube/errors.ts';
import { partitionOf } from '../view/of/dataset.ts';
import { conditionsOf, defined } from '../view/of/facts.ts';
import { type RunSource } from '../view/of/run.ts';
import { workSentence } from '../view/of/sentence.ts';
import {
  attemptsOf,
  checkpointsOf,
  failureOf,
  indexOf,
  placementsOf,
  specOf,
  type WorkSource,
  workRow,
} from '../view/of/work.ts';
import type { CheckpointView, WorkDetail, WorkMay } from '../view/work.ts';
import { publishedCheckpoints } from './bucket.ts';
import { type Call, rights } from './call.ts';
import type { DashboardContext } from './context.ts';
import { type Buckets, jobOf, needDataset, needWork, publishedBy } from './find.ts';
import { oneOf, wholeOf } from './match.ts';
import { badRequest, notFound, RequestProblem } from './problem.ts';
import type { Seats } from './rate.ts';
import { json, type Reply } from './reply.ts';

export function workHandlers(context: DashboardContext, buckets: Buckets, logSeats: Seats) {
  async function log(call: Call, source: WorkSource | undefined): Promise<Reply> {
    const { query, caller, signal } = call;
    const attempt = query.get('attempt');
    if (attempt !== undefined && !/^p[0-9]{1,4}a[0-9]{1,4}$/.test(attempt))
      throw badRequest('attempt must be a placement and an attempt, such as p2a1', 'attempt');
    const container = oneOf(query, 'container', ['trainer', 'restore', 'courier'] as const);
    const index = wholeOf(query, 'member', 0, 1023);
    const tailLines = wholeOf(query, 'tail', 0, 10_000) ?? 500;
    const follow = oneOf(query, 'follow', ['1'] as const) !== undefined;
    const found = source && jobOf(source, attempt);
    if (!found) throw notFound('this log: the work has no such placement now');
    const { job } = found;
    const request: LogsRequest = defined({
      job: { namespace: job.metadata.namespace ?? '', name: job.metadata.name },
      attempt: found.attempt,
      container,
      index,
      tailLines,
      follow: follow || undefined,
    });
    const leave = logSeats.take(caller.id);
    if (!leave) throw new RequestProblem('TooMany', 'too many logs are open; close one');
    return { type: 'lines', lines: until(leave, context.openLog(caller, job, request, signal)) };
  }

  return {
    async work({ params, access, signal }: Call): Promise<Reply> {
      const { run, work } = needWork(context, params);
      const { store, prefix } = publishedBy(run, work.work);
      const bucket = buckets.get(store);
      const published = bucket ? (await publishedCheckpoints(bucket, prefix, signal)).checkpoints : [];
      const may = await workMay(context, access, run, work);
      return json(workDetail(context, work, may, published, run));
    },

    async curve({ params, signal }: Call): Promise<Reply> {
      const { run, work } = needWork(context, params);
      const { store, prefix } = publishedBy(run, work.work);
      const bucket = buckets.get(store);
      return json(await context.curves.of(work.work, work.jobs, bucket && { bucket, prefix }, signal));
    },

    log: async (call: Call): Promise<Reply> => log(call, needWork(context, call.params).work),

    async partitionLog(call: Call): Promise<Reply> {
      const dataset = needDataset(context, call.params);
      return log(call, partitionOf(dataset, context.objects.jobsOf(dataset.metadata.uid ?? '')));
    },
  };
}

/** `run` is absent for a partition. */
export function workDetail(
  { model }: DashboardContext,
  work: WorkSource,
  may: WorkMay,
  published: readonly CheckpointView[],
  run?: RunSource,
): WorkDetail {
  const { status } = work;
  const facts = model.facts();
  const row = workRow(work, facts);
  const shard = run?.shards.find(({ spec }) => spec.index === indexOf(work.work));
  const known = checkpointsOf(work);
  const named = new Set(known.map(({ manifest }) => manifest));
  const accepted = status?.accepted?.digest;
  const more = published
    .filter(({ manifest }) => !named.has(manifest))
    .map((one) => ({ ...one, accepted: one.digest === accepted }));
  return defined({
    row,
    sentence: workSentence(row, status, facts.now),
    message: status?.message,
    startedAt: status?.startedAt,
    finishedAt: status?.finishedAt,
    attempts: attemptsOf(work),
    failure: failureOf(work),
    checkpoints: [...known, ...more].toSorted(
      (a, b) => b.placement - a.placement || b.attempt - a.attempt || Number(b.final) - Number(a.final) || b.step - a.step,
    ),
    placements: placementsOf(work, shard?.status?.placements),
    conditions: conditionsOf(shard?.status?.conditions),
    spec: specOf(work),
    may,
  });
}

const active = new Set(['Pending', 'Queued', 'Starting', 'Running', 'Suspended']);

async function workMay(
  { objects }: DashboardContext,
  access: Call['access'],
  run: RunSource,
  work: WorkSource,
): Promise<WorkMay> {
  const { namespace } = work;
  const [change, log, islands] = await Promise.all([
    access.may({ ...rights.changeRuns, namespace }),
    access.may({ ...rights.readLogs, namespace }),
    access.may(rights.listIslands),
  ]);
  const state = work.status?.state;
  const ended = ['Complete', 'Failed'].includes(run.training.status?.state ?? '');
  const move = change && !ended && active.has(state ?? '');
  const open = objects.islands.store
    .list()
    .filter(
      ({ metadata, spec, status }) =>
        metadata.name !== work.status?.island && spec.approved && !spec.cordoned && status?.state === 'Ready',
    )
    .map(({ metadata }) => metadata.name);
  return {
    retry: change && !ended && (state === 'Blocked' || state === 'Accepted'),
    move,
    moveTo: move && islands ? open : [],
    log,
  };
}

/** The lines, and the seat back when nobody reads them any more. What the source says when it cannot is for people. */
async function* until(leave: () => void, lines: AsyncIterable<string>): AsyncIterable<string> {
  try {
    yield* lines;
  } catch (error) {
    throw error instanceof RequestProblem ? error : new RequestProblem('NotFound', messageOf(error));
  } finally {
    leave();
  }
}
