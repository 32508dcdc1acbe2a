{{/* Names, labels and images that several templates share. One Atoll per cluster: names do not depend on the release's. */}}

{{- define "atoll.labels" -}}
app.kubernetes.io/name: atoll
{{ include "atoll.partLabels" . }}
{{- end }}

{{- define "atoll.partLabels" -}}
app.kubernetes.io/part-of: atoll
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "atoll.image" -}}
{{ .repository }}:{{ .tag }}
{{- end }}

{{/* What a namespace of the restricted Pod Security Standard demands of a pod and of its containers. */}}
{{- define "atoll.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "atoll.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where pods run, for all of them. */}}
{{- define "atoll.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "atoll.agentKeySecret" -}}
{{ .Values.agentKey.existingSecret | default "atoll-agent-key" }}
{{- end }}

{{/* The Secret with what the link needs; made by the hook for a hub with bundled NATS. */}}
{{- define "atoll.linkSecret" -}}
{{- if .Values.link.existingSecret -}}
{{ .Values.link.existingSecret }}
{{- else -}}
{{ ternary "atoll-hub-link" "atoll-island-link" (eq .Values.role "hub") }}
{{- end -}}
{{- end }}

{{- define "atoll.bundledNats" -}}
{{- if and (eq .Values.role "hub") .Values.nats.enabled }}yes{{ end -}}
{{- end }}
