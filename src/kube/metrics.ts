/** Every metric of the engine, under the names and labels of controller-runtime and client-go; the registry is passed in. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const workqueueSeconds = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

export type ReconcileResult = 'success' | 'requeue_after' | 'requeue' | 'error';

/** Labels are bounded: controllers, verbs, codes and hosts, never an object's name. */
export function createKubeMetrics(registry: Registry) {
  const registers = [registry];
  const queue = ['name', 'controller'] as const;
  /** Asked at each scrape: how long work has been going on changes by itself. */
  const atScrape = new Set<() => void>();
  return {
    onScrape: (observe: () => void) => void atScrape.add(observe),
    reconciles: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Total number of reconciliations per controller',
      labelNames: ['controller', 'result'] as const,
      registers,
    }),
    reconcileErrors: new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Total number of reconciliation errors per controller',
      labelNames: ['controller'] as const,
      registers,
    }),
    terminalErrors: new Counter({
      name: 'controller_runtime_terminal_reconcile_errors_total',
      help: 'Total number of terminal reconciliation errors per controller',
      labelNames: ['controller'] as const,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Length of time per reconciliation per controller',
      labelNames: ['controller'] as const,
      buckets: seconds,
      registers,
    }),
    maxConcurrent: new Gauge({
      name: 'controller_runtime_max_concurrent_reconciles',
      help: 'Maximum number of concurrent reconciles per controller',
      labelNames: ['controller'] as const,
      registers,
    }),
    activeWorkers: new Gauge({
      name: 'controller_runtime_active_workers',
      help: 'Number of currently used workers per controller',
      labelNames: ['controller'] as const,
      registers,
    }),
    queueDepth: new Gauge({
      name: 'workqueue_depth',
      help: 'Current depth of workqueue',
      labelNames: queue,
      registers,
      collect() {
        for (const observe of atScrape) observe();
      },
    }),
    queueAdds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Total number of adds handled by workqueue',
      labelNames: queue,
      registers,
    }),
    queueRetries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Total number of retries handled by workqueue',
      labelNames: queue,
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long in seconds an item stays in workqueue before being requested',
      labelNames: queue,
      buckets: workqueueSeconds,
      registers,
    }),
    workSeconds: new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long in seconds processing an item from workqueue takes',
      labelNames: queue,
      buckets: workqueueSeconds,
      registers,
    }),
    unfinishedSeconds: new Gauge({
      name: 'workqueue_unfinished_work_seconds',
      help: 'Seconds of work in progress that work_duration has not observed yet',
      labelNames: queue,
      registers,
    }),
    longestSeconds: new Gauge({
      name: 'workqueue_longest_running_processor_seconds',
      help: 'How many seconds the longest running processor for workqueue has been running',
      labelNames: queue,
      registers,
    }),
    requests: new Counter({
      name: 'rest_client_requests_total',
      help: 'Number of HTTP requests, partitioned by status code, method, and host',
      labelNames: ['code', 'method', 'host'] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'Request latency in seconds, broken down by verb and host',
      labelNames: ['verb', 'host'] as const,
      buckets: seconds,
      registers,
    }),
    requestRetries: new Counter({
      name: 'rest_client_request_retries_total',
      help: 'Number of request retries, partitioned by status code, verb, and host',
      labelNames: ['code', 'verb', 'host'] as const,
      registers,
    }),
    leader: new Gauge({
      name: 'leader_election_master_status',
      help: 'Whether this process holds the lease: 1 is holder, 0 is not',
      labelNames: ['name'] as const,
      registers,
    }),
    lists: new Counter({
      name: 'reflector_lists_total',
      help: 'Total number of API lists done by the reflectors',
      labelNames: ['name'] as const,
      registers,
    }),
    watches: new Counter({
      name: 'reflector_watches_total',
      help: 'Total number of API watches done by the reflectors',
      labelNames: ['name'] as const,
      registers,
    }),
    reflectorFailures: new Counter({
      name: 'reflector_failures_total',
      help: 'Total number of lists and watches that failed and were tried again, by reason',
      labelNames: ['name', 'reason'] as const,
      registers,
    }),
    objects: new Gauge({
      name: 'informer_objects',
      help: 'Number of objects held in the store of an informer',
      labelNames: ['name'] as const,
      registers,
    }),
    lastContact: new Gauge({
      name: 'informer_last_contact_timestamp_seconds',
      help: 'Unix time of the last list, event or bookmark that an informer received',
      labelNames: ['name'] as const,
      registers,
    }),
    events: new Counter({
      name: 'event_recorder_events_total',
      help: 'Number of events by what became of them: created, aggregated, dropped, failed',
      labelNames: ['outcome'] as const,
      registers,
    }),
  };
}

export type KubeMetrics = ReturnType<typeof createKubeMetrics>;
