{{/* The settings of the operator: config.yaml as src/settings.ts reads it. */}}

{{- define "atoll.config" -}}
{{- $values := .Values -}}
{{- $runs := ne $values.role "hub" -}}
{{- $decides := ne $values.role "island" -}}
role: {{ $values.role }}
images:
  atoll: {{ include "atoll.image" $values.image | quote }}
  workload: {{ include "atoll.image" $values.workloadImage | quote }}
{{- with $values.namespaces }}
namespaces: {{- toYaml . | nindent 2 }}
{{- end }}
progressInterval: {{ $values.progressInterval }}
lease: {namespace: {{ .Release.Namespace }}}
http: {port: {{ int $values.metrics.port }}}
logLevel: {{ $values.logLevel }}
stores:
{{- range $values.stores }}
  - {{ include "atoll.storeConfig" (dict "store" . "runs" $runs "decides" $decides) | nindent 4 | trim }}
{{- end }}
{{- if $decides }}
{{- with $values.quotas }}
quotas: {{- toYaml . | nindent 2 }}
{{- end }}
metrics: {perExpert: {{ $values.metrics.perExpert }}}
{{- end }}
{{- if include "atoll.dashboard" . }}
dashboard:
  port: {{ int $values.dashboard.port }}
  {{- with $values.dashboard.audience }}
  audience: {{ . | quote }}
  {{- end }}
  links: {{- toYaml $values.dashboard.links | nindent 4 }}
  historyPrefixes: {{- toYaml $values.dashboard.historyPrefixes | nindent 4 }}
{{- end }}
{{- if $runs }}
island: {name: {{ $values.island.name | default "local" }}}
courier: {imagePullPolicy: {{ $values.image.pullPolicy }}}
agentKeyFile: /etc/atoll/agent-key/key
{{- with $values.network }}
{{- if .stores }}
network:
  stores: {{- toYaml .stores | nindent 4 }}
  {{- with .dnsCidrs }}
  dnsCidrs: {{- toYaml . | nindent 4 }}
  {{- end }}
  agentNamespace: {{ $.Release.Namespace }}
  agentPodLabels: {app.kubernetes.io/name: atoll}
{{- end }}
{{- end }}
pollInterval: {{ $values.pollInterval }}
configurationDeadline: {{ $values.configurationDeadline }}
{{- if or $values.admit.images (not (kindIs "invalid" $values.admit.maxGpus)) }}
admit:
  {{- with $values.admit.images }}
  images: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (kindIs "invalid" $values.admit.maxGpus) }}
  maxGpus: {{ int $values.admit.maxGpus }}
  {{- end }}
{{- end }}
{{- end }}
{{- if ne $values.role "standalone" }}
link:
  {{- if $values.link.servers }}
  servers: {{- toYaml $values.link.servers | nindent 4 }}
  {{- else }}
  servers: [{{ printf "tls://atoll-nats.%s.svc:%d" .Release.Namespace (int $values.nats.service.port) | quote }}]
  {{- end }}
  prefix: {{ $values.link.prefix }}
  credentialsFile: /etc/atoll/link/{{ $values.role }}.creds
  {{- if include "atoll.linkCa" . }}
  caFile: /etc/atoll/link/ca.crt
  {{- end }}
  {{- if eq $values.role "island" }}
  joinTokenFile: /etc/atoll/link/join-token
  {{- end }}
{{- end }}
{{- if eq $values.role "hub" }}
islandSilence: {{ $values.islandSilence }}
claimDeadline: {{ $values.claimDeadline }}
{{- end }}
{{- end }}

{{- define "atoll.storeConfig" -}}
{{- $config := pick .store "name" "endpoint" "region" "bucket" "pathStyle" -}}
{{- if .runs }}{{ $config = set $config "secretName" .store.secretName }}{{ end -}}
{{- if .decides }}{{ $config = set $config "credentialsDir" (printf "/etc/atoll/stores/%s" .store.name) }}{{ end -}}
{{ toYaml $config }}
{{- end }}

{{/* Whether the link's Secret holds ca.crt. */}}
{{- define "atoll.linkCa" -}}
{{- if .Values.link.existingSecret -}}
{{- if not .Values.link.systemCa }}yes{{ end -}}
{{- else if or .Values.link.ca (eq .Values.role "hub") -}}yes
{{- end -}}
{{- end }}

{{/* Whether a dashboard is served here. */}}
{{- define "atoll.dashboard" -}}
{{- if and .Values.dashboard.enabled (ne .Values.role "island") }}yes{{ end -}}
{{- end }}
