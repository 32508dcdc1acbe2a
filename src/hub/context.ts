/** What every controller of the hub is given: nothing is read from anywhere else. */
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind } from '../api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import type { Clock, Random } from '../clock.ts';
import type { Informer } from '../kube/informer.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { mapped, type Source } from '../kube/sources.ts';
import type { KubeClient, Log, ObjectKey } from '../kube/types.ts';
import type { Announcer } from './announce.ts';
import { type WorkRunner, workIndex } from './runner.ts';
import type { HubSettings } from './settings.ts';

export interface HubInformers {
  datasets: Informer<ExpertDataset>;
  trainings: Informer<ExpertTraining>;
  shards: Informer<ExpertShard>;
  islands: Informer<ComputeIsland>;
  jobs: Informer<IslandJob>;
}

export interface HubContext extends HubInformers {
  client: KubeClient;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: KubeMetrics | undefined;
  settings: HubSettings;
  events: Announcer;
  runner: WorkRunner;
  /** Names of the stores in the operator's settings. */
  storeNames: ReadonlySet<string>;
}

const shardIndexes = { training: (shard: ExpertShard) => [shard.spec.trainingUid] };
const trainingIndexes = {
  dataset: ({ metadata, spec }: ExpertTraining) => [`${metadata.namespace}/${spec.dataset}`],
};

export function createInformers(manager: Manager): HubInformers {
  return {
    datasets: manager.informer(ExpertDatasetKind),
    trainings: manager.informer(ExpertTrainingKind, { indexes: trainingIndexes }),
    shards: manager.informer(ExpertShardKind, { indexes: shardIndexes }),
    islands: manager.informer(ComputeIslandKind),
    jobs: manager.informer(IslandJobKind, { indexes: workIndex }),
  };
}

export function admits(settings: HubSettings, { namespace }: ObjectKey): boolean {
  return settings.namespaces === undefined || namespace === undefined || settings.namespaces.includes(namespace);
}

/** Wakes works that wait for an island whenever one comes, goes, or changes what it can take. */
export function islandsChanged(islands: Informer<ComputeIsland>, waiting: () => ObjectKey[]): Source {
  const facts = ({ metadata, spec, status }: ComputeIsland) =>
    JSON.stringify([metadata.labels, metadata.deletionTimestamp, spec, status?.state, status?.labels, status?.capacity?.gpus]);
  return mapped(islands, waiting, { when: (change) => change.type !== 'update' || facts(change.object) !== facts(change.old) });
}

export const defaultProgressEveryMs = 5_000;

/** The earliest of several times to look again, in milliseconds; undefined ones ask for nothing. */
export function soonest(...delays: (number | undefined)[]): 'done' | { after: number } {
  const asked = delays.filter((delay) => delay !== undefined);
  return asked.length === 0 ? 'done' : { after: Math.max(1, Math.min(...asked)) };
}
