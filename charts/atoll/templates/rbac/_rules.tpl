{{/*
What the operator may do. Atoll's kinds, nodes and pods are read over the whole cluster: what is left in a namespace that is admitted no
longer must be seen, and every pod counts for capacity. All else is in the namespaces of the values when they are named. No Secret is ever
read through the API, and a hub has nothing to do with pods.
*/}}

{{- define "atoll.rules.reading" -}}
{{- if ne .Values.role "island" }}
- apiGroups: [atoll.dev]
  resources: [computeislands, expertdatasets, expertshards, experttrainings, islandjobs]
  verbs: [get, list, watch]
- apiGroups: [atoll.dev]
  resources: [computeislands]
  verbs: [{{ if eq .Values.role "standalone" }}create, {{ end }}patch]
- apiGroups: [atoll.dev]
  resources: [computeislands/status]
  verbs: [patch]
{{- else }}
- apiGroups: [atoll.dev]
  resources: [islandjobs]
  verbs: [get, list, watch]
{{- end }}
{{- if ne .Values.role "hub" }}
- apiGroups: [""]
  resources: [nodes, pods]
  verbs: [get, list, watch]
{{- end }}
# The uid of kube-system is the identity of a cluster.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
  resourceNames: [kube-system]
{{- if ne .Values.role "island" }}
{{- if include "atoll.dashboard" . }}
# The dashboard asks who a user is and what they may do; whatever they do, they do with their own token.
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
# Those of a ComputeIsland lie in the namespace default.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- end }}

{{- define "atoll.rules.writing" -}}
{{- if ne .Values.role "island" }}
- apiGroups: [atoll.dev]
  resources: [expertdatasets, experttrainings]
  verbs: [patch]
- apiGroups: [atoll.dev]
  resources: [expertshards, islandjobs]
  verbs: [create, patch, delete]
- apiGroups: [atoll.dev]
  resources: [expertdatasets/status, expertshards/status, experttrainings/status, islandjobs/status]
  verbs: [patch]
# Owning what is made, where the API server asks for the right to block the owner's deletion.
- apiGroups: [atoll.dev]
  resources: [expertdatasets/finalizers, expertshards/finalizers, experttrainings/finalizers]
  verbs: [update]
{{- else }}
- apiGroups: [atoll.dev]
  resources: [islandjobs]
  verbs: [create, patch, delete]
- apiGroups: [atoll.dev]
  resources: [islandjobs/status]
  verbs: [patch]
{{- end }}
{{- if ne .Values.role "hub" }}
- apiGroups: [atoll.dev]
  resources: [islandjobs/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# Pods are created to be checked only, by dry run.
- apiGroups: [""]
  resources: [pods]
  verbs: [create, patch, delete]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list{{ if eq .Values.role "island" }}, create, patch{{ end }}]
# The last lines of a trainer that failed, and whatever is asked for through the link.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [kueue.x-k8s.io]
  resources: [localqueues]
  verbs: [get]
{{- end }}
{{- end }}
