{{/* Whether to render objects of a kind that the cluster may not know: "yes" or nothing, or an error, as `renderMode` says. */}}
{{- define "atoll.monitoring" -}}
{{- $root := index . 0 -}}{{- $kind := index . 1 -}}{{- $settings := index . 2 -}}
{{- if $settings.enabled -}}
{{- if or (eq $settings.renderMode "always") ($root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" $kind)) -}}
yes
{{- else if eq $settings.renderMode "fail" -}}
{{- fail (printf "cannot render the %s: the cluster does not know this kind. Install the Prometheus operator first, or set renderMode beside it to skip (leave it out) or always (where the chart is rendered without access to the cluster)." $kind) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Address of an alert's page. */}}
{{- define "atoll.runbook" -}}
{{- $root := index . 0 -}}
{{- printf "%s/%s.md" (trimSuffix "/" $root.Values.metrics.rules.runbookUrl) (index . 1) | quote -}}
{{- end }}
