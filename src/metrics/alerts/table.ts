/** Every alert, and the chart's template of them. */
import type { Alert, AlertGroup, Where } from './alert.ts';
import { expertAlerts } from './experts.ts';
import { islandAlerts } from './islands.ts';
import { linkAlerts, operatorAlerts, storeAlerts } from './operator.ts';
import { trainingAlerts } from './trainings.ts';

export const alertGroups: readonly AlertGroup[] = [
  operatorAlerts,
  linkAlerts,
  islandAlerts,
  trainingAlerts,
  expertAlerts,
  storeAlerts,
];

const conditions: Record<Where, string> = {
  everywhere: '',
  'hub and standalone': 'ne .Values.role "island"',
  'hub and island': 'ne .Values.role "standalone"',
};

/** Text that Helm leaves as it is: what Prometheus fills in looks the same to it. */
const verbatim = (text: string) => text.replaceAll(/\{\{.*?\}\}/g, (found) => `{{ \`${found}\` }}`);
const quoted = (text: string) => `'${verbatim(text).replaceAll("'", "''")}'`;

/** The named template `atoll.alerts`: groups of rules, each alert with its `for` and threshold from the values. */
export function alertsTemplate(): string {
  return `{{- define "atoll.alerts" -}}\n${alertGroups.map(group).join('')}{{- end }}\n`;
}

function group({ name, where, alerts }: AlertGroup): string {
  const text = `- name: atoll-${name}\n  rules:\n${alerts.map(rule).join('')}`;
  const condition = conditions[where];
  return condition === '' ? text : `{{- if ${condition} }}\n${text}{{- end }}\n`;
}

function rule({ name, severity, expr, summary, description }: Alert): string {
  const filled = expr.replaceAll('{threshold}', '{{ .threshold }}').replaceAll('{role}', '{{ $.Values.role }}');
  return `  {{- with $.Values.metrics.rules.alerts.${name} }}
  - alert: ${name}
    expr: >-
      ${filled}
    for: {{ .for }}
    labels:
      severity: {{ .severity | default "${severity}" }}
      {{- with $.Values.metrics.rules.alertLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      summary: ${quoted(summary)}
      description: ${quoted(description)}
      runbook_url: {{ include "atoll.runbook" (list $ "${name}") }}
  {{- end }}
`;
}
