/** For each alert: series that make it fire, and nearly the same that do not. One value a minute, from time 0 on. */

/** Series by their name, with values as promtool writes them: `1x60` is 1 for an hour, `0+60x60` is a clock. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly fires: Series;
  /** When both are looked at, such as `20m`. */
  readonly at: string;
  /** Labels of the alert that fires, but for its severity. */
  readonly labels: Readonly<Record<string, string>>;
  readonly quiet: Series;
}

const expert = { namespace: 'research', training: 'digits', expert: '003' };
const training = { namespace: 'research', training: 'digits' };
const instance = { instance: '10.0.0.1:8080' };
const selector = (labels: Readonly<Record<string, string>>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
const of = (metric: string, ...labels: Readonly<Record<string, string>>[]) => metric + selector(Object.assign({}, ...labels));
const state = (value: string) => of('atoll_expert_status', expert, { state: value });
/** Every process of Atoll says that it is one; others export the same names. */
const process = { job: 'atoll', ...instance };
const build = { [of('atoll_build_info', process, { role: 'hub', version: '1' })]: '1x2000' };
const other = { job: 'another-operator', instance: '10.0.0.2:8080' };

/** A share of all requests, as counters that grow every minute. */
const growing = (metric: string, labels: Readonly<Record<string, string>>, perMinute: number): Series => ({
  [of(metric, labels)]: `0+${perMinute}x60`,
});

export const alertCases: Readonly<Record<string, AlertCase>> = {
  AtollDown: { fires: { up: '1x60' }, at: '20m', labels: { role: 'hub' }, quiet: build },
  AtollNoLeader: {
    fires: { ...build, [of('leader_election_master_status', process, { name: 'atoll' })]: '0x60' },
    at: '10m',
    labels: {},
    quiet: {
      ...build,
      [of('atoll_build_info', { job: 'atoll', instance: '10.0.0.3:8080', role: 'hub', version: '1' })]: '1x60',
      [of('leader_election_master_status', process, { name: 'atoll' })]: '0x60',
      [of('leader_election_master_status', { job: 'atoll', instance: '10.0.0.3:8080', name: 'atoll' })]: '1x60',
    },
  },
  AtollRestarting: {
    fires: { ...build, [of('process_start_time_seconds', process)]: '0+60x10' },
    at: '10m',
    labels: process,
    quiet: { ...build, [of('process_start_time_seconds', process)]: '0 60 60 60 60 60 60 60 60 60 60' },
  },
  AtollReconcileErrors: {
    fires: {
      ...build,
      ...growing('controller_runtime_reconcile_errors_total', { ...process, controller: 'shard' }, 6),
      ...growing('controller_runtime_reconcile_total', { ...process, controller: 'shard', result: 'error' }, 6),
      ...growing('controller_runtime_reconcile_total', { ...process, controller: 'shard', result: 'success' }, 4),
    },
    at: '40m',
    labels: { controller: 'shard', ...instance },
    quiet: {
      ...build,
      ...growing('controller_runtime_reconcile_errors_total', { ...process, controller: 'shard' }, 4),
      ...growing('controller_runtime_reconcile_total', { ...process, controller: 'shard', result: 'error' }, 4),
      ...growing('controller_runtime_reconcile_total', { ...process, controller: 'shard', result: 'success' }, 6),
      ...growing('controller_runtime_reconcile_errors_total', { ...other, controller: 'widgets' }, 9),
      ...growing('controller_runtime_reconcile_total', { ...other, controller: 'widgets', result: 'error' }, 9),
    },
  },
  AtollQueueStuck: {
    fires: { ...build, [of('workqueue_longest_running_processor_seconds', process, { controller: 'shard' })]: '0+60x60' },
    at: '15m',
    labels: { controller: 'shard', ...instance },
    quiet: {
      ...build,
      [of('workqueue_longest_running_processor_seconds', process, { controller: 'shard' })]: '100x60',
      [of('workqueue_longest_running_processor_seconds', other, { controller: 'widgets' })]: '0+60x60',
    },
  },
  AtollApiErrors: {
    fires: {
      ...build,
      ...growing('rest_client_requests_total', { ...process, code: '503', method: 'GET' }, 1),
      ...growing('rest_client_requests_total', { ...process, code: '<error>', method: 'GET' }, 1),
      ...growing('rest_client_requests_total', { ...process, code: '200', method: 'GET' }, 8),
    },
    at: '40m',
    labels: instance,
    quiet: {
      ...build,
      ...growing('rest_client_requests_total', { ...process, code: '409', method: 'PATCH' }, 5),
      ...growing('rest_client_requests_total', { ...process, code: '200', method: 'GET' }, 5),
    },
  },
  AtollWatchSilent: {
    fires: { ...build, [of('informer_last_contact_timestamp_seconds', process, { name: 'islandjobs' })]: '0x60' },
    at: '15m',
    labels: { name: 'islandjobs', ...instance },
    quiet: { ...build, [of('informer_last_contact_timestamp_seconds', process, { name: 'islandjobs' })]: '0+60x60' },
  },
  AtollMemoryHigh: {
    fires: { ...build, [of('process_resident_memory_bytes', process)]: '500000000x60' },
    at: '20m',
    labels: instance,
    quiet: {
      ...build,
      [of('process_resident_memory_bytes', process)]: '300000000x60',
      [of('process_resident_memory_bytes', other)]: '900000000x60',
    },
  },
  AtollEventLoopBlocked: {
    fires: { ...build, [of('nodejs_eventloop_lag_p99_seconds', process)]: '2x60' },
    at: '15m',
    labels: instance,
    quiet: { ...build, [of('nodejs_eventloop_lag_p99_seconds', process)]: '0.02x60' },
  },
  AtollLinkDown: {
    fires: { [of('atoll_link_connected', instance)]: '0x60' },
    at: '15m',
    labels: instance,
    quiet: { [of('atoll_link_connected', instance)]: '0x5 1x55' },
  },
  AtollSyncsFail: {
    fires: {
      ...growing('atoll_link_syncs_total', { ...instance, outcome: 'failed' }, 6),
      ...growing('atoll_link_syncs_total', { ...instance, outcome: 'answered' }, 4),
    },
    at: '40m',
    labels: instance,
    quiet: {
      ...growing('atoll_link_syncs_total', { ...instance, outcome: 'refused' }, 6),
      ...growing('atoll_link_syncs_total', { ...instance, outcome: 'answered' }, 4),
    },
  },
  AtollMessagesRefused: {
    fires: growing('atoll_link_messages_dropped_total', { ...instance, reason: 'foreign' }, 1),
    at: '30m',
    labels: { reason: 'foreign', ...instance },
    quiet: growing('atoll_link_messages_dropped_total', { ...instance, reason: 'stale' }, 9),
  },
  AtollAllIslandsUnreachable: {
    fires: { 'atoll_island_reachable{island="west"}': '0x60', 'atoll_island_reachable{island="east"}': '0x60' },
    at: '10m',
    labels: {},
    quiet: { 'atoll_island_reachable{island="west"}': '0x60', 'atoll_island_reachable{island="east"}': '1x60' },
  },
  AtollIslandUnreachable: {
    fires: {
      'atoll_island_reachable{island="west"}': '0x60',
      'atoll_island_last_heard_timestamp_seconds{island="west"}': '0x60',
    },
    at: '20m',
    labels: { island: 'west' },
    // It has never joined.
    quiet: { 'atoll_island_reachable{island="north"}': '0x60' },
  },
  AtollIslandNotReady: {
    fires: { 'atoll_island_ready{island="west"}': '0x60', 'atoll_island_reachable{island="west"}': '1x60' },
    at: '20m',
    labels: { island: 'west' },
    quiet: { 'atoll_island_ready{island="west"}': '0x60', 'atoll_island_reachable{island="west"}': '0x60' },
  },
  AtollIslandGpusUnhealthy: {
    fires: { 'atoll_island_gpus{island="west",product="H100",state="unhealthy"}': '1x60' },
    at: '20m',
    labels: { island: 'west', product: 'H100' },
    quiet: { 'atoll_island_gpus{island="west",product="H100",state="used"}': '8x60' },
  },
  AtollIslandClockSkew: {
    fires: { 'atoll_island_clock_skew_seconds{island="west"}': '-60x60' },
    at: '15m',
    labels: { island: 'west' },
    quiet: { 'atoll_island_clock_skew_seconds{island="west"}': '2x60' },
  },
  AtollUnknownJobs: {
    fires: { 'atoll_island_unknown_jobs{island="west"}': '2x60' },
    at: '20m',
    labels: { island: 'west' },
    quiet: { 'atoll_island_unknown_jobs{island="west"}': '0x60' },
  },
  AtollVersionSkew: {
    fires: { ...build, 'atoll_island_info{island="west",version="0"}': '1x2000' },
    at: '25h',
    labels: { island: 'west', version: '0' },
    quiet: { ...build, 'atoll_island_info{island="west",version="1"}': '1x2000' },
  },
  AtollTrainingFailed: {
    fires: {
      [of('atoll_training_status', training, { state: 'Failed' })]: '1x60',
      [of('atoll_training_completed_timestamp_seconds', training)]: '0x60',
    },
    at: '5m',
    labels: training,
    quiet: {
      [of('atoll_training_status', training, { state: 'Failed' })]: '0x60',
      [of('atoll_training_status', training, { state: 'Complete' })]: '1x60',
      [of('atoll_training_completed_timestamp_seconds', training)]: '0x60',
    },
  },
  AtollTrainingDegraded: {
    fires: { [of('atoll_training_condition', training, { type: 'Degraded', status: 'True' })]: '1x60' },
    at: '20m',
    labels: training,
    quiet: { [of('atoll_training_condition', training, { type: 'Degraded', status: 'False' })]: '1x60' },
  },
  AtollDeadlineWillBeMissed: {
    fires: {
      [of('atoll_training_eta_seconds', training)]: '7200x90',
      [of('atoll_training_deadline_timestamp_seconds', training)]: '7200x90',
    },
    at: '40m',
    labels: training,
    quiet: {
      [of('atoll_training_eta_seconds', training)]: '600x90',
      [of('atoll_training_deadline_timestamp_seconds', training)]: '7200x90',
    },
  },
  AtollTrainingFinished: {
    fires: {
      [of('atoll_training_status', training, { state: 'Complete' })]: '1x180',
      [of('atoll_training_completed_timestamp_seconds', training)]: '7200x180',
    },
    at: '150m',
    labels: training,
    // It was complete long before.
    quiet: {
      [of('atoll_training_status', training, { state: 'Complete' })]: '1x180',
      [of('atoll_training_completed_timestamp_seconds', training)]: '0x180',
    },
  },
  AtollDatasetBlocked: {
    fires: { 'atoll_dataset_status{namespace="research",dataset="digits",state="Blocked"}': '1x60' },
    at: '20m',
    labels: { namespace: 'research', dataset: 'digits', state: 'Blocked' },
    quiet: { 'atoll_dataset_status{namespace="research",dataset="digits",state="Ready"}': '1x60' },
  },
  AtollRouterFailed: {
    // A counter that begins at 1: nothing of it has ever been 0.
    fires: { 'atoll_job_ended_total{role="Router",result="Failed"}': '_x9 1x50' },
    at: '15m',
    labels: { role: 'Router' },
    quiet: { 'atoll_job_ended_total{role="Router",result="Succeeded"}': '_x9 1x50' },
  },
  AtollInputDamaged: {
    fires: { 'atoll_job_failures_total{island="west",role="Expert",class="InputDamaged",action="Fail"}': '_x9 1x50' },
    at: '15m',
    labels: { island: 'west' },
    quiet: { 'atoll_job_failures_total{island="west",role="Expert",class="Crash",action="Retry"}': '_x9 1x50' },
  },
  AtollStorageFailures: {
    fires: { 'atoll_job_failures_total{island="west",role="Expert",class="Storage",action="Retry"}': '_x9 1 2 3 4x50' },
    at: '15m',
    labels: { island: 'west' },
    quiet: { 'atoll_job_failures_total{island="west",role="Expert",class="Storage",action="Retry"}': '_x9 1x50' },
  },
  AtollRecoverySlow: {
    fires: {
      'atoll_job_recovery_duration_seconds_bucket{class="Crash",le="600"}': '0x60',
      'atoll_job_recovery_duration_seconds_bucket{class="Crash",le="1800"}': '0+1x60',
      'atoll_job_recovery_duration_seconds_bucket{class="Crash",le="+Inf"}': '0+1x60',
    },
    at: '30m',
    labels: {},
    quiet: {
      'atoll_job_recovery_duration_seconds_bucket{class="Crash",le="10"}': '0+1x60',
      'atoll_job_recovery_duration_seconds_bucket{class="Crash",le="+Inf"}': '0+1x60',
    },
  },
  AtollGpuTimeLost: {
    fires: {
      'atoll_gpu_seconds_total{island="west",role="Expert",product="H100",use="kept"}': '0+90x300',
      'atoll_gpu_seconds_total{island="west",role="Expert",product="H100",use="lost"}': '0+10x300',
    },
    at: '3h',
    labels: { island: 'west' },
    quiet: {
      'atoll_gpu_seconds_total{island="west",role="Expert",product="H100",use="kept"}': '0+99x300',
      'atoll_gpu_seconds_total{island="west",role="Expert",product="H100",use="lost"}': '0+1x300',
    },
  },
  AtollNoDurableCheckpoint: {
    fires: { [state('Running')]: '1x200', [of('atoll_expert_started_timestamp_seconds', expert)]: '0x200' },
    at: '3h',
    labels: expert,
    quiet: {
      [state('Running')]: '1x200',
      [of('atoll_expert_started_timestamp_seconds', expert)]: '0x200',
      [of('atoll_expert_last_checkpoint_timestamp_seconds', expert)]: '0+60x200',
    },
  },
  AtollExpertNoProgress: {
    fires: { [state('Running')]: '1x60', [of('atoll_expert_last_report_timestamp_seconds', expert)]: '0x60' },
    at: '45m',
    labels: expert,
    // What is suspended reports nothing either.
    quiet: { [state('Suspended')]: '1x60', [of('atoll_expert_last_report_timestamp_seconds', expert)]: '0x60' },
  },
  AtollExpertFailingRepeatedly: {
    fires: { [of('atoll_expert_restarts', expert)]: '0x10 1 2 3x50' },
    at: '20m',
    labels: expert,
    quiet: { [of('atoll_expert_restarts', expert)]: '3x60' },
  },
  AtollExpertBlocked: {
    fires: { [state('Blocked')]: '1x60' },
    at: '10m',
    labels: expert,
    quiet: { [state('Running')]: '1x60' },
  },
  AtollExpertPendingTooLong: {
    // It changes between the states in which it waits.
    fires: { [state('Waiting')]: '1x30 _x60', [state('Pending')]: '_x30 1x60' },
    at: '70m',
    labels: expert,
    quiet: { [state('Waiting')]: '1x30 _x60', [state('Running')]: '_x30 1x60' },
  },
  AtollExpertStartingTooLong: {
    fires: { [state('Starting')]: '1x60' },
    at: '40m',
    labels: expert,
    quiet: { [state('Starting')]: '1x10 _x50', [state('Running')]: '_x10 1x50' },
  },
  AtollStragglerExpert: {
    fires: {
      [state('Running')]: '1x60',
      [of('atoll_expert_progress_ratio', expert)]: '0.1x60',
      [of('atoll_expert_progress_ratio', training, { expert: '000' })]: '0.5x60',
      [of('atoll_expert_progress_ratio', training, { expert: '001' })]: '0.5x60',
    },
    at: '45m',
    labels: expert,
    quiet: {
      [state('Running')]: '1x60',
      [of('atoll_expert_progress_ratio', expert)]: '0.4x60',
      [of('atoll_expert_progress_ratio', training, { expert: '000' })]: '0.5x60',
      [of('atoll_expert_progress_ratio', training, { expert: '001' })]: '0.5x60',
    },
  },
  AtollStoreRequestsFail: {
    fires: {
      ...growing('atoll_storage_requests_total', { store: 'default', op: 'get', result: 'unavailable' }, 5),
      ...growing('atoll_storage_requests_total', { store: 'default', op: 'get', result: 'ok' }, 5),
    },
    at: '40m',
    labels: { store: 'default' },
    quiet: {
      ...growing('atoll_storage_requests_total', { store: 'default', op: 'head', result: 'missing' }, 5),
      ...growing('atoll_storage_requests_total', { store: 'default', op: 'get', result: 'ok' }, 5),
    },
  },
};
