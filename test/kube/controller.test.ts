/** The controller: what follows a reconcile, and what wakes it. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { type ControllerOptions, createController, type Outcome } from '../../src/kube/controller.ts';
import { configMaps } from '../../src/kube/core.ts';
import { ApiError, TerminalError } from '../../src/kube/errors.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { forKind, mapped, owned, specChanged } from '../../src/kube/sources.ts';
import { type ObjectKey, silentLog } from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { widgets } from './widgets.ts';
import { buildWorld, stopWorlds } from './world.ts';

const namespace = 'default';
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await stopWorlds();
});

/** A controller of one key, 'it', whose outcomes are given in order; the last one is repeated. */
function scripted(outcomes: (Outcome | Error)[], options: Partial<ControllerOptions> = {}) {
  const clock = createFakeClock();
  const registry = new Registry();
  const starts: number[] = [];
  const logged: string[] = [];
  const controller = createController({
    name: 'scripted',
    clock,
    random: createSeededRandom(),
    log: { ...silentLog, error: (_, message) => logged.push(message) },
    metrics: createKubeMetrics(registry),
    sources: [],
    backoffMs: 1000,
    async reconcile() {
      starts.push(clock.now());
      const outcome = outcomes[Math.min(starts.length, outcomes.length) - 1] ?? 'done';
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    ...options,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await run;
  });
  const began = clock.now();
  const count = async (result: string) => {
    const { values } = (await registry.getSingleMetric('controller_runtime_reconcile_total')?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
  };
  return { clock, controller, logged, times: () => starts.map((at) => at - began), count, registry };
}

describe('what follows a reconcile', () => {
  const conflict = new ApiError('apply it', 409, { reason: 'Conflict' });

  it('done: nothing, until a source asks again', async () => {
    const { clock, controller, times, count } = scripted(['done']);
    controller.enqueue({ name: 'it' });
    await clock.advance(100_000);
    assert.deepEqual(times(), [0]);
    controller.enqueue({ name: 'it' });
    await clock.settle();
    assert.equal(times().length, 2);
    assert.equal(await count('success'), 2);
  });

  it('after: again after so long', async () => {
    const { clock, controller, times, count } = scripted([{ after: 5000 }, 'done']);
    controller.enqueue({ name: 'it' });
    await clock.advance(60_000);
    assert.deepEqual(times(), [0, 5000]);
    assert.equal(await count('requeue_after'), 1);
  });

  it('an error: again with growing back-off, logged each time; success resets it', async () => {
    const { clock, controller, times, count, logged } = scripted([
      new Error('a'),
      new Error('b'),
      'done',
      new Error('c'),
      'done',
    ]);
    controller.enqueue({ name: 'it' });
    await clock.advance(60_000);
    controller.enqueue({ name: 'it' });
    await clock.advance(60_000);
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = times();
    assert.ok(second - first >= 1000 && second - first <= 1100);
    assert.ok(third - second >= 2000 && third - second <= 2200);
    assert.ok(fifth - fourth >= 1000 && fifth - fourth <= 1100, 'the back-off started over');
    assert.equal(await count('error'), 3);
    assert.equal(logged.length, 3);
  });

  it('a terminal error: never again by itself', async () => {
    const { clock, controller, times, count, registry } = scripted([new TerminalError('no use')]);
    controller.enqueue({ name: 'it' });
    await clock.advance(3_600_000);
    assert.deepEqual(times(), [0]);
    assert.equal(await count('error'), 1);
    assert.match(await registry.metrics(), /controller_runtime_terminal_reconcile_errors_total\{controller="scripted"\} 1/);
  });

  it('a conflict: again with back-off and without noise', async () => {
    const { clock, controller, times, count, logged } = scripted([conflict, 'done']);
    controller.enqueue({ name: 'it' });
    await clock.advance(60_000);
    assert.equal(times().length, 2);
    assert.deepEqual(logged, []);
    assert.equal(await count('requeue'), 1);
  });

  it('a failing key runs at most a dozen times in its first ten minutes and then every five', async () => {
    const { clock, controller, times } = scripted([new Error('always')]);
    controller.enqueue({ name: 'it' });
    await clock.advance(600_000);
    assert.ok(times().length <= 12, `${times().length} runs`);
    const before = times().length;
    await clock.advance(3_600_000);
    assert.ok(times().length - before <= 12);
  });

  it('the metrics say how long work has been going on, at the time of the scrape', async () => {
    const { clock, controller, registry } = scripted([], { reconcile: () => clock.sleep(10_000).then(() => 'done' as const) });
    controller.enqueue({ name: 'it' });
    controller.enqueue({ name: 'other' });
    await clock.advance(4000);
    const text = await registry.metrics();
    const labels = '{name="scripted",controller="scripted"}';
    for (const line of [
      `workqueue_depth${labels} 1`,
      `workqueue_unfinished_work_seconds${labels} 4`,
      `workqueue_adds_total${labels} 2`,
    ])
      assert.ok(text.includes(line), line);
    assert.ok(text.includes('controller_runtime_active_workers{controller="scripted"} 1'));
    await clock.advance(20_000);
  });

  it('a reconcile that hangs is told to stop', async () => {
    const seen: string[] = [];
    const { clock, controller } = scripted([], {
      timeoutMs: 1000,
      reconcile: async (_, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        seen.push((signal.reason as Error).message);
        return 'done';
      },
    });
    controller.enqueue({ name: 'it' });
    await clock.advance(1000);
    assert.deepEqual(seen, ['cannot reconcile it within 1 s']);
  });

  it('at most `workers` keys are worked on at once, and all come to their turn', async () => {
    let [now, most, total] = [0, 0, 0];
    const { clock, controller } = scripted([], {
      workers: 3,
      reconcile: async () => {
        most = Math.max(most, ++now);
        total++;
        await clock.sleep(100);
        now--;
        return 'done';
      },
    });
    for (let index = 0; index < 10; index++) controller.enqueue({ name: `it${index}` });
    await clock.advance(1000);
    assert.deepEqual([most, total], [3, 10]);
  });
});

describe('sources', () => {
  it('a kind wakes its own controller, once for everything there is and once per change', async () => {
    const { manager, start, context, client, clock } = buildWorld();
    await client.create(widgets, { metadata: { namespace, name: 'a' }, spec: {} });
    const seen: ObjectKey[] = [];
    const informer = manager.informer(widgets);
    const reconcile = async (key: ObjectKey): Promise<Outcome> => {
      seen.push(key);
      return 'done';
    };
    manager.add(
      createController({ name: 'widgets', ...context, sources: [forKind(informer, { when: specChanged })], reconcile }),
    );
    start();
    await clock.settle();
    assert.deepEqual(seen, [{ namespace, name: 'a' }]);
    await client.applyStatus(widgets, { metadata: { namespace, name: 'a' }, status: { phase: 'x' } }, { fieldManager: 'us' });
    await clock.settle();
    assert.equal(seen.length, 1, 'a status write does not pass specChanged');
    await client.patch(widgets, { namespace, name: 'a' }, { spec: { size: 2 } }, { contentType: 'merge' });
    await clock.settle();
    assert.equal(seen.length, 2);
    assert.equal(informer.store.get({ namespace, name: 'a' })?.spec.size, 2);
  });

  it('an owned object wakes the owner named by its controller reference, and nobody else', async () => {
    const { manager, start, context, client, clock } = buildWorld();
    const seen: ObjectKey[] = [];
    const source = owned(manager.informer(configMaps), widgets);
    const reconcile = async (key: ObjectKey): Promise<Outcome> => {
      seen.push(key);
      return 'done';
    };
    manager.add(createController({ name: 'owners', ...context, sources: [source], reconcile }));
    start();
    await clock.settle();
    const reference = { apiVersion: 'example.dev/v2', kind: 'Widget', uid: 'u' };
    const own = (name: string, more: object) => ({
      namespace,
      name,
      ownerReferences: [{ ...reference, name: `of-${name}`, ...more }],
    });
    await client.create(configMaps, { metadata: own('a', { controller: true }) });
    await client.create(configMaps, { metadata: own('b', {}) });
    await client.create(configMaps, { metadata: own('c', { controller: true, apiVersion: 'other.dev/v1' }) });
    await clock.settle();
    assert.deepEqual(seen, [{ namespace, name: 'of-a' }]);
  });

  it('a mapped object wakes what it pointed at before and what it points at now', async () => {
    const { manager, start, context, client, clock } = buildWorld();
    const seen: string[] = [];
    const source = mapped(manager.informer(configMaps), ({ data }) => (data?.['to'] ? [{ name: data['to'] }] : []));
    const reconcile = async ({ name }: ObjectKey): Promise<Outcome> => {
      seen.push(name);
      return 'done';
    };
    manager.add(createController({ name: 'mapped', ...context, sources: [source], reconcile }));
    start();
    await client.create(configMaps, { metadata: { namespace, name: 'a' }, data: { to: 'x' } });
    await clock.settle();
    await client.patch(configMaps, { namespace, name: 'a' }, { data: { to: 'y' } }, { contentType: 'merge' });
    await clock.settle();
    assert.deepEqual(seen, ['x', 'y', 'x']);
  });
});
