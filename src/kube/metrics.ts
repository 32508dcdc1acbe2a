/** Every metric of the engine, under the names and labels of controller-runtime and client-go; the registry is passed in. */
import type { Registry } from 'prom-client';
import { createInstruments, type Rows } from '../metrics/instruments.ts';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const workqueueSeconds = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
const queue = ['name', 'controller'] as const;

export type ReconcileResult = 'success' | 'requeue_after' | 'requeue' | 'error';

/** Labels are bounded: controllers, verbs, codes and hosts, never an object's name. */
export const kubeMetricRows = {
  reconciles: {
    type: 'counter',
    name: 'controller_runtime_reconcile_total',
    help: 'Total number of reconciliations per controller',
    labels: ['controller', 'result'],
    from: 'a controller, after each reconcile; result is success, requeue, requeue_after or error',
  },
  reconcileErrors: {
    type: 'counter',
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Total number of reconciliation errors per controller',
    labels: ['controller'],
    from: 'a controller, after each reconcile that threw',
  },
  terminalErrors: {
    type: 'counter',
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Total number of terminal reconciliation errors per controller',
    labels: ['controller'],
    from: 'a controller, after an error that it does not try again',
  },
  reconcileSeconds: {
    type: 'histogram',
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of time per reconciliation per controller',
    unit: 'seconds',
    labels: ['controller'],
    buckets: seconds,
    from: 'a controller, after each reconcile',
  },
  maxConcurrent: {
    type: 'gauge',
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Maximum number of concurrent reconciles per controller',
    labels: ['controller'],
    from: 'a controller, when it is made',
  },
  activeWorkers: {
    type: 'gauge',
    name: 'controller_runtime_active_workers',
    help: 'Number of currently used workers per controller',
    labels: ['controller'],
    from: 'a controller, around each reconcile',
  },
  queueDepth: {
    type: 'gauge',
    name: 'workqueue_depth',
    help: 'Current depth of workqueue',
    labels: queue,
    from: 'the queue of a controller, at each scrape',
  },
  queueAdds: {
    type: 'counter',
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue',
    labels: queue,
    from: 'the queue of a controller',
  },
  queueRetries: {
    type: 'counter',
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue',
    labels: queue,
    from: 'the queue of a controller, after an error',
  },
  queueSeconds: {
    type: 'histogram',
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested',
    unit: 'seconds',
    labels: queue,
    buckets: workqueueSeconds,
    from: 'the queue of a controller, when an item is taken',
  },
  workSeconds: {
    type: 'histogram',
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes',
    unit: 'seconds',
    labels: queue,
    buckets: workqueueSeconds,
    from: 'the queue of a controller, when an item is done',
  },
  unfinishedSeconds: {
    type: 'gauge',
    name: 'workqueue_unfinished_work_seconds',
    help: 'Seconds of work in progress that work_duration has not observed yet',
    unit: 'seconds',
    labels: queue,
    from: 'the queue of a controller, at each scrape',
  },
  longestSeconds: {
    type: 'gauge',
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How many seconds the longest running processor for workqueue has been running',
    unit: 'seconds',
    labels: queue,
    from: 'the queue of a controller, at each scrape',
  },
  requests: {
    type: 'counter',
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host',
    labels: ['code', 'method', 'host'],
    from: 'the client of the API server, after each request; code is <error> when none came back',
  },
  requestSeconds: {
    type: 'histogram',
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds, broken down by verb and host',
    unit: 'seconds',
    labels: ['verb', 'host'],
    buckets: seconds,
    from: 'the client of the API server, after each request',
  },
  requestRetries: {
    type: 'counter',
    name: 'rest_client_request_retries_total',
    help: 'Number of request retries, partitioned by status code, verb, and host',
    labels: ['code', 'verb', 'host'],
    from: 'the client of the API server, before it asks again',
  },
  leader: {
    type: 'gauge',
    name: 'leader_election_master_status',
    help: 'Whether this process holds the lease: 1 is holder, 0 is not',
    labels: ['name'],
    from: 'the lease, when it is taken, lost or given back',
  },
  lists: {
    type: 'counter',
    name: 'reflector_lists_total',
    help: 'Total number of API lists done by the reflectors',
    labels: ['name'],
    from: 'the reflector of a kind',
  },
  watches: {
    type: 'counter',
    name: 'reflector_watches_total',
    help: 'Total number of API watches done by the reflectors',
    labels: ['name'],
    from: 'the reflector of a kind',
  },
  reflectorFailures: {
    type: 'counter',
    name: 'reflector_failures_total',
    help: 'Total number of lists and watches that failed and were tried again, by reason',
    labels: ['name', 'reason'],
    from: 'the reflector of a kind',
  },
  objects: {
    type: 'gauge',
    name: 'informer_objects',
    help: 'Number of objects held in the store of an informer',
    labels: ['name'],
    from: 'the reflector of a kind, after each change',
  },
  lastContact: {
    type: 'gauge',
    name: 'informer_last_contact_timestamp_seconds',
    help: 'Unix time of the last list, event or bookmark that an informer received',
    unit: 'timestamp',
    labels: ['name'],
    from: 'the reflector of a kind',
  },
  events: {
    type: 'counter',
    name: 'event_recorder_events_total',
    help: 'Number of events by what became of them: created, aggregated, dropped, failed',
    labels: ['outcome'],
    from: 'the recorder of events',
  },
} as const satisfies Rows;

export function createKubeMetrics(registry: Registry) {
  /** Asked at each scrape: how long work has been going on changes by itself. */
  const atScrape = new Set<() => void>();
  const instruments = createInstruments(registry, kubeMetricRows, {
    queueDepth() {
      for (const observe of atScrape) observe();
    },
  });
  return { ...instruments, onScrape: (observe: () => void) => void atScrape.add(observe) };
}

export type KubeMetrics = ReturnType<typeof createKubeMetrics>;
