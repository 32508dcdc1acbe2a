/** The engine against a real API server that is killed, frozen and compacted under it: stores stay right, controllers converge. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import * as test from 'node:test';
import { Registry } from 'prom-client';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { systemClock, systemRandom } from '../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { configMaps, events, leases } from '../../src/kube/core.ts';
import { createEventRecorder } from '../../src/kube/events.ts';
import { createInformer } from '../../src/kube/informer.ts';
import { createLease } from '../../src/kube/lease.ts';
import { createManager } from '../../src/kube/manager.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { silentLog } from '../../src/kube/types.ts';
import { addChildren, assertConverged, namespace, versions } from './children.ts';
import { eventually } from './eventually.ts';
import { createSeededRandom } from './fake-clock.ts';
import { defineWidgets, widgets } from './widgets.ts';

const base = { clock: systemClock, random: systemRandom, log: silentLog };
let api: ApiServer;
let client: RealKubeClient;

/** What must end whatever becomes of a test, or the process would live on. */
const ends: (() => Promise<unknown>)[] = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Runs until the test ends, or until the function that comes back is called. */
function background(loop: (signal: AbortSignal) => Promise<unknown>): { stop: () => Promise<void>; failed: () => unknown } {
  const stop = new AbortController();
  let failure: unknown;
  const run = loop(stop.signal).catch((error: unknown) => {
    failure = error;
  });
  const end = async () => {
    stop.abort(new Error('stop'));
    await run;
  };
  ends.push(end);
  return { stop: end, failed: () => failure };
}

test.before(async () => {
  // Old versions are forgotten within a second or two, so that every longer absence meets 410.
  api = await startApiServer({ flags: ['--etcd-compaction-interval=1s'] });
  client = createKubeClient({ kubeconfig: api.kubeconfigPath, ...base, timeoutMs: 3000, watchIdleMs: 3000 });
  await defineWidgets(client);
});
test.after(async () => {
  await client.close();
  await api.stop();
});

/** Open connections of this process's network to the API server's port. */
async function connections(): Promise<number> {
  const port = Number(new URL(api.url).port).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/self/net/tcp', 'utf8');
  return table.split('\n').filter((line) => new RegExp(`^\\s*\\d+: \\S+ 0100007F:${port} 01 `).test(line)).length;
}

/** The pool of a client: sixteen calls at once, and its watches beside them. */
const mostConnections = 20;

/** Creates, changes and deletes widgets until stopped; a failing API server only costs it the step. */
function disturb(seed: number) {
  const random = createSeededRandom(seed);
  let steps = 0;
  const { stop } = background(async (signal) => {
    while (!signal.aborted) {
      const name = `w${Math.floor(random.next() * 30)}`;
      const step = random.next();
      try {
        const found = await client.get(widgets, { namespace, name });
        if (!found) await client.create(widgets, { metadata: { namespace, name }, spec: { size: 1 } });
        else if (step < 0.3) await client.delete(widgets, { namespace, name }, { uid: found.metadata.uid ?? '' });
        else
          await client.patch(widgets, { namespace, name }, { spec: { size: Math.floor(step * 1000) } }, { contentType: 'merge' });
        steps++;
      } catch {
        // The server is away; the next step may find it back.
      }
    }
  });
  return {
    get steps() {
      return steps;
    },
    stop,
  };
}

/** Frozen until `noticed` is true: connections stay open and nothing answers. */
async function freeze(noticed: () => boolean | Promise<boolean>): Promise<void> {
  api.freeze();
  await eventually('the silence is noticed', noticed, 30_000).finally(() => api.thaw());
  await api.ready();
}

const disasters: [what: string, happen: (failures: () => Promise<number>) => Promise<void>][] = [
  ['killed and started again at once', () => api.restart({ signal: 'SIGKILL' })],
  ['away for three seconds, while its database forgets', () => api.restart({ signal: 'SIGKILL', pauseMs: 3000 })],
  [
    'frozen until its watch is given up, and thawed',
    async (failures) => {
      const before = await failures();
      await freeze(async () => (await failures()) >= before + 2);
    },
  ],
];

test.describe('a reflector whose API server is', () => {
  for (const [seed, [what, happen]] of disasters.entries()) {
    test.it(`${what} has a store that equals a fresh list`, { timeout: 90_000 }, async () => {
      const registry = new Registry();
      const metrics = createKubeMetrics(registry);
      const informer = createInformer(widgets, { namespace }, { client, ...base, metrics });
      const played = new Map<string, string>();
      informer.onChange(({ type, object: { kind, metadata } }) => {
        const name = `${kind} ${metadata.name}`;
        assert.equal(played.has(name), type !== 'add');
        if (type === 'delete') played.delete(name);
        else played.set(name, `${metadata.uid} ${metadata.resourceVersion}`);
      });
      const { stop } = background((signal) => informer.run(signal));
      await informer.synced;
      const disturbance = disturb(seed);
      await eventually('some disturbance', () => disturbance.steps >= 30);
      await happen(async () => {
        const metric = await registry.getSingleMetric('reflector_failures_total')?.get();
        return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
      });
      await eventually('the store hears of the server again', () => informer.silentMs() < 1000, 20_000);
      const so = disturbance.steps;
      await eventually('some more disturbance', () => disturbance.steps >= so + 30, 30_000);
      await disturbance.stop();
      await eventually(
        'the store equals a fresh list',
        async () => {
          const fresh = versions((await client.list(widgets, { namespace })).items);
          assert.deepEqual(versions(informer.store.list()), fresh);
          assert.deepEqual(played, fresh);
          return true;
        },
        40_000,
      );
      assert.ok((await connections()) <= 6, `${await connections()} connections`);
      await stop();
    });
  }
});

