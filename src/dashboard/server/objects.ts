/** The objects that the dashboard shows, as the operator's informers hold them, found by what belongs together. */
import { type ComputeIsland, ComputeIslandKind } from '../../api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind } from '../../api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../api/experttraining.ts';
import { type IslandJob, IslandJobKind } from '../../api/islandjob.ts';
import type { Informer } from '../../kube/informer.ts';
import type { Manager } from '../../kube/manager.ts';
import type { RunSource } from '../view/of/run.ts';

export interface Objects {
  runs: Informer<ExpertTraining>;
  datasets: Informer<ExpertDataset>;
  shards: Informer<ExpertShard>;
  jobs: Informer<IslandJob>;
  islands: Informer<ComputeIsland>;
  run(namespace: string, name: string): RunSource | undefined;
  jobsOf(ownerUid: string): IslandJob[];
  runsOn(namespace: string, dataset: string): ExpertTraining[];
}

// One function each: informers that are shared take an index of one name once.
const byTraining = (shard: ExpertShard) => [shard.spec.trainingUid];
const byOwner = (job: IslandJob) => [job.spec.work.owner.uid];
const byDataset = ({ metadata, spec }: ExpertTraining) => [`${metadata.namespace}/${spec.dataset}`];

/** Shares the informers of the operator in the same process. To be called before the manager runs. */
export function createObjects(manager: Pick<Manager, 'informer'>, namespaces?: readonly string[]): Objects {
  const within = namespaces === undefined ? {} : { namespaces };
  const runs = manager.informer(ExpertTrainingKind, { ...within, indexes: { 'dashboard-dataset': byDataset } });
  const datasets = manager.informer(ExpertDatasetKind, within);
  const shards = manager.informer(ExpertShardKind, { ...within, indexes: { 'dashboard-training': byTraining } });
  const jobs = manager.informer(IslandJobKind, { ...within, indexes: { 'dashboard-owner': byOwner } });
  const islands = manager.informer(ComputeIslandKind);
  const jobsOf = (uid: string) => jobs.store.byIndex('dashboard-owner', uid);
  return {
    runs,
    datasets,
    shards,
    jobs,
    islands,
    jobsOf,
    run(namespace, name) {
      const training = runs.store.get({ namespace, name });
      if (!training) return undefined;
      const uid = training.metadata.uid ?? '';
      return {
        training,
        shards: shards.store.byIndex('dashboard-training', uid),
        jobs: jobsOf(uid),
        dataset: datasets.store.get({ namespace, name: training.spec.dataset }),
      };
    },
    runsOn: (namespace, dataset) => runs.store.byIndex('dashboard-dataset', `${namespace}/${dataset}`),
  };
}
