/** Alerts about islands, as the hub sees them. */
import type { AlertGroup } from './alert.ts';

const who = 'Island {{ $labels.island }}';

export const islandAlerts: AlertGroup = {
  name: 'islands',
  where: 'hub and standalone',
  alerts: [
    {
      name: 'AtollAllIslandsUnreachable',
      severity: 'critical',
      expr: 'max(atoll_island_reachable) == 0',
      summary: 'No island is heard',
      description: 'When all are silent at once it is the hub, NATS or the way to it. What runs on the islands runs on.',
    },
    {
      name: 'AtollIslandUnreachable',
      severity: 'warning',
      expr: 'max by (island) (atoll_island_reachable) == 0 and on (island) atoll_island_last_heard_timestamp_seconds',
      summary: `${who} is not heard`,
      description: 'Its pods train on and nothing of it is moved, unless a run says islandLost: Replace.',
    },
    {
      name: 'AtollIslandNotReady',
      severity: 'warning',
      expr: 'max by (island) (atoll_island_ready) == 0 and on (island) atoll_island_reachable == 1',
      summary: `${who} is heard and cannot run work`,
      description: 'None of its nodes is ready, or another cluster speaks under its name.',
    },
    {
      name: 'AtollIslandGpusUnhealthy',
      severity: 'warning',
      expr: 'sum by (island, product) (atoll_island_gpus{state="unhealthy"}) > 0',
      summary: `${who} has GPUs that its nodes cannot give to pods`,
      description: 'The device plugin reports fewer healthy GPUs than the nodes have.',
    },
    {
      name: 'AtollIslandClockSkew',
      severity: 'warning',
      expr: 'max by (island) (abs(atoll_island_clock_skew_seconds)) > {threshold}',
      threshold: 'seconds between the clocks of island and hub',
      summary: `The clock of island {{ $labels.island }} is wrong, or that of the hub`,
      description: 'Ages and durations that people read are wrong by that much; credentials and certificates may seem expired.',
    },
    {
      name: 'AtollUnknownJobs',
      severity: 'warning',
      expr: 'max by (island) (atoll_island_unknown_jobs) > 0',
      summary: `${who} holds work that the hub does not know`,
      description:
        'The hub was restored from a backup, or its objects were removed by force. That work runs on without a new attempt.',
    },
    {
      name: 'AtollVersionSkew',
      severity: 'info',
      expr: 'max by (island, version) (atoll_island_info) unless on (version) atoll_build_info{role!="island"}',
      summary: `${who} runs version {{ $labels.version }}, which is not the hub's`,
      description: 'Fine while an upgrade is under way; not meant to last.',
    },
  ],
};
