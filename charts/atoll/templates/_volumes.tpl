{{/* The files that config.yaml names. */}}

{{- define "atoll.mounts" -}}
- {name: config, mountPath: /etc/atoll/config, readOnly: true}
{{- if ne .Values.role "hub" }}
- {name: agent-key, mountPath: /etc/atoll/agent-key, readOnly: true}
{{- end }}
{{- if ne .Values.role "standalone" }}
- {name: link, mountPath: /etc/atoll/link, readOnly: true}
{{- end }}
{{- if ne .Values.role "island" }}
{{- range .Values.stores }}
- {name: store-{{ .name }}, mountPath: /etc/atoll/stores/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "atoll.volumes" -}}
- name: config
  configMap: {name: atoll}
{{- if ne .Values.role "hub" }}
- name: agent-key
  secret: {secretName: {{ include "atoll.agentKeySecret" . }}}
{{- end }}
{{- if ne .Values.role "standalone" }}
- name: link
  secret: {secretName: {{ include "atoll.linkSecret" . }}}
{{- end }}
{{- if ne .Values.role "island" }}
{{- range .Values.stores }}
- name: store-{{ .name }}
  secret: {secretName: {{ .readOnlySecretName }}}
{{- end }}
{{- end }}
{{- end }}
