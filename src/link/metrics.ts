/** Every metric of the link; the registry is passed in. Labels are bounded: outcomes and reasons, never names of islands or jobs. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Why a message was not acted on. */
export type DropReason = 'malformed' | 'oversized' | 'stale' | 'foreign' | 'superseded' | 'not-leader';

export function createLinkMetrics(registry: Registry) {
  const registers = [registry];
  return {
    connected: new Gauge({ name: 'atoll_link_connected', help: 'Whether NATS is connected: 1 or 0', registers }),
    syncs: new Counter({
      name: 'atoll_link_syncs_total',
      help: 'Syncs by how they ended: answered, refused, or failed and why',
      labelNames: ['outcome'] as const,
      registers,
    }),
    syncSeconds: new Histogram({
      name: 'atoll_link_sync_seconds',
      help: 'Seconds from the request of a sync to its reply',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
      registers,
    }),
    dropped: new Counter({
      name: 'atoll_link_messages_dropped_total',
      help: 'Messages that were not acted on, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    statuses: new Counter({
      name: 'atoll_link_statuses_total',
      help: 'Statuses of IslandJobs that islands sent, by what became of them: stored, known, ahead, refused, failed',
      labelNames: ['outcome'] as const,
      registers,
    }),
    applied: new Counter({
      name: 'atoll_link_applied_total',
      help: 'What an island did because of replies, by kind of action',
      labelNames: ['action'] as const,
      registers,
    }),
  };
}

export type LinkMetrics = ReturnType<typeof createLinkMetrics>;
