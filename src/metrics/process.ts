/** What the process itself says: CPU, memory, event loop and garbage collection, under the usual names. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Rows } from './instruments.ts';

export const buildRows = {
  info: {
    type: 'gauge',
    name: 'atoll_build_info',
    help: 'Version and role of this process; always 1',
    labels: ['version', 'role'],
    from: 'every process of the operator, when it starts',
  },
} as const satisfies Rows;

/** Those of prom-client's that are kept, with what it calls them; it also has gauges that end in `_total`, which no linter likes. */
export const processMetrics = {
  process_cpu_seconds_total: 'Total user and system CPU time spent in seconds',
  process_cpu_system_seconds_total: 'Total system CPU time spent in seconds',
  process_cpu_user_seconds_total: 'Total user CPU time spent in seconds',
  process_heap_bytes: 'Process heap size in bytes',
  process_max_fds: 'Maximum number of open file descriptors',
  process_open_fds: 'Number of open file descriptors',
  process_resident_memory_bytes: 'Resident memory size in bytes',
  process_start_time_seconds: 'Start time of the process since Unix epoch in seconds',
  process_virtual_memory_bytes: 'Virtual memory size in bytes',
  nodejs_active_resources: 'Number of active resources that keep the event loop alive, by type',
  nodejs_eventloop_lag_max_seconds: 'The maximum recorded event loop delay',
  nodejs_eventloop_lag_mean_seconds: 'The mean of the recorded event loop delays',
  nodejs_eventloop_lag_min_seconds: 'The minimum recorded event loop delay',
  nodejs_eventloop_lag_p50_seconds: 'The 50th percentile of the recorded event loop delays',
  nodejs_eventloop_lag_p90_seconds: 'The 90th percentile of the recorded event loop delays',
  nodejs_eventloop_lag_p99_seconds: 'The 99th percentile of the recorded event loop delays',
  nodejs_eventloop_lag_seconds: 'Lag of event loop in seconds',
  nodejs_eventloop_lag_stddev_seconds: 'The standard deviation of the recorded event loop delays',
  nodejs_external_memory_bytes: 'Node.js external memory size in bytes',
  nodejs_gc_duration_seconds: 'Garbage collection duration by kind',
  nodejs_heap_size_total_bytes: 'Process heap size from Node.js in bytes',
  nodejs_heap_size_used_bytes: 'Process heap size used from Node.js in bytes',
  nodejs_heap_space_size_available_bytes: 'Process heap space size available from Node.js in bytes, by space',
  nodejs_heap_space_size_total_bytes: 'Process heap space size total from Node.js in bytes, by space',
  nodejs_heap_space_size_used_bytes: 'Process heap space size used from Node.js in bytes, by space',
  nodejs_version_info: 'Node.js version info',
} as const;

/** A registry with these; to be made once for a process, since each one watches the garbage collector. */
export function createProcessRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) if (!(name in processMetrics)) registry.removeSingleMetric(name);
  return registry;
}
