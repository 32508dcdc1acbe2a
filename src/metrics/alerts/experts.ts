/** Alerts about single experts; without `metrics.perExpert` they have nothing to look at and stay silent. */
import type { AlertGroup } from './alert.ts';

const by = '(namespace, training, expert)';
const running = `and on ${by} atoll_expert_status{state="Running"} == 1`;
const who = 'Expert {{ $labels.expert }} of {{ $labels.namespace }}/{{ $labels.training }}';

export const expertAlerts: AlertGroup = {
  name: 'experts',
  where: 'hub and standalone',
  alerts: [
    {
      name: 'AtollNoDurableCheckpoint',
      severity: 'critical',
      expr: `time() - max by ${by} (atoll_expert_last_checkpoint_timestamp_seconds or atoll_expert_started_timestamp_seconds) > {threshold} ${running}`,
      threshold: 'seconds since the newest published checkpoint, or since the start when there is none',
      summary: `${who} has published no checkpoint for too long`,
      description: 'It trains on, and whatever ends it now loses all of that work.',
    },
    {
      name: 'AtollExpertNoProgress',
      severity: 'warning',
      expr: `time() - max by ${by} (atoll_expert_last_report_timestamp_seconds) > {threshold} ${running}`,
      threshold: 'seconds since the last progress that was reported',
      summary: `${who} runs and reports no progress`,
      description: 'Its trainer hangs, is very slow, or its island is silent.',
    },
    {
      name: 'AtollExpertFailingRepeatedly',
      severity: 'warning',
      expr: `max by ${by} (atoll_expert_restarts) - min by ${by} (min_over_time(atoll_expert_restarts[1h])) >= {threshold}`,
      threshold: 'counted failures within an hour',
      summary: `${who} fails again and again`,
      description: 'Each failure counts against retry.maxRestarts; when that is spent the expert is blocked.',
    },
    {
      name: 'AtollExpertBlocked',
      severity: 'warning',
      expr: `max by ${by} (atoll_expert_status{state="Blocked"}) == 1`,
      summary: `${who} is blocked`,
      description: 'It is not tried again by itself. The others go on, and the run waits for it unless minExperts is reached.',
    },
    {
      name: 'AtollExpertPendingTooLong',
      severity: 'warning',
      expr: `max by ${by} (atoll_expert_status{state=~"Waiting|Pending|Queued"}) == 1`,
      summary: `${who} waits for a place`,
      description: 'No island has taken it, or its pods wait for a node or for their queue.',
    },
    {
      name: 'AtollExpertStartingTooLong',
      severity: 'warning',
      expr: `max by ${by} (atoll_expert_status{state="Starting"}) == 1`,
      summary: `${who} does not get beyond its start`,
      description:
        'Its image is being pulled, or its inputs and its checkpoint are being fetched, for longer than that should take.',
    },
    {
      name: 'AtollStragglerExpert',
      severity: 'info',
      expr: `max by ${by} (atoll_expert_progress_ratio) / on (namespace, training) group_left () quantile by (namespace, training) (0.5, max by ${by} (atoll_expert_progress_ratio)) < {threshold} ${running}`,
      threshold: "share of the median expert's progress",
      summary: `${who} lags far behind the others`,
      description: 'The run is complete when its slowest expert is.',
    },
  ],
};
