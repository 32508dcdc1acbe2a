/** The pages of metrics and alerts, from the tables that make them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { alertGroups } from '../../src/metrics/alerts/table.ts';
import { processMetrics } from '../../src/metrics/process.ts';
import { metricGroups } from '../../src/metrics/table.ts';
import { checkout } from '../paths.ts';
import { code, page, table } from './markdown.ts';

export function metricsPage(): string {
  const groups = metricGroups.map(({ title, about, rows }) => {
    const lines = rows.map(({ name, type, unit = '', labels = [], help, from }) => [
      code(name),
      type,
      unit === 'timestamp' ? 'seconds since 1970' : unit,
      labels.map(code).join(', '),
      `${help}.`,
      from,
    ]);
    return `## ${title}\n\n${about}\n\n${table(['name', 'type', 'unit', 'labels', 'what', 'set by'], lines)}`;
  });
  const own = Object.entries(processMetrics).map(([name, help]) => [code(name), `${help}.`]);
  return page(
    'Metrics',
    'Served at `/metrics` on the port of `metrics.port` (8080), in the text format of Prometheus. Names and labels do not change within a version of the API. [Metrics and alerts](../metrics.md) says how to scrape them.',
    ...groups,
    `## Node.js\n\nExported by every role.\n\n${table(['name', 'what'], own)}`,
  );
}

interface Defaults {
  metrics: { rules: { alerts: Record<string, { for: string; threshold?: number }> } };
}

export async function alertsPage(): Promise<string> {
  const values = parse(await readFile(join(checkout, 'charts/atoll/values.yaml'), 'utf8')) as Defaults;
  const { alerts: defaults } = values.metrics.rules;
  const groups = alertGroups.map(({ name, where, alerts }) => {
    const rows = alerts.map((alert) => {
      const { for: held = '', threshold } = defaults[alert.name] ?? {};
      return [
        `[${alert.name}](../alerts/${alert.name}.md)`,
        alert.severity,
        held === '0m' ? 'at once' : held,
        threshold === undefined ? '' : `${threshold}: ${alert.threshold ?? ''}`,
        alert.description,
      ];
    });
    return `## ${name[0]?.toUpperCase()}${name.slice(1)}\n\nRendered for: ${where}.\n\n${table(['alert', 'severity', 'after', 'threshold', 'what it means'], rows)}`;
  });
  return page(
    'Alerts',
    'In the chart as a PrometheusRule, with `metrics.rules.enabled`. `for`, `threshold` and `severity` of each are values under `metrics.rules.alerts`; `null` removes an alert. *critical*: data is being lost, or nothing works at all. *warning*: somebody has to act in working hours. *info*: good to know.',
    ...groups,
  );
}
