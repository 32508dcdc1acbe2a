/** Islands and IslandJobs as placement sees them. Pure. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { IslandJob, JobState } from '../api/islandjob.ts';
import type { IslandView, RunningWork } from './field.ts';

const ended: readonly (JobState | undefined)[] = ['Succeeded', 'Failed', 'Stopped'];
const holdsGpus: readonly (JobState | undefined)[] = ['Starting', 'Running', 'Publishing', 'Stopping'];

/** Nothing of it runs or ever will. */
export function hasEnded({ status }: IslandJob): boolean {
  return ended.includes(status?.state);
}

export function islandView(island: ComputeIsland): IslandView {
  const { spec, status, metadata } = island;
  const limit = spec.limits?.gpus;
  const unready = whyUnready(island);
  return {
    name: metadata.name,
    labels: { ...status?.labels, ...metadata.labels },
    approved: spec.approved,
    cordoned: spec.cordoned,
    draining: spec.drain,
    ready: unready === undefined,
    ...(unready === undefined ? {} : { unready }),
    cost: Number(spec.cost ?? 0),
    ...(limit === undefined ? {} : { gpuLimit: limit }),
    gpus: status?.capacity?.gpus ?? [],
  };
}

function whyUnready({ status, metadata }: ComputeIsland): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'is being removed';
  if (status?.state === 'Ready') return undefined;
  if (status?.state === 'NotJoined') return 'waits for a cluster to join';
  if (status?.state === 'Unreachable' && status.lastHeard !== undefined) return `has not been heard since ${status.lastHeard}`;
  return 'has not reported itself ready';
}

/** A placement as far as it takes room; undefined when it has ended. A suspended one holds no GPU. */
export function runningWork(job: IslandJob): RunningWork | undefined {
  if (hasEnded(job)) return undefined;
  const state = job.status?.state;
  const { work, container, nodes, stop, island } = job.spec;
  const { gpus = 0, gpuProduct } = container.resources;
  return {
    island,
    group: work.owner.uid,
    namespace: work.namespace,
    gpus: state === 'Suspended' ? 0 : gpus * nodes,
    ...(gpuProduct === undefined ? {} : { gpuProduct }),
    started: holdsGpus.includes(state),
    ...(stop ? { stopping: true } : {}),
  };
}
