/** Every metric of the link; the registry is passed in. Labels are bounded: outcomes and reasons, never names of islands or jobs. */
import type { Registry } from 'prom-client';
import { createInstruments, type Instruments, type Rows } from '../metrics/instruments.ts';

/** Why a message was not acted on. */
export type DropReason = 'malformed' | 'oversized' | 'stale' | 'foreign' | 'superseded' | 'not-leader';

export const linkMetricRows = {
  connected: {
    type: 'gauge',
    name: 'atoll_link_connected',
    help: 'Whether NATS is connected: 1 or 0',
    from: 'the connection to NATS; hub and island',
  },
  connections: {
    type: 'counter',
    name: 'atoll_link_connections_total',
    help: 'Connections to NATS that were made; each beyond the first is a reconnect',
    from: 'the connection to NATS; hub and island',
  },
  syncs: {
    type: 'counter',
    name: 'atoll_link_syncs_total',
    help: 'Syncs by how they ended: answered, refused, or failed and why',
    labels: ['outcome'],
    from: 'the link, at both ends',
  },
  syncSeconds: {
    type: 'histogram',
    name: 'atoll_link_sync_seconds',
    help: 'Seconds from the request of a sync to its reply',
    unit: 'seconds',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    from: 'the link of an island (the round trip), and of a hub (its part of it)',
  },
  dropped: {
    type: 'counter',
    name: 'atoll_link_messages_dropped_total',
    help: 'Messages that were not acted on, by reason',
    labels: ['reason'],
    from: 'the link, at both ends',
  },
  statuses: {
    type: 'counter',
    name: 'atoll_link_statuses_total',
    help: 'Statuses of IslandJobs that islands sent, by what became of them: stored, known, ahead, refused, failed',
    labels: ['outcome'],
    from: 'the link of a hub',
  },
  applied: {
    type: 'counter',
    name: 'atoll_link_applied_total',
    help: 'What an island did because of replies, by kind of action',
    labels: ['action'],
    from: 'the link of an island',
  },
} as const satisfies Rows;

export type LinkMetrics = Instruments<typeof linkMetricRows>;

export const createLinkMetrics = (registry: Registry): LinkMetrics => createInstruments(registry, linkMetricRows);
