/** The table of metrics keeps the rules of Prometheus' naming and the bounds on labels. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { createProcessRegistry, processMetrics } from '../../src/metrics/process.ts';
import { knownSeries, metricGroups } from '../../src/metrics/table.ts';

const rows = metricGroups.flatMap((group) => group.rows);
const perObject = ['Trainings and data sets', 'Experts', 'Islands'];

describe('the table of metrics', () => {
  it('has each name once', () => {
    const names = rows.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
  });

  for (const { name, type, unit, help, from, labels = [] } of rows) {
    it(`names ${name} by its unit and says what it is`, () => {
      assert.match(name, /^[a-z][a-z0-9_]*$/);
      assert.equal(name.endsWith('_total'), type === 'counter');
      const end = { seconds: '_seconds', timestamp: '_timestamp_seconds', bytes: '_bytes', ratio: '_ratio' };
      const bare = name.replace(/_total$/, '');
      if (unit !== undefined) assert.ok(bare.endsWith(end[unit]), `unit ${unit}`);
      // What ends in `_per_second` or is a step has no unit of Prometheus.
      else assert.ok(!/_(seconds|bytes|ratio)$/.test(bare), 'a unit is missing');
      assert.ok(help.length > 10 && !help.endsWith('.'), help);
      assert.ok(from.length > 10, from);
      assert.deepEqual(labels, [...new Set(labels)]);
    });
  }

  it('names no object on a counter or a histogram', () => {
    for (const { title, rows: group } of metricGroups)
      for (const { name, type, labels = [] } of group) {
        if (perObject.includes(title)) assert.equal(type, 'gauge', name);
        else for (const label of ['namespace', 'training', 'expert', 'dataset', 'job']) assert.ok(!labels.includes(label), name);
      }
  });

  it('has every metric that boards for controller-runtime ask for', () => {
    const wanted: Record<string, string[]> = {
      controller_runtime_reconcile_total: ['controller', 'result'],
      controller_runtime_reconcile_errors_total: ['controller'],
      controller_runtime_reconcile_time_seconds_bucket: ['controller', 'le'],
      controller_runtime_max_concurrent_reconciles: ['controller'],
      controller_runtime_active_workers: ['controller'],
      workqueue_depth: ['name', 'controller'],
      workqueue_adds_total: ['name', 'controller'],
      workqueue_retries_total: ['name', 'controller'],
      workqueue_queue_duration_seconds_bucket: ['name', 'controller', 'le'],
      workqueue_work_duration_seconds_bucket: ['name', 'controller', 'le'],
      workqueue_unfinished_work_seconds: ['name', 'controller'],
      workqueue_longest_running_processor_seconds: ['name', 'controller'],
      rest_client_requests_total: ['code', 'method', 'host'],
      rest_client_request_duration_seconds_bucket: ['verb', 'host', 'le'],
      leader_election_master_status: ['name'],
    };
    const known = knownSeries();
    for (const [name, labels] of Object.entries(wanted)) assert.deepEqual(known.get(name), labels, name);
  });

  it('lists what the process itself exports, and nothing of that is missing', () => {
    const exported = createProcessRegistry().getMetricsAsArray();
    assert.deepEqual(exported.map(({ name }) => name).toSorted(), Object.keys(processMetrics).toSorted());
  });

  it('asks the queues at each scrape', async () => {
    const registry = new Registry();
    const metrics = createKubeMetrics(registry);
    let asked = 0;
    metrics.onScrape(() => metrics.queueDepth.set({ name: 'q', controller: 'q' }, ++asked));
    await registry.metrics();
    assert.match(await registry.metrics(), /workqueue_depth\{name="q",controller="q"\} 2/);
  });
});
