/** The boards of the chart: one for who trains, one for who runs islands, one for who looks after the operator. */
import { type Board, boardJson } from './board.ts';

const one = '{namespace=~"$namespace",training=~"$training"}';
const only = (more: string) => `{namespace=~"$namespace",training=~"$training",${more}}`;
const expert = '{{training}} {{expert}}';
const by = '(namespace, training, expert)';

const training: Board = {
  uid: 'atoll-training',
  title: 'Atoll / Training',
  variables: [
    { name: 'namespace', query: 'label_values(atoll_training_info, namespace)' },
    { name: 'training', query: 'label_values(atoll_training_info{namespace=~"$namespace"}, training)' },
  ],
  panels: [
    {
      title: 'State',
      kind: 'table',
      width: 8,
      unit: 'none',
      queries: { '{{training}} {{state}}': `max by (namespace, training, state) (atoll_training_status${one}) == 1` },
    },
    {
      title: 'Progress',
      kind: 'stat',
      width: 8,
      unit: 'percentunit',
      queries: { '{{training}}': `max by (namespace, training) (atoll_training_progress_ratio${one})` },
    },
    {
      title: 'Time left',
      kind: 'stat',
      width: 8,
      unit: 's',
      queries: { '{{training}}': `max by (namespace, training) (atoll_training_eta_seconds${one})` },
    },
    {
      title: 'Experts by state',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: { '{{state}}': `sum by (state) (max by (namespace, training, expert, state) (atoll_expert_status${one}))` },
    },
    {
      title: 'Progress by expert',
      kind: 'timeseries',
      width: 12,
      unit: 'percentunit',
      queries: { [expert]: `max by ${by} (atoll_expert_progress_ratio${one})` },
    },
    {
      title: 'Loss by expert',
      kind: 'timeseries',
      width: 12,
      unit: 'none',
      about: 'Experts are trained on different data: their losses are not to be compared, and never averaged.',
      queries: { [expert]: `max by ${by} (atoll_expert_loss${one})` },
    },
    {
      title: 'Samples a second by expert',
      kind: 'timeseries',
      width: 12,
      unit: 'none',
      queries: { [expert]: `max by ${by} (atoll_expert_samples_per_second${one})` },
    },
    {
      title: 'Age of the newest checkpoint',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      about: 'What would be lost if it ended now.',
      queries: {
        [expert]: `(time() - max by ${by} (atoll_expert_last_checkpoint_timestamp_seconds${one})) and on ${by} atoll_expert_status${only('state="Running"')}`,
      },
    },
    {
      title: 'Counted failures by expert',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: { [expert]: `max by ${by} (atoll_expert_restarts${one})` },
    },
    {
      title: 'Where they run',
      kind: 'table',
      width: 24,
      unit: 'none',
      queries: { [expert]: `max by (namespace, training, expert, island, placement, attempt) (atoll_expert_info${one})` },
    },
  ],
};

const chosen = '{island=~"$island"}';
const rate = (metric: string, labels: string) => `sum by ${labels} (rate(${metric}${chosen}[$__rate_interval]))`;

const islands: Board = {
  uid: 'atoll-islands',
  title: 'Atoll / Islands',
  variables: [{ name: 'island', query: 'label_values(atoll_island_ready, island)' }],
  panels: [
    {
      title: 'Reachable',
      kind: 'timeseries',
      width: 8,
      unit: 'none',
      about: 'A silent island is not a dead one: what runs there runs on.',
      queries: { '{{island}}': `max by (island) (atoll_island_reachable${chosen})` },
    },
    {
      title: 'Ready',
      kind: 'timeseries',
      width: 8,
      unit: 'none',
      queries: { '{{island}}': `max by (island) (atoll_island_ready${chosen})` },
    },
    {
      title: 'Last heard',
      kind: 'stat',
      width: 8,
      unit: 's',
      queries: { '{{island}}': `time() - max by (island) (atoll_island_last_heard_timestamp_seconds${chosen})` },
    },
    {
      title: 'GPUs by state',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: {
        '{{island}} {{state}}': `sum by (island, state) (max by (island, product, state) (atoll_island_gpus${chosen}))`,
      },
    },
    {
      title: 'IslandJobs that have not ended',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: { '{{island}}': `max by (island) (atoll_island_jobs${chosen})` },
    },
    {
      title: 'Failed attempts by class',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: {
        '{{island}} {{class}} {{action}}': `sum by (island, class, action) (increase(atoll_job_failures_total${chosen}[1h]))`,
      },
    },
    {
      title: 'Start of an attempt, 90th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: {
        '{{island}} {{stage}}': `histogram_quantile(0.9, ${rate('atoll_job_startup_duration_seconds_bucket', '(le, island, stage)')})`,
      },
    },
    {
      title: 'From a failure to the next start, 90th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: {
        '{{class}}':
          'histogram_quantile(0.9, sum by (le, class) (rate(atoll_job_recovery_duration_seconds_bucket[$__rate_interval])))',
      },
    },
    {
      title: 'GPU hours of ended attempts a day, by use',
      kind: 'timeseries',
      width: 12,
      unit: 'none',
      queries: { '{{island}} {{use}}': `sum by (island, use) (increase(atoll_gpu_seconds_total${chosen}[1d])) / 3600` },
    },
    {
      title: 'Publishing a checkpoint, 90th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: {
        '{{island}}': `histogram_quantile(0.9, ${rate('atoll_checkpoint_publish_duration_seconds_bucket', '(le, island)')})`,
      },
    },
    {
      title: 'Published bytes an hour',
      kind: 'timeseries',
      width: 12,
      unit: 'bytes',
      queries: { '{{island}}': `sum by (island) (increase(atoll_checkpoint_size_bytes_sum${chosen}[1h]))` },
    },
    {
      title: 'Versions',
      kind: 'table',
      width: 12,
      unit: 'none',
      queries: { '{{island}}': `max by (island, version, kubernetes) (atoll_island_info${chosen})` },
    },
  ],
};

