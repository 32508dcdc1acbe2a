/** Alerts about whole runs, their data sets, and what their works die of. */
import { type AlertGroup, grown } from './alert.ts';

const by = '(namespace, training)';
const who = 'Training {{ $labels.namespace }}/{{ $labels.training }}';
const within = `and on ${by} time() - max by ${by} (atoll_training_completed_timestamp_seconds) < {threshold}`;

export const trainingAlerts: AlertGroup = {
  name: 'trainings',
  where: 'hub and standalone',
  alerts: [
    {
      name: 'AtollTrainingFailed',
      severity: 'warning',
      expr: `max by ${by} (atoll_training_status{state="Failed"}) == 1 ${within}`,
      threshold: 'seconds for which it is shown',
      summary: `${who} has failed`,
      description:
        'Terminal means terminal: what its experts have published stays in the bucket, and a new training starts from zero.',
    },
    {
      name: 'AtollTrainingDegraded',
      severity: 'warning',
      expr: `max by ${by} (atoll_training_condition{type="Degraded",status="True"}) == 1`,
      summary: `${who} is degraded`,
      description: 'A part of it cannot go on while the others do.',
    },
    {
      name: 'AtollDeadlineWillBeMissed',
      severity: 'warning',
      expr: `max by ${by} (atoll_training_eta_seconds) > max by ${by} (atoll_training_deadline_timestamp_seconds) - time()`,
      summary: `${who} will not be complete before its deadline`,
      description: 'At the speed measured now spec.deadline comes first, and then the run is Failed.',
    },
    {
      name: 'AtollTrainingFinished',
      severity: 'info',
      expr: `max by ${by} (atoll_training_status{state="Complete"}) == 1 ${within}`,
      threshold: 'seconds for which it is shown',
      summary: `${who} is complete`,
      description: 'Its ensemble is published and verified.',
    },
    {
      name: 'AtollDatasetBlocked',
      severity: 'warning',
      expr: 'max by (namespace, dataset, state) (atoll_dataset_status{state=~"Blocked|Failed"}) == 1',
      summary: 'Data set {{ $labels.namespace }}/{{ $labels.dataset }} is {{ $labels.state }}',
      description: 'Trainings that name it wait. Blocked means that its shards are too uneven and somebody has to approve them.',
    },
    {
      name: 'AtollRouterFailed',
      severity: 'warning',
      expr: `sum by (role) (${grown('atoll_job_ended_total{role=~"Router|Evaluate",result="Failed"}', '1h')}) > 0`,
      summary: 'A work of role {{ $labels.role }} has failed for good',
      description: 'Its experts may all be done: without the router or the evaluation the run does not become Complete.',
    },
    {
      name: 'AtollInputDamaged',
      severity: 'critical',
      expr: `sum by (island) (${grown('atoll_job_failures_total{class="InputDamaged"}', '1h')}) > 0`,
      summary: 'An input in the object store does not verify (found on island {{ $labels.island }})',
      description:
        'An object that was published and accepted has other bytes now. Whoever reads it is blocked, with the key in its message.',
    },
    {
      name: 'AtollStorageFailures',
      severity: 'warning',
      expr: `sum by (island) (${grown('atoll_job_failures_total{class="Storage"}', '1h')}) >= {threshold}`,
      threshold: 'failed attempts of one island within an hour',
      summary: 'Works on island {{ $labels.island }} fail because of the object store',
      description: 'Pods there cannot fetch their inputs or publish their results.',
    },
    {
      name: 'AtollRecoverySlow',
      severity: 'info',
      expr: 'histogram_quantile(0.9, sum by (le) (rate(atoll_job_recovery_duration_seconds_bucket[6h]))) > {threshold}',
      threshold: 'seconds from the end of a failed attempt to the start of the next, at the 90th percentile',
      summary: 'It takes long until a failed attempt is followed by the next',
      description: 'Back-off, a full cluster, or images that are pulled anew each time.',
    },
    {
      name: 'AtollGpuTimeLost',
      severity: 'warning',
      expr:
        'sum by (island) (increase(atoll_gpu_seconds_total{use="lost"}[1d])) / ' +
        'sum by (island) (increase(atoll_gpu_seconds_total[1d])) > {threshold}',
      threshold: 'share of the GPU time of a day whose work has to be done again',
      summary: 'Much GPU time on island {{ $labels.island }} is lost to attempts that end before they publish',
      description: 'What an attempt did after its newest published checkpoint is done again by the next one, and paid for twice.',
    },
  ],
};
