/** No alert and no panel asks for a metric or a label that does not exist, and every board is one that Grafana can read. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { promtool } from '../../local/promtool.ts';
import { alertGroups } from '../../src/metrics/alerts/table.ts';
import { boardJson } from '../../src/metrics/boards/board.ts';
import { boards } from '../../src/metrics/boards/table.ts';
import { knownSeries } from '../../src/metrics/table.ts';
import { metricNames as metric } from './series.ts';

const known = knownSeries();
/** Prometheus adds these to every series. */
const ofTarget = ['job', 'instance'];
const list = (text: string) => text.split(',').map((one) => one.trim());

/** What is wrong with the names in a query. */
function faults(query: string): string[] {
  const names = query.match(metric) ?? [];
  if (names.length === 0) return [`no metric in ${query}`];
  const unknown = names.filter((name) => !known.has(name));
  const labels = new Set([...ofTarget, ...names.flatMap((name) => known.get(name) ?? [])]);
  const grouped = [...query.matchAll(/\b(?:by|on|group_left) \(([^)]*)\)/g)].flatMap(([, text = '']) =>
    text === '' ? [] : list(text),
  );
  const selected = [...query.matchAll(/([a-z_]+)\{([^}]*)\}/g)].flatMap(([, name = '', text = '']) =>
    [...text.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)].flatMap(([, label = '']) =>
      [...ofTarget, ...(known.get(name) ?? [])].includes(label) ? [] : [`${name} has no label ${label}`],
    ),
  );
  return [
    ...unknown.map((name) => `there is no metric ${name}`),
    ...grouped.filter((label) => !labels.has(label)).map((label) => `nothing in it has the label ${label}: ${query}`),
    ...selected,
  ];
}

const panels = Object.values(boards).flatMap(({ title, panels: all }) => all.map((panel) => ({ board: title, ...panel })));
const queries = panels.flatMap((panel) => Object.values(panel.queries));

describe('the names in queries', () => {
  it('are found out when they are wrong', () => {
    assert.deepEqual(faults('atoll_island_raedy == 0'), ['there is no metric atoll_island_raedy']);
    assert.deepEqual(faults('atoll_island_ready{expert="1"}'), ['atoll_island_ready has no label expert']);
    assert.equal(faults('sum by (training) (atoll_island_ready)').length, 1);
    assert.deepEqual(faults('sum by (island) (atoll_island_ready{island="west"})'), []);
  });

  for (const { name, expr, summary, description } of alertGroups.flatMap((group) => group.alerts))
    it(`of the alert ${name} exist`, () => {
      assert.deepEqual(faults(expr), []);
      const labels = new Set([...ofTarget, 'role', ...(expr.match(metric) ?? []).flatMap((one) => known.get(one) ?? [])]);
      for (const [, label = ''] of `${summary} ${description}`.matchAll(/\$labels\.([a-z_]+)/g))
        assert.ok(labels.has(label), label);
    });

  for (const { board, title, queries: asked } of panels)
    it(`of the panel ${title} of ${board} exist`, () => {
      for (const [legend, query] of Object.entries(asked)) {
        assert.deepEqual(faults(query), []);
        const labels = [...ofTarget, ...(query.match(metric) ?? []).flatMap((one) => known.get(one) ?? [])];
        for (const [, label = ''] of legend.matchAll(/\{\{([a-z_]+)\}\}/g))
          assert.ok(labels.includes(label), `${label} in ${legend}`);
      }
    });
});

describe('a board', () => {
  it('asks queries that Prometheus can read', async () => {
    const plain = queries.map((query) => query.replaceAll('$__rate_interval', '5m').replaceAll(/\$[a-z]+/g, '.*'));
    const rules = plain.map((expr, at) => ({ record: `board:query:${at}`, expr }));
    const folder = await mkdtemp(join(tmpdir(), 'atoll-boards-'));
    try {
      const file = join(folder, 'rules.yaml');
      await writeFile(file, stringify({ groups: [{ name: 'boards', rules }] }));
      const { stdout } = await promtool(['check', 'rules', file]);
      assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const [name, board] of Object.entries(boards))
    it(`${name} puts every panel in a place of its own`, () => {
      const { panels: placed } = JSON.parse(boardJson(board)) as { panels: { gridPos: { x: number; y: number; w: number } }[] };
      const cells = placed.flatMap(({ gridPos: { x, y, w } }) => Array.from({ length: w }, (_, at) => `${x + at},${y}`));
      assert.equal(new Set(cells).size, cells.length);
      assert.ok(placed.every(({ gridPos: { x, w } }) => x + w <= 24));
    });
});
