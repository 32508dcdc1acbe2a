/** Keeps this island's ComputeIsland: made once, and its status written when what the island has or runs has changed. */
import { isDeepStrictEqual } from 'node:util';
import { type ComputeIsland, ComputeIslandKind, type ComputeIslandStatus } from '../api/computeisland.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { fieldManagers } from '../api/labels.ts';
import { type Clock, timestamp } from '../clock.ts';
import { type Condition, setCondition } from '../kube/conditions.ts';
import type { Outcome } from '../kube/controller.ts';
import type { Node, Pod } from '../kube/core.ts';
import { ApiError } from '../kube/errors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeClient } from '../kube/types.ts';
import { capacityOf, isUsable } from './capacity.ts';
import type { IslandSettings } from './settings.ts';

export interface IslandStatusOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly settings: Pick<IslandSettings, 'name' | 'version'>;
  readonly islands: Store<ComputeIsland>;
  readonly islandJobs: Store<IslandJob>;
  readonly nodes: Store<Node>;
  readonly pods: Store<Pod>;
}

/** Bursts of pod changes become one write. */
const APART_MS = 1_000;
const ENDED = new Set(['Succeeded', 'Failed', 'Stopped']);

export function createIslandReconcile(options: IslandStatusOptions): () => Promise<Outcome> {
  const { client, clock, settings } = options;
  let lastWrite = Number.NEGATIVE_INFINITY;

  return async () => {
    const island = options.islands.get({ name: settings.name });
    if (island === undefined) {
      await create(client, settings.name);
      // The watch of ComputeIslands brings us back.
      return 'done';
    }
    const status = statusOf(island, options, clock.now());
    if (same(status, island.status)) return 'done';
    const wait = lastWrite + APART_MS - clock.now();
    if (wait > 0) return { after: wait };
    const { name, uid = '' } = island.metadata;
    await client.applyStatus(
      ComputeIslandKind,
      { metadata: { name, uid }, status },
      { fieldManager: fieldManagers.island, force: true },
    );
    lastWrite = clock.now();
    return 'done';
  };
}

async function create(client: KubeClient, name: string): Promise<void> {
  try {
    await client.create(ComputeIslandKind, { metadata: { name }, spec: { approved: true, cordoned: false, drain: false } });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
  }
}

export function statusOf(island: ComputeIsland, options: IslandStatusOptions, now: number): ComputeIslandStatus {
  const nodes = options.nodes.list();
  const capacity = capacityOf(nodes, options.pods.list());
  const usable = nodes.filter(isUsable).length;
  const jobs = options.islandJobs
    .list()
    .filter(({ spec, status }) => spec.island === island.metadata.name && !ENDED.has(status?.state ?? 'Pending')).length;
  const total = capacity.gpus.reduce((all, { total: each }) => all + each, 0);
  const free = capacity.gpus.reduce((all, { free: each }) => all + each, 0);
  const { generation } = island.metadata;
  const message = `${usable} of ${nodes.length} nodes can run work`;
  const reachable = { type: 'Reachable', status: 'True', reason: 'CapacityKnown', message } as const;
  return {
    state: usable > 0 ? 'Ready' : 'NotReady',
    lastHeard: timestamp(now),
    capacity,
    jobs,
    display: { gpus: total === 0 ? 'none' : `${free}/${total}` },
    conditions: setCondition(island.status?.conditions as Condition[] | undefined, reachable, now),
    ...settingsVersion(options),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function settingsVersion({ settings }: IslandStatusOptions): { version?: string } {
  return settings.version === undefined ? {} : { version: settings.version };
}

/** The time of the last word alone is no reason to write: at rest nothing is written. */
function same(a: ComputeIslandStatus, b: ComputeIslandStatus | undefined): boolean {
  return b !== undefined && isDeepStrictEqual({ ...a, lastHeard: '' }, { ...b, lastHeard: '' });
}