const ours = 'and on (job, instance) atoll_build_info';

const engine: Board = {
  uid: 'atoll-engine',
  title: 'Atoll / Operator',
  variables: [],
  panels: [
    { title: 'Processes', kind: 'table', width: 12, unit: 'none', queries: { '{{role}}': 'atoll_build_info' } },
    {
      title: 'Leader',
      kind: 'timeseries',
      width: 12,
      unit: 'none',
      queries: { '{{instance}}': `leader_election_master_status ${ours}` },
    },
    {
      title: 'Reconciles',
      kind: 'timeseries',
      width: 12,
      unit: 'reqps',
      queries: {
        '{{controller}} {{result}}': `sum by (controller, result) (rate(controller_runtime_reconcile_total[$__rate_interval]) ${ours})`,
      },
    },
    {
      title: 'Time of a reconcile, 99th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: {
        '{{controller}}': `histogram_quantile(0.99, sum by (le, controller) (rate(controller_runtime_reconcile_time_seconds_bucket[$__rate_interval]) ${ours}))`,
      },
    },
    {
      title: 'Depth of queues',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: { '{{controller}}': `sum by (controller) (workqueue_depth ${ours})` },
    },
    {
      title: 'Requests to the API server',
      kind: 'timeseries',
      width: 12,
      unit: 'reqps',
      queries: { '{{method}} {{code}}': `sum by (method, code) (rate(rest_client_requests_total[$__rate_interval]) ${ours})` },
    },
    {
      title: 'Syncs of the link',
      kind: 'timeseries',
      width: 12,
      unit: 'reqps',
      queries: { '{{instance}} {{outcome}}': 'sum by (instance, outcome) (rate(atoll_link_syncs_total[$__rate_interval]))' },
    },
    {
      title: 'Time of a sync, 99th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: {
        '{{instance}}':
          'histogram_quantile(0.99, sum by (le, instance) (rate(atoll_link_sync_seconds_bucket[$__rate_interval])))',
      },
    },
    {
      title: 'Connections to NATS',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: {
        '{{instance}}': 'atoll_link_connected',
        '{{instance}} made in an hour': 'increase(atoll_link_connections_total[1h])',
      },
    },
    {
      title: 'Requests to object stores',
      kind: 'timeseries',
      width: 12,
      unit: 'reqps',
      queries: { '{{store}} {{result}}': 'sum by (store, result) (rate(atoll_storage_requests_total[$__rate_interval]))' },
    },
    {
      title: 'Memory',
      kind: 'timeseries',
      width: 12,
      unit: 'bytes',
      queries: { '{{instance}}': `process_resident_memory_bytes ${ours}` },
    },
    {
      title: 'Lag of the event loop, 99th percentile',
      kind: 'timeseries',
      width: 12,
      unit: 's',
      queries: { '{{instance}}': `nodejs_eventloop_lag_p99_seconds ${ours}` },
    },
    {
      title: 'CPU',
      kind: 'timeseries',
      width: 12,
      unit: 'none',
      queries: { '{{instance}}': `rate(process_cpu_seconds_total[$__rate_interval]) ${ours}` },
    },
    {
      title: 'Objects held',
      kind: 'timeseries',
      width: 12,
      unit: 'short',
      queries: { '{{instance}} {{name}}': `informer_objects ${ours}` },
    },
  ],
};

export const boards: Readonly<Record<string, Board>> = { training, islands, engine };

/** The text of each board by its name. */
export const boardFiles = (): Map<string, string> =>
  new Map(Object.entries(boards).map(([name, board]) => [`${name}.json`, boardJson(board)]));
