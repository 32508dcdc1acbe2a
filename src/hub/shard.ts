/** ExpertShard: one Expert work. Its status remembers every placement, even when IslandJobs are gone. */
import { type ExpertShard, ExpertShardKind, type ExpertShardStatus } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import { index3 } from '../api/keys.ts';
import { finalizers, labels, requestAnnotations } from '../api/labels.ts';
import type { WorkStatus } from '../api/work.ts';
import { type Controller, createController, type Outcome } from '../kube/controller.ts';
import { addFinalizer } from '../kube/finalizers.ts';
import { forKind, mapped, owned } from '../kube/sources.ts';
import type { Change } from '../kube/store.ts';
import { keyOf } from '../kube/types.ts';
import { announceBlocked, announceUnmet, announceWork } from './announce.ts';
import { askedOf } from './asked.ts';
import { cleanUp } from './cleanup.ts';
import { admits, defaultProgressEveryMs, type HubContext, islandOfWorkChanged, islandsChanged, soonest } from './context.ts';
import { workOf } from './experts.ts';
import { islandLostOf } from './move.ts';
import { createMeter } from './progress.ts';
import { mustConfirm, refusedMs, type WorkPlan } from './runner.ts';
import { shardStatus } from './shardstatus.ts';
import { createStatusWriter } from './status.ts';
import { expertTemplate } from './templates.ts';
import type { Why, Wish } from './work.ts';

const cleanupMs = 10_000;

export function createShardController(context: HubContext): Controller {
  const { client, clock, shards, trainings, jobs, islands, events, runner, settings, away } = context;
  const meter = createMeter();
  const writer = createStatusWriter<ExpertShardStatus, ExpertShard>({
    client,
    clock,
    type: ExpertShardKind,
    essence: (status) => ({ ...status, progress: undefined, display: undefined }),
    everyMs: settings.progressEveryMs ?? defaultProgressEveryMs,
  });

  function statusOf(
    shard: ExpertShard,
    work: WorkStatus,
    plan: WorkPlan | undefined,
    deleting: Why | undefined,
  ): ExpertShardStatus {
    return shardStatus(
      shard,
      work,
      plan?.job?.metadata.uid,
      meter.remaining(shard.metadata.uid ?? '', work),
      deleting,
      clock.now(),
    );
  }

  async function remove(shard: ExpertShard, signal: AbortSignal): Promise<Outcome> {
    meter.forget(shard.metadata.uid ?? '');
    const { trainingUid, index } = shard.spec;
    const labelSelector = `${labels.trainingUid}=${trainingUid},${labels.role}=Expert,${labels.expert}=${index3(index)}`;
    const waits = await cleanUp(client, ExpertShardKind, shard, [{ type: IslandJobKind, labelSelector }], away, signal);
    if (waits === undefined) return 'done';
    const work = workOf(shard) ?? noWork;
    await writer.write(shard, statusOf(shard, work, undefined, { reason: 'DeletionPending', message: waits }), { signal });
    return { after: cleanupMs };
  }

  async function reconcile(stored: ExpertShard, signal: AbortSignal): Promise<Outcome> {
    if (stored.metadata.deletionTimestamp !== undefined) return remove(stored, signal);
    const { training: name, trainingUid } = stored.spec;
    const { namespace } = stored.metadata;
    const training = trainings.store.get({ name, ...(namespace === undefined ? {} : { namespace }) });
    // Being deleted, it deletes us; not seen yet, or without its snapshot, its next event wakes us.
    if (training?.metadata.uid !== trainingUid || training.metadata.deletionTimestamp !== undefined) return 'done';
    if (!training.status?.snapshot?.dataset) return 'done';
    const shard = await addFinalizer(client, ExpertShardKind, stored, finalizers.cleanup);
    if (!shard) return 'done';

    const before = workOf(shard);
    const template = expertTemplate(training, shard, settings);
    const plan = await runner.plan(template, wishOf(training, shard.spec.index), before, signal);
    const status = statusOf(shard, plan.status, plan, undefined);
    const written = await writer.write(shard, status, { confirm: mustConfirm(plan, before), signal });
    const what = `expert ${shard.spec.index}`;
    announceWork(events, shard, what, before, plan.status, plan);
    announceBlocked(events, training, shard.spec.index, before, plan.status);
    announceUnmet(context, training, what, plan.unmet);
    const refused = await runner.carryOut(plan, signal);
    if (refused)
      await writer.write(written.object, statusOf(written.object, { ...plan.status, ...refused }, plan, undefined), { signal });
    // Woken by itself, its IslandJob, its training and islands; by time for a refused creation, the store and progress held back.
    return soonest(written.wait, plan.after, refused && refusedMs);
  }

  const waiting = () => shards.store.list().filter(({ status }) => (status?.state ?? 'Waiting') === 'Waiting');
  return createController({
    ...context,
    name: 'shard',
    workers: 8,
    sources: [
      forKind(shards),
      owned(jobs, ExpertShardKind),
      mapped(trainings, ({ metadata }) => shards.store.byIndex('training', metadata.uid ?? '').map(keyOf), {
        when: concernsExperts,
      }),
      islandsChanged(islands, () => waiting().map(keyOf)),
      ...islandOfWorkChanged(context, 'ExpertShard'),
    ],
    async reconcile(key, signal) {
      const shard = shards.store.get(key);
      return shard && admits(settings, key) ? reconcile(shard, signal) : 'done';
    },
  });
}

/** Whether a change of a training can change what its experts do; its counters and progress cannot. */
function concernsExperts(change: Change<ExpertTraining>): boolean {
  if (change.type !== 'update') return true;
  const facts = ({ metadata, status }: ExpertTraining) =>
    JSON.stringify([
      metadata.generation,
      metadata.deletionTimestamp,
      Object.values(requestAnnotations).map((name) => metadata.annotations?.[name]),
      status?.snapshot,
      findTrue(status?.conditions, 'Failed')?.reason,
    ]);
  return facts(change.object) !== facts(change.old);
}

function findTrue(conditions: ExpertShardStatus['conditions'] | undefined, type: string) {
  return conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** What a training wants of one of its experts. */
function wishOf(training: ExpertTraining, index: number): Pick<Wish, 'suspend' | 'stop' | 'islandLost' | 'asked'> {
  const { spec, status } = training;
  const over = findTrue(status?.conditions, 'Complete') && 'the run is complete, which is final';
  const wish = { suspend: spec.suspend, islandLost: islandLostOf(training), asked: { ...askedOf(training, index), over } };
  const failed = findTrue(status?.conditions, 'Failed');
  if (!failed) return wish;
  return { ...wish, stop: { reason: 'Stopped', message: `the run has failed with ${failed.reason}` } };
}

const noWork: WorkStatus = { placement: 0, attempt: 0, restarts: 0, state: 'Waiting' };
