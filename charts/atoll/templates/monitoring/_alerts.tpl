{{- /* Generated from src/metrics/alerts by `npm run generate`. Do not edit. */}}
{{- define "atoll.alerts" -}}
- name: atoll-operator
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollDown }}
  - alert: AtollDown
    expr: >-
      absent(atoll_build_info{role="{{ $.Values.role }}"})
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "critical" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'No {{ `{{ $labels.role }}` }} of Atoll is scraped'
      description: 'It does not run, or Prometheus does not find it. Pods that train go on without it.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollDown") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollNoLeader }}
  - alert: AtollNoLeader
    expr: >-
      max(leader_election_master_status{name="atoll"} and on (job, instance) atoll_build_info{role="{{ $.Values.role }}"}) == 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "critical" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Processes of Atoll run and none of them leads'
      description: 'Nothing is decided: no placement, no retry, no new attempt. Pods that train go on.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollNoLeader") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollRestarting }}
  - alert: AtollRestarting
    expr: >-
      (changes(process_start_time_seconds[1h]) and on (job, instance) atoll_build_info) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator restarts again and again on {{ `{{ $labels.instance }}` }}'
      description: 'No training is lost by it; decisions are late.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollRestarting") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollReconcileErrors }}
  - alert: AtollReconcileErrors
    expr: >-
      sum by (controller, instance) ((rate(controller_runtime_reconcile_errors_total[10m]) and on (job, instance) atoll_build_info)) / sum by (controller, instance) ((rate(controller_runtime_reconcile_total[10m]) and on (job, instance) atoll_build_info)) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Controller {{ `{{ $labels.controller }}` }} fails at what it does on {{ `{{ $labels.instance }}` }}'
      description: 'It tries again with back-off; until it succeeds the objects concerned stay as they are.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollReconcileErrors") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollQueueStuck }}
  - alert: AtollQueueStuck
    expr: >-
      max by (controller, instance) (workqueue_longest_running_processor_seconds and on (job, instance) atoll_build_info) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'A reconcile of controller {{ `{{ $labels.controller }}` }} does not end on {{ `{{ $labels.instance }}` }}'
      description: 'A request to the API server or to the object store hangs.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollQueueStuck") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollApiErrors }}
  - alert: AtollApiErrors
    expr: >-
      sum by (instance) ((rate(rest_client_requests_total{code=~"5..|<error>"}[10m]) and on (job, instance) atoll_build_info)) / sum by (instance) ((rate(rest_client_requests_total[10m]) and on (job, instance) atoll_build_info)) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The API server does not answer the operator as it should on {{ `{{ $labels.instance }}` }}'
      description: 'Requests end without an answer or with a server error.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollApiErrors") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollWatchSilent }}
  - alert: AtollWatchSilent
    expr: >-
      max by (name, instance) (time() - (informer_last_contact_timestamp_seconds and on (job, instance) atoll_build_info)) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator sees {{ `{{ $labels.name }}` }} as they were a while ago on {{ `{{ $labels.instance }}` }}'
      description: 'Its watch hears nothing, so it decides on old facts. It is not Ready meanwhile.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollWatchSilent") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollMemoryHigh }}
  - alert: AtollMemoryHigh
    expr: >-
      max by (instance) (process_resident_memory_bytes and on (job, instance) atoll_build_info) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator needs nearly all of its memory on {{ `{{ $labels.instance }}` }}'
      description: 'Above resources.limits.memory the kernel ends it, and it starts again with the same objects.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollMemoryHigh") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollEventLoopBlocked }}
  - alert: AtollEventLoopBlocked
    expr: >-
      max by (instance) (nodejs_eventloop_lag_p99_seconds and on (job, instance) atoll_build_info) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator is too busy to answer in time on {{ `{{ $labels.instance }}` }}'
      description: 'It has too little CPU, or more objects than one process can look after. Leases and syncs may time out.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollEventLoopBlocked") }}
  {{- end }}
{{- if ne .Values.role "standalone" }}
- name: atoll-link
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollLinkDown }}
  - alert: AtollLinkDown
    expr: >-
      max by (instance) (atoll_link_connected) == 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator on {{ `{{ $labels.instance }}` }} is not connected to NATS'
      description: 'Hub and islands do not hear each other. What runs on islands runs on.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollLinkDown") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollSyncsFail }}
  - alert: AtollSyncsFail
    expr: >-
      sum by (instance) (rate(atoll_link_syncs_total{outcome="failed"}[10m])) / sum by (instance) (rate(atoll_link_syncs_total[10m])) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Syncs between hub and islands fail on {{ `{{ $labels.instance }}` }}'
      description: 'NATS is connected and answers do not come, or cannot be stored.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollSyncsFail") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollMessagesRefused }}
  - alert: AtollMessagesRefused
    expr: >-
      sum by (instance, reason) (((atoll_link_messages_dropped_total{reason=~"malformed|oversized|foreign"} unless atoll_link_messages_dropped_total{reason=~"malformed|oversized|foreign"} offset 1h) or increase(atoll_link_messages_dropped_total{reason=~"malformed|oversized|foreign"}[1h]))) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Messages are not acted on because they are {{ `{{ $labels.reason }}` }} on {{ `{{ $labels.instance }}` }}'
      description: 'Another version, another program, or an island that speaks about what is not its own.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollMessagesRefused") }}
  {{- end }}
{{- end }}
{{- if ne .Values.role "island" }}
- name: atoll-islands
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollAllIslandsUnreachable }}
  - alert: AtollAllIslandsUnreachable
    expr: >-
      max(atoll_island_reachable) == 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "critical" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'No island is heard'
      description: 'When all are silent at once it is the hub, NATS or the way to it. What runs on the islands runs on.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollAllIslandsUnreachable") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollIslandUnreachable }}
  - alert: AtollIslandUnreachable
    expr: >-
      max by (island) (atoll_island_reachable) == 0 and on (island) atoll_island_last_heard_timestamp_seconds
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Island {{ `{{ $labels.island }}` }} is not heard'
      description: 'Its pods train on and nothing of it is moved, unless a run says islandLost: Replace.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollIslandUnreachable") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollIslandNotReady }}
  - alert: AtollIslandNotReady
    expr: >-
      max by (island) (atoll_island_ready) == 0 and on (island) atoll_island_reachable == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Island {{ `{{ $labels.island }}` }} is heard and cannot run work'
      description: 'None of its nodes is ready, or another cluster speaks under its name.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollIslandNotReady") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollIslandGpusUnhealthy }}
  - alert: AtollIslandGpusUnhealthy
    expr: >-
      sum by (island, product) (atoll_island_gpus{state="unhealthy"}) > 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Island {{ `{{ $labels.island }}` }} has GPUs that its nodes cannot give to pods'
      description: 'The device plugin reports fewer healthy GPUs than the nodes have.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollIslandGpusUnhealthy") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollIslandClockSkew }}
  - alert: AtollIslandClockSkew
    expr: >-
      max by (island) (abs(atoll_island_clock_skew_seconds)) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The clock of island {{ `{{ $labels.island }}` }} is wrong, or that of the hub'
      description: 'Ages and durations that people read are wrong by that much; credentials and certificates may seem expired.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollIslandClockSkew") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollUnknownJobs }}
  - alert: AtollUnknownJobs
    expr: >-
      max by (island) (atoll_island_unknown_jobs) > 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Island {{ `{{ $labels.island }}` }} holds work that the hub does not know'
      description: 'The hub was restored from a backup, or its objects were removed by force. That work runs on without a new attempt.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollUnknownJobs") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollVersionSkew }}
  - alert: AtollVersionSkew
    expr: >-
      max by (island, version) (atoll_island_info) unless on (version) atoll_build_info{role!="island"}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "info" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Island {{ `{{ $labels.island }}` }} runs version {{ `{{ $labels.version }}` }}, which is not the hub''s'
      description: 'Fine while an upgrade is under way; not meant to last.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollVersionSkew") }}
  {{- end }}
{{- end }}
{{- if ne .Values.role "island" }}
- name: atoll-trainings
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollTrainingFailed }}
  - alert: AtollTrainingFailed
    expr: >-
      max by (namespace, training) (atoll_training_status{state="Failed"}) == 1 and on (namespace, training) time() - max by (namespace, training) (atoll_training_completed_timestamp_seconds) < {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Training {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} has failed'
      description: 'Terminal means terminal: what its experts have published stays in the bucket, and a new training starts from zero.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollTrainingFailed") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollTrainingDegraded }}
  - alert: AtollTrainingDegraded
    expr: >-
      max by (namespace, training) (atoll_training_condition{type="Degraded",status="True"}) == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Training {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} is degraded'
      description: 'A part of it cannot go on while the others do.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollTrainingDegraded") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollDeadlineWillBeMissed }}
  - alert: AtollDeadlineWillBeMissed
    expr: >-
      max by (namespace, training) (atoll_training_eta_seconds) > max by (namespace, training) (atoll_training_deadline_timestamp_seconds) - time()
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Training {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} will not be complete before its deadline'
      description: 'At the speed measured now spec.deadline comes first, and then the run is Failed.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollDeadlineWillBeMissed") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollTrainingFinished }}
  - alert: AtollTrainingFinished
    expr: >-
      max by (namespace, training) (atoll_training_status{state="Complete"}) == 1 and on (namespace, training) time() - max by (namespace, training) (atoll_training_completed_timestamp_seconds) < {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "info" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Training {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} is complete'
      description: 'Its ensemble is published and verified.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollTrainingFinished") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollDatasetBlocked }}
  - alert: AtollDatasetBlocked
    expr: >-
      max by (namespace, dataset, state) (atoll_dataset_status{state=~"Blocked|Failed"}) == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Data set {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.dataset }}` }} is {{ `{{ $labels.state }}` }}'
      description: 'Trainings that name it wait. Blocked means that its shards are too uneven and somebody has to approve them.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollDatasetBlocked") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollRouterFailed }}
  - alert: AtollRouterFailed
    expr: >-
      sum by (role) (((atoll_job_ended_total{role=~"Router|Evaluate",result="Failed"} unless atoll_job_ended_total{role=~"Router|Evaluate",result="Failed"} offset 1h) or increase(atoll_job_ended_total{role=~"Router|Evaluate",result="Failed"}[1h]))) > 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'A work of role {{ `{{ $labels.role }}` }} has failed for good'
      description: 'Its experts may all be done: without the router or the evaluation the run does not become Complete.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollRouterFailed") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollInputDamaged }}
  - alert: AtollInputDamaged
    expr: >-
      sum by (island) (((atoll_job_failures_total{class="InputDamaged"} unless atoll_job_failures_total{class="InputDamaged"} offset 1h) or increase(atoll_job_failures_total{class="InputDamaged"}[1h]))) > 0
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "critical" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'An input in the object store does not verify (found on island {{ `{{ $labels.island }}` }})'
      description: 'An object that was published and accepted has other bytes now. Whoever reads it is blocked, with the key in its message.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollInputDamaged") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollStorageFailures }}
  - alert: AtollStorageFailures
    expr: >-
      sum by (island) (((atoll_job_failures_total{class="Storage"} unless atoll_job_failures_total{class="Storage"} offset 1h) or increase(atoll_job_failures_total{class="Storage"}[1h]))) >= {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Works on island {{ `{{ $labels.island }}` }} fail because of the object store'
      description: 'Pods there cannot fetch their inputs or publish their results.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollStorageFailures") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollRecoverySlow }}
  - alert: AtollRecoverySlow
    expr: >-
      histogram_quantile(0.9, sum by (le) (rate(atoll_job_recovery_duration_seconds_bucket[6h]))) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "info" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'It takes long until a failed attempt is followed by the next'
      description: 'Back-off, a full cluster, or images that are pulled anew each time.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollRecoverySlow") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollGpuTimeLost }}
  - alert: AtollGpuTimeLost
    expr: >-
      sum by (island) (increase(atoll_gpu_seconds_total{use="lost"}[1d])) / sum by (island) (increase(atoll_gpu_seconds_total[1d])) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Much GPU time on island {{ `{{ $labels.island }}` }} is lost to attempts that end before they publish'
      description: 'What an attempt did after its newest published checkpoint is done again by the next one, and paid for twice.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollGpuTimeLost") }}
  {{- end }}
{{- end }}
{{- if ne .Values.role "island" }}
- name: atoll-experts
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollNoDurableCheckpoint }}
  - alert: AtollNoDurableCheckpoint
    expr: >-
      time() - max by (namespace, training, expert) (atoll_expert_last_checkpoint_timestamp_seconds or atoll_expert_started_timestamp_seconds) > {{ .threshold }} and on (namespace, training, expert) atoll_expert_status{state="Running"} == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "critical" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} has published no checkpoint for too long'
      description: 'It trains on, and whatever ends it now loses all of that work.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollNoDurableCheckpoint") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollExpertNoProgress }}
  - alert: AtollExpertNoProgress
    expr: >-
      time() - max by (namespace, training, expert) (atoll_expert_last_report_timestamp_seconds) > {{ .threshold }} and on (namespace, training, expert) atoll_expert_status{state="Running"} == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} runs and reports no progress'
      description: 'Its trainer hangs, is very slow, or its island is silent.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollExpertNoProgress") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollExpertFailingRepeatedly }}
  - alert: AtollExpertFailingRepeatedly
    expr: >-
      max by (namespace, training, expert) (atoll_expert_restarts) - min by (namespace, training, expert) (min_over_time(atoll_expert_restarts[1h])) >= {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} fails again and again'
      description: 'Each failure counts against retry.maxRestarts; when that is spent the expert is blocked.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollExpertFailingRepeatedly") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollExpertBlocked }}
  - alert: AtollExpertBlocked
    expr: >-
      max by (namespace, training, expert) (atoll_expert_status{state="Blocked"}) == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} is blocked'
      description: 'It is not tried again by itself. The others go on, and the run waits for it unless minExperts is reached.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollExpertBlocked") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollExpertPendingTooLong }}
  - alert: AtollExpertPendingTooLong
    expr: >-
      max by (namespace, training, expert) (atoll_expert_status{state=~"Waiting|Pending|Queued"}) == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} waits for a place'
      description: 'No island has taken it, or its pods wait for a node or for their queue.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollExpertPendingTooLong") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollExpertStartingTooLong }}
  - alert: AtollExpertStartingTooLong
    expr: >-
      max by (namespace, training, expert) (atoll_expert_status{state="Starting"}) == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} does not get beyond its start'
      description: 'Its image is being pulled, or its inputs and its checkpoint are being fetched, for longer than that should take.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollExpertStartingTooLong") }}
  {{- end }}
  {{- with $.Values.metrics.rules.alerts.AtollStragglerExpert }}
  - alert: AtollStragglerExpert
    expr: >-
      max by (namespace, training, expert) (atoll_expert_progress_ratio) / on (namespace, training) group_left () quantile by (namespace, training) (0.5, max by (namespace, training, expert) (atoll_expert_progress_ratio)) < {{ .threshold }} and on (namespace, training, expert) atoll_expert_status{state="Running"} == 1
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "info" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'Expert {{ `{{ $labels.expert }}` }} of {{ `{{ $labels.namespace }}` }}/{{ `{{ $labels.training }}` }} lags far behind the others'
      description: 'The run is complete when its slowest expert is.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollStragglerExpert") }}
  {{- end }}
{{- end }}
{{- if ne .Values.role "island" }}
- name: atoll-stores
  rules:
  {{- with $.Values.metrics.rules.alerts.AtollStoreRequestsFail }}
  - alert: AtollStoreRequestsFail
    expr: >-
      sum by (store) (rate(atoll_storage_requests_total{result!~"ok|missing"}[10m])) / sum by (store) (rate(atoll_storage_requests_total[10m])) > {{ .threshold }}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "warning" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: 'The operator cannot read the object store {{ `{{ $labels.store }}` }}'
      description: 'Results are not accepted until it can: finished experts stay unaccepted, and runs do not go on.'
      runbook_url: {{ include "atoll.runbook" (list $ "AtollStoreRequestsFail") }}
  {{- end }}
{{- end }}
{{- end }}
