/** What a scrape holds, held against the table of metrics. */
import assert from 'node:assert/strict';
import { promtool } from '../../local/promtool.ts';
import { alertGroups } from '../../src/metrics/alerts/table.ts';
import { boards } from '../../src/metrics/boards/table.ts';
import { knownSeries } from '../../src/metrics/table.ts';

const known = knownSeries();

/** Names of metrics in a query. */
export const metricNames =
  /\b(?:atoll|controller_runtime|workqueue|rest_client|leader_election|process|nodejs|informer|reflector)_[a-z0-9_]+\b/g;

/** Every metric that an alert or a board asks for. */
export function metricsAskedFor(): Set<string> {
  const alerts = alertGroups.flatMap((group) => group.alerts.map(({ expr }) => expr));
  const panels = Object.values(boards).flatMap(({ panels: all }) => all.flatMap(({ queries }) => Object.values(queries)));
  return new Set([...alerts, ...panels].flatMap((query) => query.match(metricNames) ?? []));
}

/** Names that a scrape explains, whether or not there is a series of it yet; those that histograms have in Prometheus included. */
export function explainedIn(text: string): Set<string> {
  const names = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  );
  return new Set(names);
}

/** promtool finds no fault with it, and the table knows every series with every label. */
export async function assertGoodScrape(text: string): Promise<void> {
  const { stdout, stderr } = await promtool(['check', 'metrics'], { input: text });
  assert.equal(`${stdout}${stderr}`.trim(), '');
  for (const [name, labels] of seriesOf(text)) {
    const row = known.get(name);
    assert.ok(row, `${name} is not in the table`);
    if (/^(process|nodejs)_/.test(name)) continue;
    for (const label of labels) assert.ok(row.includes(label), `${name} has the label ${label}`);
  }
}

/** The series of a scrape by name, with the names of their labels. */
function seriesOf(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const all = found.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) all.add(label);
    found.set(name, all);
  }
  return found;
}
