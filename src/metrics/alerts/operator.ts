/** Alerts about Atoll's own processes and about the link between them. */
import { type AlertGroup, grown, ofAtoll } from './alert.ts';

const here = 'on {{ $labels.instance }}';
const share = (bad: string, all: string, by: string) => `sum by ${by} (${bad}) / sum by ${by} (${all}) > {threshold}`;

export const linkAlerts: AlertGroup = {
  name: 'link',
  where: 'hub and island',
  alerts: [
    {
      name: 'AtollLinkDown',
      severity: 'warning',
      expr: 'max by (instance) (atoll_link_connected) == 0',
      summary: `The operator ${here} is not connected to NATS`,
      description: 'Hub and islands do not hear each other. What runs on islands runs on.',
    },
    {
      name: 'AtollSyncsFail',
      severity: 'warning',
      expr: share('rate(atoll_link_syncs_total{outcome="failed"}[10m])', 'rate(atoll_link_syncs_total[10m])', '(instance)'),
      threshold: 'share of the syncs, from 0 to 1',
      summary: `Syncs between hub and islands fail ${here}`,
      description: 'NATS is connected and answers do not come, or cannot be stored.',
    },
    {
      name: 'AtollMessagesRefused',
      severity: 'warning',
      expr: `sum by (instance, reason) (${grown('atoll_link_messages_dropped_total{reason=~"malformed|oversized|foreign"}', '1h')}) > {threshold}`,
      threshold: 'messages within an hour',
      summary: `Messages are not acted on because they are {{ $labels.reason }} ${here}`,
      description: 'Another version, another program, or an island that speaks about what is not its own.',
    },
  ],
};

export const operatorAlerts: AlertGroup = {
  name: 'operator',
  where: 'everywhere',
  alerts: [
    {
      name: 'AtollDown',
      severity: 'critical',
      expr: 'absent(atoll_build_info{role="{role}"})',
      summary: 'No {{ $labels.role }} of Atoll is scraped',
      description: 'It does not run, or Prometheus does not find it. Pods that train go on without it.',
    },
    {
      name: 'AtollNoLeader',
      severity: 'critical',
      expr: 'max(leader_election_master_status{name="atoll"} and on (job, instance) atoll_build_info{role="{role}"}) == 0',
      summary: 'Processes of Atoll run and none of them leads',
      description: 'Nothing is decided: no placement, no retry, no new attempt. Pods that train go on.',
    },
    {
      name: 'AtollRestarting',
      severity: 'warning',
      expr: `${ofAtoll('changes(process_start_time_seconds[1h])')} > {threshold}`,
      threshold: 'restarts within an hour',
      summary: `The operator restarts again and again ${here}`,
      description: 'No training is lost by it; decisions are late.',
    },
    {
      name: 'AtollReconcileErrors',
      severity: 'warning',
      expr: share(
        ofAtoll('rate(controller_runtime_reconcile_errors_total[10m])'),
        ofAtoll('rate(controller_runtime_reconcile_total[10m])'),
        '(controller, instance)',
      ),
      threshold: 'share of the reconciles, from 0 to 1',
      summary: `Controller {{ $labels.controller }} fails at what it does ${here}`,
      description: 'It tries again with back-off; until it succeeds the objects concerned stay as they are.',
    },
    {
      name: 'AtollQueueStuck',
      severity: 'warning',
      expr: `max by (controller, instance) ${ofAtoll('workqueue_longest_running_processor_seconds')} > {threshold}`,
      threshold: 'seconds that one reconcile has been going on',
      summary: `A reconcile of controller {{ $labels.controller }} does not end ${here}`,
      description: 'A request to the API server or to the object store hangs.',
    },
    {
      name: 'AtollApiErrors',
      severity: 'warning',
      expr: share(
        ofAtoll('rate(rest_client_requests_total{code=~"5..|<error>"}[10m])'),
        ofAtoll('rate(rest_client_requests_total[10m])'),
        '(instance)',
      ),
      threshold: 'share of the requests, from 0 to 1',
      summary: `The API server does not answer the operator as it should ${here}`,
      description: 'Requests end without an answer or with a server error.',
    },
    {
      name: 'AtollWatchSilent',
      severity: 'warning',
      expr: `max by (name, instance) (time() - ${ofAtoll('informer_last_contact_timestamp_seconds')}) > {threshold}`,
      threshold: 'seconds without a list, event or bookmark; one comes every minute',
      summary: `The operator sees {{ $labels.name }} as they were a while ago ${here}`,
      description: 'Its watch hears nothing, so it decides on old facts. It is not Ready meanwhile.',
    },
    {
      name: 'AtollMemoryHigh',
      severity: 'warning',
      expr: `max by (instance) ${ofAtoll('process_resident_memory_bytes')} > {threshold}`,
      threshold: 'bytes; the default is 85 % of the default limit',
      summary: `The operator needs nearly all of its memory ${here}`,
      description: 'Above resources.limits.memory the kernel ends it, and it starts again with the same objects.',
    },
    {
      name: 'AtollEventLoopBlocked',
      severity: 'warning',
      expr: `max by (instance) ${ofAtoll('nodejs_eventloop_lag_p99_seconds')} > {threshold}`,
      threshold: 'seconds at the 99th percentile',
      summary: `The operator is too busy to answer in time ${here}`,
      description: 'It has too little CPU, or more objects than one process can look after. Leases and syncs may time out.',
    },
  ],
};

export const storeAlerts: AlertGroup = {
  name: 'stores',
  where: 'hub and standalone',
  alerts: [
    {
      name: 'AtollStoreRequestsFail',
      severity: 'warning',
      expr: share(
        'rate(atoll_storage_requests_total{result!~"ok|missing"}[10m])',
        'rate(atoll_storage_requests_total[10m])',
        '(store)',
      ),
      threshold: 'share of the requests, from 0 to 1',
      summary: 'The operator cannot read the object store {{ $labels.store }}',
      description: 'Results are not accepted until it can: finished experts stay unaccepted, and runs do not go on.',
    },
  ],
};
