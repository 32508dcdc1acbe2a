/** The manager: what starts when, what ends when, and what happens when something ends by itself. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createController, type Outcome } from '../../src/kube/controller.ts';
import { configMaps, leases } from '../../src/kube/core.ts';
import { ApiError, LeaseLostError, LoopEndedError } from '../../src/kube/errors.ts';
import { createLease } from '../../src/kube/lease.ts';
import { createManager } from '../../src/kube/manager.ts';
import { forKind } from '../../src/kube/sources.ts';
import { widgets } from './widgets.ts';
import { buildWorld, stopWorlds } from './world.ts';

const namespace = 'default';
afterEach(stopWorlds);

describe('the manager', () => {
  it('starts workers only when every store is filled', async () => {
    let block = true;
    const { manager, start, context, client, clock } = buildWorld(async (call, proceed) => {
      if (call.verb === 'list' && call.type.plural === 'configmaps' && block) throw new ApiError('list', 500, {});
      return proceed();
    });
    await client.create(widgets, { metadata: { namespace, name: 'a' }, spec: {} });
    let runs = 0;
    manager.informer(configMaps);
    const reconcile = async (): Promise<Outcome> => {
      runs++;
      return 'done';
    };
    manager.add(createController({ name: 'widgets', ...context, sources: [forKind(manager.informer(widgets))], reconcile }));
    start();
    await clock.advance(60_000);
    assert.deepEqual([runs, manager.ready], [0, false]);
    block = false;
    await clock.until(() => manager.ready, 60_000);
    await clock.settle();
    assert.equal(runs, 1);
  });

  it('gives the same informer to everyone who wants the same, with the indexes of all', () => {
    const { manager } = buildWorld();
    const bySize = { size: () => ['1'] };
    const first = manager.informer(widgets, { namespace });
    assert.equal(manager.informer(widgets, { namespace, indexes: bySize }), first);
    assert.deepEqual(first.store.byIndex('size', '1'), []);
    assert.notEqual(manager.informer(widgets, { namespace, labelSelector: 'a=b' }), first);
  });

  it('reads only the namespaces that an informer names', async () => {
    const { manager, start, client, api, clock } = buildWorld();
    for (const where of ['a', 'b', 'c']) await client.create(widgets, { metadata: { namespace: where, name: 'one' }, spec: {} });
    const { store } = manager.informer(widgets, { namespaces: ['a', 'b'] });
    const held = () =>
      store
        .list()
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .toSorted();
    start();
    await clock.until(() => manager.ready, 60_000);
    assert.deepEqual(held(), ['a/one', 'b/one']);
    await client.create(widgets, { metadata: { namespace: 'b', name: 'two' }, spec: {} });
    await client.delete(
      widgets,
      { namespace: 'a', name: 'one' },
      { uid: api.get(widgets, { namespace: 'a', name: 'one' })?.metadata.uid ?? '' },
    );
    await clock.until(() => held().join() === 'b/one,b/two', 60_000);
    await clock.advance(170_000);
    api.bookmark();
    await clock.advance(60_000);
    assert.ok(manager.ready);
  });

  it('fails when a loop ends by itself, and stops the others first', async () => {
    const { manager, start, clock } = buildWorld();
    let stopped = false;
    manager.addLoop('short', async () => clock.sleep(1000));
    manager.addLoop('long', (signal) =>
      clock.sleep(1e9, signal).catch(() => {
        stopped = true;
      }),
    );
    const { failed } = start();
    await clock.advance(1000);
    const error = await failed;
    assert.ok(error instanceof LoopEndedError && /short ended by itself/.test(error.message));
    assert.ok(stopped);
  });

  it('does not ask to be begun again after a lost lease while something of it goes on', async () => {
    const { context, clock, client } = buildWorld();
    const lease = createLease({ ...context, namespace, name: 'lead', identity: 'us' });
    const manager = createManager({ ...context, lease });
    manager.addLoop('deaf', () => new Promise(() => {}));
    const run = manager.run(new AbortController().signal).catch((error: unknown) => error);
    await clock.advance(5000);
    await client.patch(leases, { namespace, name: 'lead' }, { spec: { holderIdentity: 'other' } }, { contentType: 'merge' });
    await clock.advance(60_000);
    const error = await run;
    assert.ok(error instanceof LoopEndedError && error.cause instanceof LeaseLostError);
  });

  it('on the signal lets reconciles end before it stops watching, and gives the lease back last', async () => {
    const { context, client, clock, api } = buildWorld();
    const lease = createLease({ ...context, namespace, name: 'lead', identity: 'us' });
    const manager = createManager({ ...context, lease });
    const order: string[] = [];
    await client.create(widgets, { metadata: { namespace, name: 'a' }, spec: {} });
    const informer = manager.informer(widgets);
    const reconcile = async (): Promise<Outcome> => {
      order.push('reconcile begins');
      await clock.sleep(500);
      order.push(`reconcile ends, ${lease.held ? 'lease held' : 'lease lost'}`);
      return 'done';
    };
    manager.add(createController({ name: 'widgets', ...context, sources: [forKind(informer)], reconcile }));
    manager.addLoop('base', (signal) => clock.sleep(1e9, signal).catch(() => void order.push('base ends')), {
      leaderOnly: false,
    });
    api.observe(({ object }) => {
      if (object.kind === 'Lease' && (object as typeof object & { spec: { holderIdentity?: string } }).spec.holderIdentity === '')
        order.push('lease released');
    });
    const stop = new AbortController();
    const run = manager.run(stop.signal);
    await clock.advance(100);
    stop.abort();
    await clock.advance(1000);
    await run;
    assert.deepEqual(order, ['reconcile begins', 'reconcile ends, lease held', 'base ends', 'lease released']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('gives up acquiring the lease when it fails otherwise, and is not the holder afterwards', async () => {
    const { context, clock, api } = buildWorld();
    const other = createLease({ ...context, namespace, name: 'lead', identity: 'other' });
    await other.acquire(new AbortController().signal);
    const lease = createLease({ ...context, namespace, name: 'lead', identity: 'us' });
    const manager = createManager({ ...context, lease });
    manager.addLoop('short', async () => clock.sleep(1000), { leaderOnly: false });
    const failed = assert.rejects(manager.run(new AbortController().signal), LoopEndedError);
    await clock.advance(60_000);
    await failed;
    assert.equal(lease.held, false);
    assert.equal(api.get(leases, { namespace, name: 'lead' })?.spec.holderIdentity, 'other');
    assert.equal(clock.pendingTimers, 0);
  });

  it('is ready as a standby, while another holds the lease', async () => {
    const { context, clock } = buildWorld();
    const first = createLease({ ...context, namespace, name: 'lead', identity: 'other' });
    await first.acquire(new AbortController().signal);
    const manager = createManager({ ...context, lease: createLease({ ...context, namespace, name: 'lead', identity: 'us' }) });
    let led = false;
    manager.addLoop('leading', async (signal) => {
      led = true;
      await clock.sleep(1e9, signal).catch(() => undefined);
    });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    await clock.until(() => manager.ready, 1000);
    assert.equal(led, false);
    stop.abort();
    await clock.advance(1000);
    await running;
  });

  it('is not ready while a store has heard nothing for three minutes', async () => {
    const { manager, start, clock, api } = buildWorld();
    manager.informer(widgets);
    start();
    await clock.until(() => manager.ready, 1000);
    await clock.advance(170_000);
    assert.ok(manager.ready);
    api.bookmark();
    await clock.advance(170_000);
    assert.ok(manager.ready, 'the bookmark was a sign of life');
    await clock.advance(11_000);
    assert.equal(manager.ready, false);
  });

  it('does not wait for ever for a reconcile that does not end', async () => {
    const { manager, start, context, client, clock } = buildWorld();
    await client.create(widgets, { metadata: { namespace, name: 'a' }, spec: {} });
    const never = () => new Promise<Outcome>(() => {});
    manager.add(createController({ name: 'stuck', ...context, sources: [forKind(manager.informer(widgets))], reconcile: never }));
    const { stop, run } = start();
    await clock.settle();
    stop();
    await clock.advance(20_000);
    await run;
  });
});
