/** What every `KubeClient` must do, as one table of tests for the real API server and the one in memory alike. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { configMaps } from '../../src/kube/core.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { listsAndWatches } from './conformance-watch.ts';
import { type Widget, widgets } from './widgets.ts';

export interface Server {
  client: KubeClient;
  [Symbol.asyncDispose](): Promise<void>;
}

const namespace = 'default';
const us = { fieldManager: 'us' };
const refusal = (check: (error: ApiError) => boolean) => (error: unknown) => error instanceof ApiError && check(error);
const isConflict = refusal((error) => error.isConflict);

export function conformance(title: string, start: () => Promise<Server>): void {
  describe(title, () => {
    let server: Server;
    let client: KubeClient;
    let count = 0;
    before(async () => {
      server = await start();
      client = server.client;
    });
    after(() => server[Symbol.asyncDispose]());

    const key = () => ({ namespace, name: `w${++count}` });
    const make = (spec: Widget['spec'], finalizers?: string[]) =>
      client.create(widgets, { metadata: { ...key(), ...(finalizers ? { finalizers } : {}) }, spec });
    const uidOf = (object: Widget) => object.metadata.uid ?? '';

    it('an object that is not there is undefined', async () => {
      assert.equal(await client.get(widgets, { namespace, name: 'nobody' }), undefined);
    });

    it('a created object has an identity, generation 1 and no status', async () => {
      const made = await client.create(widgets, { metadata: key(), spec: { size: 1 }, status: { phase: 'x' } });
      assert.equal(made.metadata.generation, 1);
      assert.ok(made.metadata.uid && made.metadata.resourceVersion && made.metadata.creationTimestamp);
      assert.deepEqual([made.apiVersion, made.kind, made.status], ['example.dev/v1', 'Widget', undefined]);
      const { managedFields: _, ...metadata } = (await client.get(widgets, made.metadata))?.metadata ?? { name: '' };
      const { managedFields: __, ...replied } = made.metadata;
      assert.deepEqual(metadata, replied);
    });

    it('a second create of the same name is AlreadyExists, not a conflict', async () => {
      const made = await make({ size: 1 });
      const again = client.create(widgets, { metadata: { namespace, name: made.metadata.name }, spec: {} });
      await assert.rejects(
        again,
        refusal((error) => error.isAlreadyExists && !error.isConflict),
      );
    });

    it('a dry run stores nothing', async () => {
      const where = key();
      const made = await client.create(widgets, { metadata: where, spec: { size: 1 } }, { dryRun: true });
      assert.equal(made.spec.size, 1);
      assert.equal(await client.get(widgets, where), undefined);
    });

    it('apply creates, changes its own fields, bumps the generation, and writes nothing when nothing changes', async () => {
      const metadata = key();
      const first = await client.apply(widgets, { metadata, spec: { size: 1, color: 'red' } }, us);
      const same = await client.apply(widgets, { metadata, spec: { size: 1, color: 'red' } }, us);
      assert.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
      const changed = await client.apply(widgets, { metadata, spec: { size: 2 } }, us);
      assert.deepEqual(changed.spec, { size: 2 }, 'what is no longer applied is removed');
      assert.equal(changed.metadata.generation, 2);
      assert.equal(uidOf(changed), uidOf(first));
    });

    it('apply leaves what others own alone and conflicts over it unless forced', async () => {
      const metadata = key();
      await client.apply(widgets, { metadata, spec: { size: 1 } }, us);
      const both = await client.apply(widgets, { metadata, spec: { color: 'red' } }, { fieldManager: 'them' });
      assert.deepEqual(both.spec, { size: 1, color: 'red' });
      await assert.rejects(
        client.apply(widgets, { metadata, spec: { color: 'red', size: 5 } }, { fieldManager: 'them' }),
        isConflict,
      );
      const forced = await client.apply(widgets, { metadata, spec: { size: 5 } }, { fieldManager: 'them', force: true });
      assert.deepEqual(forced.spec, { size: 5 }, 'their color is gone, since they no longer apply it');
      const shared = await client.apply(widgets, { metadata, spec: { size: 5 } }, us);
      assert.deepEqual(shared.spec, { size: 5 });
    });

    it('labels and annotations merge by key', async () => {
      const metadata = key();
      await client.apply(widgets, { metadata: { ...metadata, labels: { a: '1' } }, spec: {} }, us);
      await client.apply(widgets, { metadata: { ...metadata, labels: { b: '2' } } }, { fieldManager: 'them' });
      const now = await client.apply(widgets, { metadata, spec: {} }, us);
      assert.deepEqual(now.metadata.labels, { b: '2' });
    });

    it('an owner reference that is applied instead of another replaces it whole', async () => {
      const metadata = key();
      const reference = (uid: string) => ({ apiVersion: 'example.dev/v1', kind: 'Widget', name: 'owner', uid, controller: true });
      const apply = (uid: string) =>
        client.apply(widgets, { metadata: { ...metadata, ownerReferences: [reference(uid)] }, spec: {} }, us);
      await apply('11111111-1111-1111-1111-111111111111');
      const next = await apply('22222222-2222-2222-2222-222222222222');
      assert.deepEqual(next.metadata.ownerReferences, [reference('22222222-2222-2222-2222-222222222222')]);
    });

    it('status is written through applyStatus only, which changes nothing else', async () => {
      const made = await make({ size: 1 });
      const { name } = made.metadata;
      const first = await client.applyStatus(
        widgets,
        { metadata: { namespace, name }, status: { phase: 'A' }, spec: { size: 9 } },
        us,
      );
      assert.deepEqual([first.status, first.spec], [{ phase: 'A' }, { size: 1 }]);
      assert.equal(first.metadata.generation, 1);
      const main = await client.patch(
        widgets,
        { namespace, name },
        { status: { phase: 'B' }, spec: { size: 2 } },
        { contentType: 'merge' },
      );
      assert.deepEqual([main.status, main.spec], [{ phase: 'A' }, { size: 2 }]);
      const same = await client.applyStatus(widgets, { metadata: { namespace, name }, status: { phase: 'A' } }, us);
      assert.equal(same.metadata.resourceVersion, main.metadata.resourceVersion);
    });

    it('conditions of two managers live side by side', async () => {
      const made = await make({});
      const metadata = { namespace, name: made.metadata.name };
      const condition = (type: string, status: string) => ({ type, status });
      await client.applyStatus(widgets, { metadata, status: { conditions: [condition('Ready', 'False')] } }, us);
      await client.applyStatus(
        widgets,
        { metadata, status: { conditions: [condition('Seen', 'True')] } },
        { fieldManager: 'them' },
      );
      const now = await client.applyStatus(widgets, { metadata, status: { conditions: [condition('Ready', 'True')] } }, us);
      assert.deepEqual(now.status?.conditions, [condition('Ready', 'True'), condition('Seen', 'True')]);
    });

    it('a status of an object that is not there is a 404', async () => {
      const applied = client.applyStatus(widgets, { metadata: { namespace, name: 'nobody' }, status: { phase: 'A' } }, us);
      await assert.rejects(
        applied,
        refusal((error) => error.isNotFound),
      );
    });

    it('resourceVersion and uid make an apply a compare-and-set that never brings an object back', async () => {
      const made = await make({ size: 1 });
      const { name, uid, resourceVersion } = made.metadata;
      const metadata = { namespace, name, uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
      await client.apply(widgets, { metadata, spec: { color: 'red' } }, us);
      await assert.rejects(client.apply(widgets, { metadata, spec: { color: 'blue' } }, us), isConflict);
      await assert.rejects(client.apply(widgets, { metadata: { ...metadata, uid: 'another' }, spec: {} }, us), isConflict);
      await client.delete(widgets, { namespace, name }, { uid: metadata.uid });
      await assert.rejects(client.apply(widgets, { metadata, spec: { color: 'blue' } }, us), isConflict);
      await assert.rejects(
        client.apply(widgets, { metadata: { namespace, name, resourceVersion: '1' }, spec: {} }, us),
        /no uid/,
      );
      assert.equal(await client.get(widgets, { namespace, name }), undefined);
    });

    it('a merge patch carries preconditions, and null removes a field', async () => {
      const made = await make({ size: 1, color: 'red' });
      const { name, uid, resourceVersion } = made.metadata;
      const merge = { contentType: 'merge' } as const;
      const at = { namespace, name };
      const next = await client.patch(widgets, at, { metadata: { uid, resourceVersion }, spec: { color: null } }, merge);
      assert.deepEqual(next.spec, { size: 1 });
      await assert.rejects(client.patch(widgets, at, { metadata: { resourceVersion }, spec: { size: 2 } }, merge), isConflict);
      await assert.rejects(client.patch(widgets, at, { metadata: { uid: 'another' }, spec: { size: 2 } }, merge), isConflict);
    });

    it('a JSON patch whose test fails changes nothing', async () => {
      const made = await make({ size: 1 });
      const patch = [
        { op: 'test' as const, path: '/spec/size', value: 7 },
        { op: 'replace' as const, path: '/spec/size', value: 8 },
      ];
      await assert.rejects(
        client.patch(widgets, made.metadata, patch, { contentType: 'json' }),
        refusal((error) => error.isInvalid),
      );
      assert.equal((await client.get(widgets, made.metadata))?.spec.size, 1);
    });

    it('a deletion hits the uid it names and nothing else', async () => {
      const made = await make({ size: 1 });
      assert.equal(await client.delete(widgets, made.metadata, { uid: 'another' }), 'gone');
      assert.ok(await client.get(widgets, made.metadata));
      assert.equal(await client.delete(widgets, made.metadata, { uid: uidOf(made) }), 'deleted');
      assert.equal(await client.delete(widgets, made.metadata, { uid: uidOf(made) }), 'gone');
      const next = await client.create(widgets, { metadata: { namespace, name: made.metadata.name }, spec: {} });
      assert.equal(await client.delete(widgets, made.metadata, { uid: uidOf(made) }), 'gone');
      assert.equal((await client.get(widgets, made.metadata))?.metadata.uid, uidOf(next));
    });

    it('a finalizer holds a deleted object until it is removed', async () => {
      const made = await make({ size: 1 });
      const held = await addFinalizer(client, widgets, made, 'example.dev/hold');
      assert.deepEqual(held?.metadata.finalizers, ['example.dev/hold']);
      assert.equal(await client.delete(widgets, made.metadata, { uid: uidOf(made) }), 'deleted');
      const dying = await client.get(widgets, made.metadata);
      assert.ok(dying?.metadata.deletionTimestamp);
      assert.equal(dying.metadata.generation, 2);
      assert.equal(await client.delete(widgets, made.metadata, { uid: uidOf(made) }), 'deleted', 'again, without effect');
      const late = client.patch(
        widgets,
        made.metadata,
        { metadata: { finalizers: ['example.dev/hold', 'a.b/c'] } },
        { contentType: 'merge' },
      );
      await assert.rejects(
        late,
        refusal((error) => error.isInvalid),
      );
      await removeFinalizer(client, widgets, dying, 'example.dev/hold');
      assert.equal(await client.get(widgets, made.metadata), undefined);
      assert.equal(await removeFinalizer(client, widgets, dying, 'example.dev/hold'), undefined);
    });

    it('two finalizers added from the same view: the second one is told of the conflict', async () => {
      const made = await make({ size: 1 });
      await addFinalizer(client, widgets, made, 'example.dev/one');
      await assert.rejects(addFinalizer(client, widgets, made, 'example.dev/two'), isConflict);
      const now = await client.get(widgets, made.metadata);
      assert.ok(now);
      const both = await addFinalizer(client, widgets, now, 'example.dev/two');
      assert.deepEqual(both?.metadata.finalizers, ['example.dev/one', 'example.dev/two']);
      const again = await addFinalizer(client, widgets, made, 'example.dev/one');
      assert.deepEqual(again?.metadata.finalizers, both?.metadata.finalizers, 'already there: no conflict');
    });

    listsAndWatches(() => client);

    it('objects of kinds without a status subresource work the same', async () => {
      const made = await client.apply(configMaps, { metadata: { namespace, name: 'plain' }, data: { a: '1' } }, us);
      assert.deepEqual(made.data, { a: '1' });
      const next = await client.apply(configMaps, { metadata: { namespace, name: 'plain' }, data: { b: '2' } }, us);
      assert.deepEqual(next.data, { b: '2' });
      assert.equal(await client.delete(configMaps, { namespace, name: 'plain' }, { uid: made.metadata.uid ?? '' }), 'deleted');
    });
  });
}
