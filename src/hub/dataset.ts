/** ExpertDataset: one Partition work, and what its accepted manifest says about the shards. */
import { type ExpertDataset, ExpertDatasetKind, type ExpertDatasetStatus } from '../api/expertdataset.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import { finalizers, labels } from '../api/labels.ts';
import type { WorkName } from '../api/requests.ts';
import { sentences } from '../api/sentences.ts';
import type { WorkStatus } from '../api/work.ts';
import { type Controller, createController, type Outcome } from '../kube/controller.ts';
import { addFinalizer } from '../kube/finalizers.ts';
import { forKind, owned } from '../kube/sources.ts';
import { keyOf } from '../kube/types.ts';
import { announceUnmet, announceWork } from './announce.ts';
import { askedOf } from './asked.ts';
import { cleanUp } from './cleanup.ts';
import { admits, defaultProgressEveryMs, type HubContext, islandOfWorkChanged, islandsChanged, soonest } from './context.ts';
import { type PartitionResult, partitionResult, sizeText } from './partition.ts';
import { workText } from './progress.ts';
import { retryCommand, wrongRequests } from './requests.ts';
import { mustConfirm, refusedMs } from './runner.ts';
import { storeUnknown } from './start.ts';
import { conditionList, createStatusWriter, workEssence } from './status.ts';
import { partitionTemplate } from './templates.ts';
import type { Why } from './work.ts';

/** How long after a deletion is waiting it is looked at again; its children wake it before. */
const cleanupMs = 10_000;

const irreplaceable = 'its result is accepted, and runs are made from it: make a new ExpertDataset';

/** Why a data set has no such work. */
function elsewhere(work: WorkName): string | undefined {
  return work === 'partition' ? undefined : 'it is a work of an ExpertTraining; set the annotation there';
}

export function createDatasetController(context: HubContext): Controller {
  const { client, clock, datasets, jobs, islands, events, runner, settings, away } = context;
  const writer = createStatusWriter<ExpertDatasetStatus, ExpertDataset>({
    client,
    clock,
    type: ExpertDatasetKind,
    essence: (status) => ({ ...status, display: undefined, work: workEssence(status.work) }),
    everyMs: settings.progressEveryMs ?? defaultProgressEveryMs,
  });

  async function remove(dataset: ExpertDataset, signal: AbortSignal): Promise<Outcome> {
    const labelSelector = `${labels.datasetUid}=${dataset.metadata.uid}`;
    const waits = await cleanUp(client, ExpertDatasetKind, dataset, [{ type: IslandJobKind, labelSelector }], away, signal);
    if (waits === undefined) return 'done';
    const why: Why = { reason: 'DeletionPending', message: waits };
    await writer.write(dataset, datasetStatus(dataset, dataset.status?.work, undefined, why, clock.now()), { signal });
    return { after: cleanupMs };
  }

  async function reconcile(stored: ExpertDataset, signal: AbortSignal): Promise<Outcome> {
    if (stored.metadata.deletionTimestamp !== undefined) return remove(stored, signal);
    const dataset = await addFinalizer(client, ExpertDatasetKind, stored, finalizers.cleanup);
    if (!dataset) return 'done';
    const before = dataset.status?.work;
    const plan = await runner.plan(
      partitionTemplate(dataset, settings),
      { suspend: false, hold: unknownStore(dataset), asked: { ...askedOf(dataset, 'partition'), irreplaceable } },
      before,
      signal,
    );
    const result = plan.manifest && partitionResult(plan.manifest);
    const now = clock.now();
    const status = datasetStatus(dataset, plan.status, result, undefined, now);
    const written = await writer.write(dataset, status, { confirm: mustConfirm(plan, before), signal });
    announceWork(events, dataset, 'partition', before, plan.status, plan);
    announceUnmet(context, dataset, 'partition', plan.unmet);
    announceUnmet(context, dataset, '', wrongRequests(dataset, elsewhere));
    if (status.state !== dataset.status?.state) announceState(dataset, status);
    const refused = await runner.carryOut(plan, signal);
    if (refused) {
      await writer.write(
        written.object,
        datasetStatus(written.object, { ...plan.status, ...refused }, undefined, undefined, now),
        { signal },
      );
    }
    // Woken by the data set, its IslandJob and islands; by time for a refused creation, the store, and progress held back.
    return soonest(written.wait, plan.after, refused && refusedMs);
  }

  function unknownStore({ spec }: ExpertDataset): Why | undefined {
    const named = { 'spec.source.store': spec.source.store, 'spec.storage.store': spec.storage.store };
    const wrong = Object.entries(named).find(([, store]) => !context.storeNames.has(store));
    return wrong && storeUnknown(wrong[0], wrong[1], context.storeNames);
  }

  function announceState(dataset: ExpertDataset, status: ExpertDatasetStatus): void {
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    if (status.state === 'Ready') events.normal(dataset, 'DatasetReady', ready?.message ?? '', 'Accept');
    if (status.state === 'Blocked') events.warning(dataset, 'SkewTooHigh', ready?.message ?? '', 'Accept');
  }

  const waiting = () => datasets.store.list().filter(({ status }) => status?.state === 'Pending');
  return createController({
    ...context,
    name: 'dataset',
    workers: 2,
    sources: [
      forKind(datasets),
      owned(jobs, ExpertDatasetKind),
      islandsChanged(islands, () => waiting().map(keyOf)),
      ...islandOfWorkChanged(context, 'ExpertDataset'),
    ],
    async reconcile(key, signal) {
      const dataset = datasets.store.get(key);
      return dataset && admits(settings, key) ? reconcile(dataset, signal) : 'done';
    },
  });
}

