/** What every controller of the hub is given: nothing is read from anywhere else. */
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind } from '../api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import { type IslandJob, IslandJobKind, islandIndex } from '../api/islandjob.ts';
import type { Clock, Random } from '../clock.ts';
import type { Informer } from '../kube/informer.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { mapped, type Source } from '../kube/sources.ts';
import type { KubeClient, Log, ObjectKey } from '../kube/types.ts';
import type { Announcer } from './announce.ts';
import type { AwayIslands } from './away.ts';
import { hasEnded } from './islands.ts';
import type { Once } from './once.ts';
import type { HubRegistry } from './registry.ts';
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
  /** What was said of requests that are not done. */
  once: Once;
  runner: WorkRunner;
  away: AwayIslands;
  /** Of islands elsewhere; absent when hub and island are one process. */
  registry?: HubRegistry | undefined;
  /** Names of the stores in the operator's settings. */
  storeNames: ReadonlySet<string>;
}

const jobIndexes = { ...workIndex, ...islandIndex };
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
    jobs: manager.informer(IslandJobKind, { indexes: jobIndexes }),
  };
}

export function admits(settings: HubSettings, { namespace }: ObjectKey): boolean {
  return settings.namespaces === undefined || namespace === undefined || settings.namespaces.includes(namespace);
}

/** Wakes works that wait for an island whenever one comes, goes, or changes in a way that may help. */
export function islandsChanged(islands: Informer<ComputeIsland>, waiting: () => ObjectKey[]): Source {
  return mapped(islands, waiting, { when: (change) => change.type !== 'update' || mayHelp(change.object, change.old) });
}

/** GPUs that were taken help nobody, and that is what islands say most often. */
function mayHelp(now: ComputeIsland, old: ComputeIsland): boolean {
  const gpus = ({ status }: ComputeIsland) => status?.capacity?.gpus ?? [];
  const facts = (island: ComputeIsland) => {
    const { metadata, spec, status } = island;
    const pools = gpus(island).map(({ product, total }) => [product, total]);
    return JSON.stringify([metadata.labels, metadata.deletionTimestamp, spec, status?.state, status?.labels, pools]);
  };
  const freeBefore = new Map(gpus(old).map(({ product, free }) => [product, free]));
  return facts(now) !== facts(old) || gpus(now).some(({ product, free }) => free > (freeBefore.get(product) ?? 0));
}

/** Wakes the owners of works on an island that is drained, falls silent, comes back, or refuses an IslandJob. */
export function islandOfWorkChanged(
  { islands, jobs, registry }: Pick<HubContext, 'islands' | 'jobs' | 'registry'>,
  owner: string,
): Source[] {
  const owners = (some: readonly IslandJob[]): ObjectKey[] =>
    some.flatMap(({ metadata: { namespace, ownerReferences } }) =>
      (ownerReferences ?? [])
        .filter(({ kind, controller }) => controller && kind === owner)
        .map(({ name }) => ({ name, ...(namespace === undefined ? {} : { namespace }) })),
    );
  const facts = ({ spec, status }: ComputeIsland) => `${spec.drain} ${status?.state}`;
  const there = (name: string) => jobs.store.byIndex('island', name).filter((job) => !hasEnded(job));
  const changed = mapped(islands, ({ metadata }) => owners(there(metadata.name)), {
    when: (change) => change.type !== 'update' || facts(change.object) !== facts(change.old),
  });
  if (!registry) return [changed];
  const refused: Source = {
    start(enqueue) {
      registry.onSilence((name) => owners(there(name)).forEach(enqueue));
      registry.onChange((_, some) => owners(some.flatMap((job) => jobs.store.get(job) ?? [])).forEach(enqueue));
    },
  };
  return [changed, refused];
}

export const defaultProgressEveryMs = 5_000;

/** The earliest of several times to look again, in milliseconds; undefined ones ask for nothing. */
export function soonest(...delays: (number | undefined)[]): 'done' | { after: number } {
  const asked = delays.filter((delay) => delay !== undefined);
  return asked.length === 0 ? 'done' : { after: Math.max(1, Math.min(...asked)) };
}
