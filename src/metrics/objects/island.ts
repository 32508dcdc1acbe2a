/** Gauges of islands. */
import type { ComputeIsland } from '../../api/computeisland.ts';
import { readDisplayed } from '../../api/duration.ts';
import { gauges, type Sample, secondsOf } from './gauge.ts';

const from = 'the store of ComputeIslands, at each scrape';
const labels = ['island'];

function* condition({ metadata, status }: ComputeIsland, wanted: string): Iterable<Sample> {
  const found = status?.conditions.find(({ type }) => type === wanted);
  if (found) yield [[metadata.name], found.status === 'True' ? 1 : 0];
}

export const islandGauges = gauges<ComputeIsland>(
  {
    name: 'atoll_island_info',
    help: 'Versions of the agent and of Kubernetes on the island; always 1',
    labels: [...labels, 'version', 'kubernetes'],
    from,
    *samples({ metadata, status }) {
      if (status?.version !== undefined) yield [[metadata.name, status.version, status.kubernetes ?? ''], 1];
    },
  },
  {
    name: 'atoll_island_reachable',
    help: 'Whether the agent of the island is heard: 1, or 0 when that is unknown or never was',
    labels,
    from,
    samples: (island) => condition(island, 'Reachable'),
  },
  {
    name: 'atoll_island_ready',
    help: 'Whether work can be placed on the island: 1 or 0',
    labels,
    from,
    *samples({ metadata, status }) {
      yield [[metadata.name], status?.state === 'Ready' ? 1 : 0];
    },
  },
  {
    name: 'atoll_island_unschedulable',
    help: 'Whether somebody closed the island to new work: not approved, cordoned or being drained',
    labels,
    from,
    *samples({ metadata, spec }) {
      yield [[metadata.name], !spec.approved || spec.cordoned || spec.drain ? 1 : 0];
    },
  },
  {
    name: 'atoll_island_last_heard_timestamp_seconds',
    help: 'Unix time at which the agent of the island was last heard, to the minute',
    unit: 'timestamp',
    labels,
    from,
    samples: ({ metadata, status }) => secondsOf([metadata.name], status?.lastHeard),
  },
  {
    name: 'atoll_island_gpus',
    help: 'GPUs of the island by model and by state: used, free or unhealthy',
    labels: [...labels, 'product', 'state'],
    from,
    *samples({ metadata, status }) {
      for (const { product, total, free, unhealthy } of status?.capacity?.gpus ?? []) {
        yield [[metadata.name, product, 'used'], total - free];
        yield [[metadata.name, product, 'free'], free];
        yield [[metadata.name, product, 'unhealthy'], unhealthy];
      }
    },
  },
  {
    name: 'atoll_island_jobs',
    help: 'IslandJobs placed on the island that have not ended',
    labels,
    from,
    *samples({ metadata, status }) {
      yield [[metadata.name], status?.jobs ?? 0];
    },
  },
  {
    name: 'atoll_island_unknown_jobs',
    help: 'IslandJobs that the island holds and the hub does not know, at most 64 are counted',
    labels,
    from,
    *samples({ metadata, status }) {
      yield [[metadata.name], status?.unknownJobs?.length ?? 0];
    },
  },
  {
    name: 'atoll_island_clock_skew_seconds',
    help: 'How far the clock of the island is ahead of that of the hub',
    unit: 'seconds',
    labels,
    from,
    *samples({ metadata, status }) {
      const text = status?.clockSkew ?? '';
      const ahead = readDisplayed(text.replace(/^-/, ''));
      if (ahead !== undefined) yield [[metadata.name], (text.startsWith('-') ? -ahead : ahead) / 1000];
    },
  },
);
