/** What the dashboard counts: requests by route and code, and open streams. Never a name of a user or a run. */
import type { Registry } from 'prom-client';
import { createInstruments, type Row } from '../../metrics/instruments.ts';

export const dashboardMetricRows = {
  seconds: {
    type: 'histogram',
    name: 'atoll_dashboard_request_duration_seconds',
    help: 'Time to answer requests to the dashboard',
    unit: 'seconds',
    labels: ['route', 'code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    from: 'Each request when it ends; streams and followed logs last as long as somebody reads. `route` is a name of the table of routes, page or none.',
  },
  streams: {
    type: 'gauge',
    name: 'atoll_dashboard_streams',
    help: 'Streams of the dashboard that are open',
    from: 'Set when a page opens or leaves its stream.',
  },
} as const satisfies Record<string, Row>;

export interface Metrics {
  request(route: string, code: number, ms: number): void;
  streams(count: number): void;
}

export function createDashboardMetrics(registry: Registry): Metrics {
  const { seconds, streams } = createInstruments(registry, dashboardMetricRows);
  return {
    request: (route, code, ms) => seconds.observe({ route, code: String(code) }, ms / 1000),
    streams: (count) => streams.set(count),
  };
}
