/** ExpertTraining: snapshot, K ExpertShards, router and evaluation; the only writer of the status of a run. */
import type { ExpertDataset } from '../api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind, type ExpertTrainingStatus } from '../api/experttraining.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import { finalizers, labels } from '../api/labels.ts';
import { shardName } from '../api/names.ts';
import type { Reason } from '../api/reasons.ts';
import { type Controller, createController, type Outcome } from '../kube/controller.ts';
import { addFinalizer } from '../kube/finalizers.ts';
import { forKind, mapped, owned } from '../kube/sources.ts';
import { keyOf } from '../kube/types.ts';
import { announceUnmet, announceWork } from './announce.ts';
import { cleanUp } from './cleanup.ts';
import { admits, defaultProgressEveryMs, type HubContext, islandOfWorkChanged, islandsChanged, soonest } from './context.ts';
import { ensembleOf, evaluationWish } from './evaluation.ts';
import { countExperts } from './experts.ts';
import { createMeter } from './progress.ts';
import { unmetWhenComplete, wrongRequestsOfRun } from './requests.ts';
import { type PartWish, routerWish } from './router.ts';
import { completion, failure, isComplete, type RunFacts, timeToDeadline } from './run.ts';
import { mustConfirm, refusedMs, type WorkPlan } from './runner.ts';
import { createShardMaker } from './shards.ts';
import { invalidSpec, startRun, withStatus } from './start.ts';
import { createStatusWriter, workEssence } from './status.ts';
import { trainingStatus } from './summary.ts';
import type { Why } from './work.ts';

const cleanupMs = 10_000;

interface Parts {
  router?: WorkPlan | undefined;
  evaluation?: WorkPlan | undefined;
}

/** What one reconcile sees of a run. */
interface View {
  training: ExpertTraining;
  dataset: ExpertDataset | undefined;
  shards: ExpertShard[];
  facts: RunFacts;
}

