/** What placement looks at, read from the caches: islands, and the placements that have not ended. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { IslandJob, JobState } from '../api/islandjob.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../kube/store.ts';
import { keyString, type ObjectKey } from '../kube/types.ts';
import { type Demand, type IslandView, type Placement, place, type RunningWork } from './placement.ts';

const ended: readonly (JobState | undefined)[] = ['Succeeded', 'Failed', 'Stopped'];
const holdsGpus: readonly (JobState | undefined)[] = ['Starting', 'Running', 'Publishing', 'Stopping'];

export function islandView(island: ComputeIsland): IslandView {
  const { spec, status, metadata } = island;
  const limit = spec.limits?.gpus;
  return {
    name: metadata.name,
    labels: { ...status?.labels, ...metadata.labels },
    approved: spec.approved,
    cordoned: spec.cordoned,
    ready: status?.state === 'Ready' && metadata.deletionTimestamp === undefined,
    cost: Number(spec.cost ?? 0),
    ...(limit === undefined ? {} : { gpuLimit: limit }),
    gpus: status?.capacity?.gpus ?? [],
  };
}

/** A placement as far as it takes room; undefined when it has ended. A suspended one holds no GPU. */
export function runningWork(job: IslandJob): RunningWork | undefined {
  const state = job.status?.state;
  if (ended.includes(state)) return undefined;
  const { gpus = 0, gpuProduct } = job.spec.container.resources;
  return {
    island: job.spec.island,
    group: job.spec.work.owner.uid,
    gpus: state === 'Suspended' ? 0 : gpus,
    ...(gpuProduct === undefined ? {} : { gpuProduct }),
    started: holdsGpus.includes(state),
  };
}

export interface Placer {
  /** Chooses an island for the placement whose IslandJob will have this name, and counts it from now on. */
  place(demand: Demand, job: ObjectKey): Placement;
}

/** How long a decision counts whose IslandJob does not appear: its status write or its creation has failed by then. */
const rememberMs = 60_000;

/**
 * Decisions that are not in the cache yet are remembered, so that many works placed at once do not all see the same free GPU.
 * What is remembered is dropped when its IslandJob is seen, and with the process: then the caches are filled anew.
 */
export function createPlacer(islands: Store<ComputeIsland>, jobs: Store<IslandJob>, clock: Clock): Placer {
  const decided = new Map<string, { key: ObjectKey; work: RunningWork; at: number }>();
  return {
    place(demand, job) {
      decided.delete(keyString(job));
      for (const [text, { key, at }] of decided) if (jobs.get(key) || clock.now() - at > rememberMs) decided.delete(text);
      const running = [...jobs.list().flatMap((one) => runningWork(one) ?? []), ...[...decided.values()].map(({ work }) => work)];
      const choice = place(demand, islands.list().map(islandView), running);
      if (choice.island !== undefined) {
        const { group, gpus, gpuProduct } = demand;
        const work = { island: choice.island, group, gpus, ...(gpuProduct === undefined ? {} : { gpuProduct }), started: false };
        decided.set(keyString(job), { key: job, work, at: clock.now() });
      }
      return choice;
    },
  };
}