test.describe('a controller', () => {
  test.it('converges while its API server is killed and frozen, and then writes nothing', { timeout: 120_000 }, async () => {
    const lease = createLease({ client, ...base, namespace, name: 'controller', identity: 'one', durationMs: 60_000 });
    const manager = createManager({ client, ...base, lease });
    const { parents, children, controller, runs } = addChildren(manager, { client, ...base });
    const { stop, failed } = background((signal) => manager.run(signal));
    const disturbance = disturb(99);
    await eventually('the controller works', () => runs() >= 20, 20_000);
    const silences = [
      () => api.restart({ signal: 'SIGKILL' }),
      () => freeze(() => parents.silentMs() > 5000 && children.silentMs() > 5000),
    ];
    for (const silence of silences) {
      await silence();
      const so = disturbance.steps;
      await eventually('some more disturbance', () => disturbance.steps >= so + 20, 30_000);
    }
    await disturbance.stop();
    const right = () => {
      assert.equal(failed(), undefined);
      return assertConverged(client);
    };
    const settled = await eventually('every widget has its child and status', right, 60_000);
    // Asked again about everything, it changes nothing.
    const so = runs();
    for (const widget of parents.store.list()) controller.enqueue({ namespace, name: widget.metadata.name });
    await eventually('everything reconciled once more', () => runs() >= so + parents.store.size, 20_000);
    assert.deepEqual(await right(), settled);
    assert.ok((await connections()) <= mostConnections, `${await connections()} connections`);
    await stop();
    assert.equal((await client.get(leases, { namespace, name: 'controller' }))?.spec.holderIdentity, '');
  });
});

test.describe('on a real API server', () => {
  test.it('two thousand calls leave a handful of connections', async () => {
    const all = Array.from({ length: 2000 }, () => client.get(configMaps, { namespace, name: 'kube-root-ca.crt' }));
    let most = 0;
    const watching = setInterval(() => void connections().then((now) => (most = Math.max(most, now))), 20);
    await Promise.all(all).finally(() => clearInterval(watching));
    assert.ok(most <= mostConnections, `${most} connections`);
  });

  test.it('events are accepted, and repeats are counted', async () => {
    const about = await client.apply(widgets, { metadata: { namespace, name: 'famous' }, spec: {} }, { fieldManager: 'us' });
    const recorder = createEventRecorder({ client, ...base, controller: 'example.dev/us', instance: 'test' });
    const { stop } = background((signal) => recorder.run(signal));
    const found = async () => (await client.list(events, { namespace, fieldSelector: 'regarding.name=famous' })).items;
    recorder.warning(about, 'Famous', 'it is known');
    await eventually('an event', async () => (await found()).length === 1);
    recorder.warning(about, 'Famous', 'it is known');
    recorder.normal(about, 'Quiet', 'for a change', 'Hushed');
    await eventually('a second event and a count', async () => {
      const [first, second] = (await found()).toSorted((a, b) => (a.reason ?? '').localeCompare(b.reason ?? ''));
      return first?.series?.count === 2 && second?.action === 'Hushed';
    });
    await stop();
    const { stdout } = await api.kubectl(['get', 'events', '-n', namespace, '--field-selector', 'involvedObject.name=famous']);
    assert.match(stdout, /Warning\s+Famous\s+widget\/famous\s+it is known/);
  });

  test.it(
    'a lease whose holder dies goes over after its duration, one that is released at once',
    { timeout: 30_000 },
    async () => {
      const join = (identity: string) => {
        const times = { durationMs: 3000, renewDeadlineMs: 2000, retryMs: 300 };
        const lease = createLease({ client, ...base, namespace, name: 'lead', identity, ...times });
        const stop = new AbortController();
        const run = (async () => {
          await lease.acquire(stop.signal);
          await lease.hold(stop.signal);
        })().catch(() => undefined);
        return { lease, die: () => stop.abort(), run };
      };
      const first = join('first');
      await eventually('the first holds it', () => first.lease.held);
      const [second, third] = [join('second'), join('third')];
      await eventually('the others see it', () => second.lease.holder === 'first' && third.lease.holder === 'first');
      first.die();
      const died = performance.now();
      const next = await eventually('another holds it', () => [second, third].find(({ lease }) => lease.held));
      const waited = performance.now() - died;
      assert.ok(waited >= 2000 && waited <= 8000, `${waited} ms`);
      next.die();
      await next.run;
      await next.lease.release();
      const last = next === second ? third : second;
      await eventually('the last holds it', () => last.lease.held, 2500);
      const spec = (await client.get(leases, { namespace, name: 'lead' }))?.spec;
      assert.equal(spec?.leaseTransitions, 2);
    },
  );
});
