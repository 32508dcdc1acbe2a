/** The API server in memory behaves as the real one, collects garbage, and is the same in every run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configMaps, pods } from '../../src/kube/core.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { conformance } from './conformance.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type MemoryApiOptions } from './memory-client.ts';
import { widgets } from './widgets.ts';

const namespace = 'default';

function build(options: Partial<MemoryApiOptions> = {}) {
  const clock = createFakeClock();
  const api = createMemoryApi({ clock, random: createSeededRandom(), ...options });
  return { clock, api, client: api.client() };
}

conformance('the API server in memory', async () => ({ client: build().client, [Symbol.asyncDispose]: async () => {} }));

describe('garbage collection in memory', () => {
  async function family() {
    const all = build({ garbageCollect: true });
    const parent = await all.client.create(widgets, { metadata: { namespace, name: 'parent' }, spec: {} });
    const { apiVersion, kind, metadata } = parent;
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }];
    const child = await all.client.create(configMaps, { metadata: { namespace, name: 'child', ownerReferences } });
    const held = { namespace, name: 'held', ownerReferences, finalizers: ['example.dev/hold'] };
    await all.client.create(configMaps, { metadata: held });
    const names = async () => {
      await all.clock.settle();
      return [...all.api.all(widgets), ...all.api.all(configMaps)].map((object) => object.metadata.name);
    };
    const release = () =>
      all.client.patch(configMaps, { namespace, name: 'held' }, { metadata: { finalizers: null } }, { contentType: 'merge' });
    return { ...all, parent, child, names, release, uid: metadata.uid ?? '' };
  }

  it('background: the owner goes first, what it owned follows', async () => {
    const { client, parent, names, release, uid } = await family();
    await client.delete(widgets, parent.metadata, { uid, propagationPolicy: 'Background' });
    assert.deepEqual(await names(), ['held']);
    await release();
    assert.deepEqual(await names(), []);
  });

  it('foreground: the owner stays until what it owned is gone', async () => {
    const { client, parent, names, release, uid } = await family();
    await client.delete(widgets, parent.metadata, { uid, propagationPolicy: 'Foreground' });
    assert.deepEqual(await names(), ['parent', 'held']);
    await release();
    assert.deepEqual(await names(), []);
  });

  it('orphan: what it owned stays and forgets it', async () => {
    const { client, api, parent, names, uid } = await family();
    await client.delete(widgets, parent.metadata, { uid, propagationPolicy: 'Orphan' });
    assert.deepEqual(await names(), ['child', 'held']);
    assert.deepEqual(api.get(configMaps, { namespace, name: 'child' })?.metadata.ownerReferences, []);
  });
});

describe('the API server in memory', () => {
  it('keeps a deleted pod that runs until its kubelet is done with it', async () => {
    const { client, api } = build({ gracefulPods: true });
    const where = { namespace, name: 'trainer' };
    const pod = await client.create(pods, { metadata: where, spec: { containers: [], nodeName: 'n1' } });
    assert.equal(await client.delete(pods, where, { uid: pod.metadata.uid ?? '' }), 'deleted');
    assert.ok(api.get(pods, where)?.metadata.deletionTimestamp);
    api.finishPod(where);
    assert.equal(api.get(pods, where), undefined);
  });

  it('lets a request or its reply be lost, and says what really happened', async () => {
    const { api } = build();
    let fault: 'before' | 'after' = 'before';
    const client = api.client({
      name: 'unlucky',
      async intercept(_, proceed) {
        if (fault === 'before') throw new ConnectionError('create it', 'refused', false);
        await proceed();
        throw new ConnectionError('create it', 'reset', true);
      },
    });
    const create = (name: string) => client.create(widgets, { metadata: { namespace, name }, spec: {} });
    await assert.rejects(create('a'));
    fault = 'after';
    await assert.rejects(create('b'));
    assert.deepEqual(
      api.all(widgets).map(({ metadata }) => metadata.name),
      ['b'],
    );
  });

  it('refuses and completes what its admission says', async () => {
    const { client } = build({
      admit(_type, object) {
        if (object.metadata.name === 'bad') throw new ApiError('create it', 422, { reason: 'Invalid', message: 'bad name' });
        return { ...object, metadata: { ...object.metadata, labels: { admitted: 'yes' } } };
      },
    });
    await assert.rejects(client.create(widgets, { metadata: { namespace, name: 'bad' }, spec: {} }), /bad name/);
    const good = await client.create(widgets, { metadata: { namespace, name: 'good' }, spec: {} });
    assert.deepEqual(good.metadata.labels, { admitted: 'yes' });
  });

  it('tells observers every write, and gives the same history for the same seed', async () => {
    const play = async () => {
      const { client, api } = build();
      const history: string[] = [];
      api.observe(({ change, object }) => history.push(`${change} ${object.metadata.uid} ${object.metadata.resourceVersion}`));
      const made = await client.create(widgets, { metadata: { namespace, name: 'a' }, spec: {} });
      await client.apply(widgets, { metadata: { namespace, name: 'a' }, spec: { size: 1 } }, { fieldManager: 'us' });
      await client.apply(widgets, { metadata: { namespace, name: 'a' }, spec: { size: 1 } }, { fieldManager: 'us' });
      await client.delete(widgets, made.metadata, { uid: made.metadata.uid ?? '' });
      return history;
    };
    const first = await play();
    assert.deepEqual(
      first.map((line) => line.split(' ')[0]),
      ['ADDED', 'MODIFIED', 'DELETED'],
    );
    assert.deepEqual(await play(), first);
  });
});
