/** Island → row and its jobs. Pure. */
import type { ComputeIsland } from '../../../api/computeisland.ts';
import type { IslandJob } from '../../../api/islandjob.ts';
import type { WorkName } from '../common.ts';
import type { IslandJobRow, IslandRow } from '../island.ts';
import { defined, revOf } from './facts.ts';
import { expertName } from './work.ts';

export function islandRow(island: ComputeIsland): IslandRow {
  const { metadata, spec, status } = island;
  const reachable = status?.conditions.find(({ type }) => type === 'Reachable');
  const wrong = status?.conditions.find(({ type, status: is }) => (type === 'UnknownJobs' ? is === 'True' : is !== 'True'));
  return defined({
    id: metadata.name,
    name: metadata.name,
    rev: revOf(spec, { ...status, lastHeard: undefined, capacity: undefined }),
    state: status?.state ?? 'NotReady',
    reachable: reachable?.status ?? 'Unknown',
    heardAt: status?.lastHeard,
    message: wrong?.message || undefined,
    approved: spec.approved,
    cordoned: spec.cordoned,
    draining: spec.drain,
    gpus: (status?.capacity?.gpus ?? []).map(({ product, total, free, unhealthy }) => ({ product, total, free, unhealthy })),
    cpu: status?.capacity?.cpu,
    memory: status?.capacity?.memory,
    jobs: status?.jobs ?? 0,
    version: status?.version,
    kubernetes: status?.kubernetes,
    cost: spec.cost,
    clockSkew: status?.clockSkew,
    createdAt: metadata.creationTimestamp ?? '',
  });
}

/** Since when an island is not heard; undefined while it is. */
export function silentSince({ status }: ComputeIsland): string | undefined {
  if (status?.state !== 'Unreachable') return undefined;
  const since = status.conditions.find(({ type, status: is }) => type === 'Reachable' && is === 'Unknown')?.lastTransitionTime;
  return status.lastHeard ?? since;
}

const names = { Partition: 'partition', Router: 'router', Evaluate: 'evaluation' } as const;

export function workNameOf({ role, work }: IslandJob['spec']): WorkName {
  return role === 'Expert' ? expertName(work.index ?? 0) : names[role];
}

export function islandJobRow({ metadata, spec, status }: IslandJob): IslandJobRow {
  const { owner } = spec.work;
  return defined({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    run: owner.kind === 'ExpertTraining' ? owner.name : undefined,
    dataset: owner.kind === 'ExpertDataset' ? owner.name : undefined,
    work: workNameOf(spec),
    state: status?.state ?? 'Pending',
    reason: status?.reason,
    attempt: status?.attempt ?? 0,
    step: status?.progress?.step,
    steps: status?.progress?.steps,
  });
}
