/** The rules of the chart in promtool's hands: each alert fires in its case, is quiet in the other, and has a page. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { render } from '../../local/helm.ts';
import { checkout } from '../../local/paths.ts';
import { promtool } from '../../local/promtool.ts';
import { alertGroups } from '../../src/metrics/alerts/table.ts';
import { least, type Role, roles } from '../chart/values.ts';
import { type AlertCase, alertCases, type Series } from './alert-cases.ts';

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}
interface Group {
  name: string;
  rules: Rule[];
}

async function groupsOf(role: Role, more: object = {}): Promise<Group[]> {
  const rules = { enabled: true, renderMode: 'always', ...more };
  const objects = await render({ ...least[role], metrics: { rules } });
  const rule = objects.find(({ kind }) => kind === 'PrometheusRule');
  assert.ok(rule);
  return (rule['spec'] as { groups: Group[] }).groups;
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-alerts-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const alerts = alertGroups.flatMap((group) => group.alerts);
const filled = (text: string, labels: Readonly<Record<string, string>>) =>
  text.replaceAll(/\{\{ \$labels\.([a-z]+) \}\}/g, (_, name: string) => labels[name] ?? '<no value>');

/** One case as promtool takes it. */
function testOf(rule: Rule, one: AlertCase, series: Series, fires: boolean): object {
  const { at, labels } = one;
  const { runbook_url, ...texts } = rule.annotations;
  const annotations = Object.entries(texts).map(([name, text]) => [name, filled(text, labels)]);
  const expected = {
    exp_labels: { ...labels, ...rule.labels },
    exp_annotations: { ...Object.fromEntries(annotations), runbook_url },
  };
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: rule.alert, exp_alerts: fires ? [expected] : [] }],
  };
}

describe('the rules of the chart', () => {
  let hub: Group[];
  before(async () => {
    hub = await groupsOf('hub');
  });

  it('are correct for every role in the eyes of promtool', async () => {
    for (const role of roles)
      await withFolder(async (folder) => {
        const file = join(folder, 'rules.yaml');
        await writeFile(file, stringify({ groups: await groupsOf(role) }));
        const { stdout } = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', file]);
        assert.match(stdout, /SUCCESS: [0-9]+ rules found/);
      });
  });

  it('hold every alert of the table for a hub, and for an island none about what only a hub knows', async () => {
    const named = (groups: Group[]) => groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    assert.ok(alerts.length >= 20);
    assert.deepEqual(
      named(hub),
      alerts.map(({ name }) => name),
    );
    const island = named(await groupsOf('island'));
    assert.ok(island.includes('AtollLinkDown') && island.includes('AtollDown'));
    assert.ok(!island.includes('AtollExpertBlocked') && !island.includes('AtollIslandUnreachable'));
    assert.ok(!named(await groupsOf('standalone')).includes('AtollLinkDown'));
  });

  it('give each alert a severity, a summary, a description and a page that exists', async () => {
    for (const { alert, labels, annotations } of hub.flatMap(({ rules }) => rules)) {
      assert.match(labels.severity, /^(critical|warning|info)$/);
      assert.ok(annotations.summary.length > 10 && annotations.description.length > 10, alert);
      const page = await readFile(join(checkout, annotations.runbook_url), 'utf8');
      assert.ok(page.startsWith(`# ${alert}\n`), `${annotations.runbook_url} begins with the name of the alert`);
    }
  });

  it('take threshold, duration, severity and labels from the values, and leave out what is null', async () => {
    const groups = await groupsOf('hub', {
      alertLabels: { team: 'research' },
      runbookUrl: 'https://docs.example.org/alerts/',
      alerts: { AtollIslandClockSkew: { for: '1h', threshold: 5, severity: 'page' }, AtollMemoryHigh: null },
    });
    const rules = groups.flatMap((group) => group.rules);
    const skew = rules.find(({ alert }) => alert === 'AtollIslandClockSkew');
    assert.deepEqual(skew?.labels, { severity: 'page', team: 'research' });
    assert.deepEqual([skew.for, skew.expr.endsWith('> 5')], ['1h', true]);
    assert.equal(skew.annotations.runbook_url, 'https://docs.example.org/alerts/AtollIslandClockSkew.md');
    assert.ok(!rules.some(({ alert }) => alert === 'AtollMemoryHigh'));
  });

  it('have a case for every alert and for no other', () => {
    assert.deepEqual(Object.keys(alertCases).toSorted(), alerts.map(({ name }) => name).toSorted());
  });

  for (const { name } of alerts)
    it(`fire ${name} when they should, and not when all is well`, async () => {
      await withFolder(async (folder) => {
        const rule = hub.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
        const one = alertCases[name];
        assert.ok(rule && one);
        await writeFile(join(folder, 'rules.yaml'), stringify({ groups: hub }));
        const tests = [testOf(rule, one, one.fires, true), testOf(rule, one, one.quiet, false)];
        const file = join(folder, 'test.yaml');
        await writeFile(file, stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }));
        await promtool(['test', 'rules', file]);
      });
    });
});
