/** What of the chart is for Prometheus and Grafana: off by default, found by their selectors, refused where nobody would read it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { render } from '../../local/helm.ts';
import { least, roles } from './values.ts';

const kinds = ['ServiceMonitor', 'PrometheusRule'] as const;
const values = (part: object, role: keyof typeof least = 'hub') => ({ ...least[role], metrics: part });
const named = async (part: object, kind: string) => (await render(values(part))).filter((object) => object.kind === kind);
const settings = (kind: (typeof kinds)[number], renderMode: string) => ({
  [kind === 'ServiceMonitor' ? 'serviceMonitor' : 'rules']: { enabled: true, renderMode },
});

describe('monitoring in the chart', () => {
  for (const role of roles)
    it(`is off for the ${role} until it is asked for`, async () => {
      const objects = await render(least[role]);
      assert.ok(
        !objects.some(({ kind, metadata }) => kinds.some((one) => one === kind) || metadata.name.startsWith('atoll-board')),
      );
    });

  for (const kind of kinds) {
    it(`says what to do when the cluster has no ${kind}`, async () => {
      await assert.rejects(render(values(settings(kind, 'fail'))), new RegExp(`cannot render the ${kind}.*renderMode`, 's'));
    });

    it(`leaves the ${kind} out, or renders it all the same, when told so`, async () => {
      assert.equal((await named(settings(kind, 'skip'), kind)).length, 0);
      assert.equal((await named(settings(kind, 'always'), kind)).length, 1);
    });
  }

  it('has labels by which a Prometheus selects, and keeps the namespace that a series names', async () => {
    const part = { serviceMonitor: { enabled: true, renderMode: 'always', labels: { release: 'kps' }, interval: '1m' } };
    const [monitor] = await named(part, 'ServiceMonitor');
    assert.equal(monitor?.metadata.labels?.['release'], 'kps');
    const { selector, endpoints } = monitor['spec'] as { selector: { matchLabels: object }; endpoints: object[] };
    assert.deepEqual(endpoints, [{ port: 'http', interval: '1m', honorLabels: true }]);
    const [service] = (await render(values({}))).filter(({ kind, metadata }) => kind === 'Service' && metadata.name === 'atoll');
    for (const [name, value] of Object.entries(selector.matchLabels)) assert.equal(service?.metadata.labels?.[name], value);
    assert.ok(service);
    const { ports } = service['spec'] as { ports: { name: string }[] };
    assert.ok(ports.some(({ name }) => name === 'http'));
  });

  it('brings the boards that a role has series for, with the label of the sidecar', async () => {
    const boards = async (role: keyof typeof least) =>
      (await render(values({ boards: { enabled: true } }, role))).filter(({ metadata }) =>
        metadata.name.startsWith('atoll-board'),
      );
    assert.deepEqual(
      (await boards('island')).map(({ metadata }) => metadata.name),
      ['atoll-board-engine'],
    );
    const hub = await boards('hub');
    assert.deepEqual(
      hub.map(({ metadata }) => metadata.name),
      ['atoll-board-training', 'atoll-board-islands', 'atoll-board-engine'],
    );
    for (const board of hub) {
      assert.equal(board.metadata.labels?.['grafana_dashboard'], '1');
      const [text = ''] = Object.values(board['data'] as Record<string, string>);
      assert.ok((JSON.parse(text) as { panels: object[] }).panels.length > 5);
    }
  });
});