/** The whole status of a data set; `result` is known in the one reconcile that accepts the partition. Pure. */
export function datasetStatus(
  dataset: ExpertDataset,
  work: WorkStatus | undefined,
  result: PartitionResult | undefined,
  deleting: Why | undefined,
  now: number,
): ExpertDatasetStatus {
  const { status: stored, spec, metadata } = dataset;
  const found = result ?? stored;
  const accepted = work?.accepted;
  const facts = { name: metadata.name, ...spec, work, digest: accepted?.digest, skew: found?.skew, samples: found?.samples };
  const { state, why } = stateOfDataset(facts);
  const list = conditionList(stored?.conditions, metadata.generation, now);
  list.set('Ready', state === 'Ready' && !deleting, (deleting ?? why).reason, (deleting ?? why).message);
  list.set('Failed', state === 'Failed', why.reason, state === 'Failed' ? why.message : '');
  const { experts } = spec.partition;
  const bytes = found?.shards?.reduce((sum, shard) => sum + shard.bytes, 0);
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    state,
    ...(accepted ? { manifest: accepted.manifest, digest: accepted.digest } : {}),
    ...(found?.samples === undefined ? {} : { samples: found.samples }),
    ...(found?.heldOut === undefined ? {} : { heldOut: found.heldOut }),
    ...(found?.skew === undefined ? {} : { skew: found.skew }),
    ...(found?.shards === undefined ? {} : { shards: found.shards }),
    ...(work ? { work } : {}),
    display: {
      shards: String(experts),
      ...(work ? { progress: workText(work) } : {}),
      ...(bytes === undefined ? {} : { size: sizeText(bytes) }),
    },
    conditions: list.conditions,
  };
}

interface DatasetFacts {
  name: string;
  partition: ExpertDataset['spec']['partition'];
  approve?: string | undefined;
  work: WorkStatus | undefined;
  digest: string | undefined;
  skew: string | undefined;
  samples: number | undefined;
}

export function stateOfDataset(facts: DatasetFacts): { state: ExpertDatasetStatus['state']; why: Why } {
  const { name, partition, approve, work, digest, skew, samples } = facts;
  if (work?.state === 'Blocked') {
    const retry = retryCommand('eds', name, [{ work: 'partition', placement: work.placement }]);
    const message = sentences(`${work.reason}: ${work.message ?? ''}`, work.failure?.hint, retry);
    return { state: 'Failed', why: { reason: 'PartitionFailed', message } };
  }
  if (digest !== undefined) {
    if (Number(skew) > partition.maxSkew && approve !== digest) {
      const message = `the largest shard has ${skew} times the samples of the smallest and partition.maxSkew is ${partition.maxSkew}; to accept it set spec.approve to ${digest}`;
      return { state: 'Blocked', why: { reason: 'SkewTooHigh', message } };
    }
    return { state: 'Ready', why: { reason: 'DatasetReady', message: `${samples} samples in ${partition.experts} shards` } };
  }
  const told = work?.reason === undefined ? undefined : { reason: work.reason as Why['reason'], message: work.message ?? '' };
  if (work && work.state !== 'Waiting') {
    return { state: 'Partitioning', why: told ?? { reason: 'Partitioning', message: `the partition is ${work.state}` } };
  }
  return { state: 'Pending', why: told ?? { reason: 'DatasetNotReady', message: 'the partition has not started' } };
}