export function createTrainingController(context: HubContext): Controller {
  const { client, clock, trainings, shards, datasets, jobs, islands, events, runner, settings, away } = context;
  const meter = createMeter();
  const maker = createShardMaker(client, clock);
  const writer = createStatusWriter<ExpertTrainingStatus, ExpertTraining>({
    client,
    clock,
    type: ExpertTrainingKind,
    essence: (status) => ({
      ...status,
      display: undefined,
      router: workEssence(status.router),
      evaluation: workEssence(status.evaluation),
    }),
    everyMs: settings.progressEveryMs ?? defaultProgressEveryMs,
  });

  function observe(stored: ExpertTraining): View {
    const { namespace, uid = '' } = stored.metadata;
    const at = (name: string) => ({ name, ...(namespace === undefined ? {} : { namespace }) });
    const dataset = datasets.store.get(at(stored.spec.dataset));
    const own = shards.store.byIndex('training', uid);
    const invalid = invalidSpec(stored, dataset, context.storeNames);
    const training = invalid ? stored : startRun(stored, dataset, settings, clock.now());
    const total = training.status?.snapshot?.dataset?.experts ?? dataset?.spec.partition.experts ?? 0;
    const names = Array.from({ length: total }, (_, index) => shardName(training.metadata.name, index));
    const taken = names.find((name) => (shards.store.get(at(name))?.spec.trainingUid ?? uid) !== uid);
    const experts = countExperts(training, own, total);
    return { training, dataset, shards: own, facts: { training, dataset, invalid, taken, experts, now: clock.now() } };
  }

  async function remove(training: ExpertTraining, signal: AbortSignal): Promise<Outcome> {
    const labelSelector = `${labels.trainingUid}=${training.metadata.uid}`;
    const children = [ExpertShardKind, IslandJobKind].map((type) => ({ type, labelSelector }));
    const waits = await cleanUp(client, ExpertTrainingKind, training, children, away, signal);
    if (waits === undefined) return 'done';
    const { facts, shards: own } = observe(training);
    const why: Why = { reason: 'DeletionPending', message: waits };
    const status = trainingStatus({ ...facts, training }, own, meter, why);
    await writer.write(training, status, { signal });
    return { after: cleanupMs };
  }

  async function reconcile(stored: ExpertTraining, signal: AbortSignal): Promise<Outcome> {
    if (stored.metadata.deletionTimestamp !== undefined) return remove(stored, signal);
    const held = await addFinalizer(client, ExpertTrainingKind, stored, finalizers.cleanup);
    if (!held) return 'done';
    const view = observe(held);
    const { router, evaluation } = await planParts(view, signal);
    const training = withWorks(view.training, router, evaluation);
    const facts = { ...view.facts, training };
    const status = trainingStatus(facts, view.shards, meter);

    const confirm = mustConfirm(router, held.status?.router) || mustConfirm(evaluation, held.status?.evaluation);
    const written = await writer.write(held, status, { confirm, signal });
    announce(held, status, { router, evaluation });
    announceRequests(facts, { router, evaluation });
    const ended = failure(facts) ?? completion(facts);
    const makes = !ended && !facts.taken && !training.spec.suspend;
    const late = makes ? await maker.make(training, view.shards, signal) : undefined;
    const refused = {
      router: router && (await runner.carryOut(router, signal)),
      evaluation: evaluation && (await runner.carryOut(evaluation, signal)),
    };
    if (refused.router || refused.evaluation) await writeRefusals(written.object, facts, view.shards, refused, signal);
    // Woken by the training, its data set, shards and IslandJobs; by time for the deadline, the store and progress held back.
    const deadline = ended ? undefined : timeToDeadline(training, clock.now());
    return soonest(
      written.wait,
      late,
      router?.after,
      evaluation?.after,
      deadline,
      (refused.router ?? refused.evaluation) && refusedMs,
    );
  }

  /** Router and evaluation, once the run has begun; a complete run plans nothing any more. */
  async function planParts({ training, facts }: View, signal: AbortSignal): Promise<Parts> {
    if (!training.status?.snapshot?.dataset || isComplete(training)) return {};
    const failed = failure(facts);
    const stop: Why | undefined = failed && { reason: 'Stopped', message: `the run has failed with ${failed.reason}` };
    const part = { training, experts: facts.experts, stop };
    const plan = (wish: PartWish | undefined, current: ExpertTrainingStatus['router']) =>
      wish && runner.plan(wish.template, wish.wish, current, signal);
    const router = await plan(routerWish(part, settings), training.status?.router);
    const evaluation = await plan(evaluationWish(part, router?.status, settings), training.status?.evaluation);
    return { ...(router ? { router } : {}), ...(evaluation ? { evaluation } : {}) };
  }

  /** The API server refused an IslandJob: the status says so, and it is asked again later. */
  async function writeRefusals(
    training: ExpertTraining,
    facts: RunFacts,
    own: ExpertShard[],
    refused: { router?: Why | undefined; evaluation?: Why | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { router, evaluation } = training.status ?? {};
    const told = withStatus(training, {
      ...(router && refused.router ? { router: { ...router, ...refused.router } } : {}),
      ...(evaluation && refused.evaluation ? { evaluation: { ...evaluation, ...refused.evaluation } } : {}),
    });
    await writer.write(training, trainingStatus({ ...facts, training: told }, own, meter), { signal });
  }

  function announce(before: ExpertTraining, status: ExpertTrainingStatus, { router, evaluation }: Parts): void {
    announceWork(events, before, 'router', before.status?.router, status.router, router);
    announceWork(events, before, 'evaluation', before.status?.evaluation, status.evaluation, evaluation);
    if (status.state === before.status?.state) return;
    const find = (type: string) => status.conditions.find((condition) => condition.type === type);
    const told = find(status.state === 'Complete' || status.state === 'Failed' ? status.state : 'Progressing');
    const message = `${before.status?.state ?? 'Pending'} → ${status.state}${told?.message ? `: ${told.message}` : ''}`;
    const reason = (told?.reason ?? (status.state === 'Failed' ? 'ExpertFailed' : 'ExpertsRunning')) as Reason;
    if (status.state === 'Failed') events.warning(before, reason, message, 'Fail');
    else events.normal(before, reason, message, status.state);
  }

  function announceRequests({ training, experts }: RunFacts, plans: Parts): void {
    announceUnmet(context, training, '', wrongRequestsOfRun(training, experts.total));
    const complete = isComplete(training);
    for (const part of ['router', 'evaluation'] as const) {
      announceUnmet(context, training, part, complete ? unmetWhenComplete(training, part) : plans[part]?.unmet);
    }
  }

  const waiting = () =>
    trainings.store.list().filter(({ status }) => [status?.router, status?.evaluation].some((work) => work?.state === 'Waiting'));
  return createController({
    ...context,
    name: 'training',
    workers: 4,
    sources: [
      forKind(trainings),
      owned(shards, ExpertTrainingKind),
      owned(jobs, ExpertTrainingKind),
      mapped(datasets, ({ metadata }) => trainings.store.byIndex('dataset', `${metadata.namespace}/${metadata.name}`).map(keyOf)),
      islandsChanged(islands, () => waiting().map(keyOf)),
      ...islandOfWorkChanged(context, 'ExpertTraining'),
    ],
    async reconcile(key, signal) {
      const training = trainings.store.get(key);
      return training && admits(settings, key) ? reconcile(training, signal) : 'done';
    },
  });
}

function withWorks(training: ExpertTraining, router: WorkPlan | undefined, evaluation: WorkPlan | undefined): ExpertTraining {
  const ensemble = ensembleOf(training, evaluation?.status, evaluation?.manifest);
  return withStatus(training, {
    ...(router ? { router: router.status } : {}),
    ...(evaluation ? { evaluation: evaluation.status } : {}),
    ...(ensemble ? { ensemble } : {}),
  });
}
