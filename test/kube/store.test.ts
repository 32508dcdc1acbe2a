/** The store: what counts as a change, a recreated object, indexes, frozen objects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Change, createStore } from '../../src/kube/store.ts';
import type { Widget } from './widgets.ts';

const widget = (name: string, uid: string, version: number, color = 'red'): Widget => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { namespace: 'default', name, uid, resourceVersion: String(version) },
  spec: { color },
});
const told = (changes: Change<Widget>[]) =>
  changes.map(({ type, object }) => `${type} ${object.metadata.name}/${object.metadata.uid}`);
const colors = { color: (object: Widget) => (object.spec.color ? [object.spec.color] : []) };

describe('the store', () => {
  it('tells additions, updates with what was there before, and deletions', () => {
    const store = createStore<Widget>();
    assert.deepEqual(told(store.set(widget('a', '1', 1))), ['add a/1']);
    const [update] = store.set(widget('a', '1', 2, 'blue'));
    assert.ok(update?.type === 'update' && update.old.spec.color === 'red' && update.object.spec.color === 'blue');
    assert.deepEqual(told(store.delete(widget('a', '1', 3))), ['delete a/1']);
    assert.equal(store.size, 0);
  });

  it('says nothing about a version it has already', () => {
    const store = createStore<Widget>();
    store.set(widget('a', '1', 1));
    assert.deepEqual(store.set(widget('a', '1', 1)), []);
    assert.deepEqual(store.replace([widget('a', '1', 1)]), []);
  });

  it('sees a recreated object as a deletion and an addition', () => {
    const store = createStore<Widget>();
    store.set(widget('a', '1', 1));
    assert.deepEqual(told(store.set(widget('a', '2', 5))), ['delete a/1', 'add a/2']);
    assert.deepEqual(told(store.replace([widget('a', '3', 9)])), ['delete a/2', 'add a/3']);
  });

  it('forgets what a list of one namespace does not name, in that namespace alone', () => {
    const there = (namespace: string, name: string): Widget => {
      const { metadata, ...rest } = widget(name, name, 1);
      return { ...rest, metadata: { ...metadata, namespace } };
    };
    const store = createStore<Widget>();
    for (const object of [there('x', 'a'), there('x', 'b'), there('y', 'c')]) store.set(object);
    assert.deepEqual(told(store.replace([there('x', 'b')], 'x')), ['delete a/a']);
    assert.deepEqual(told(store.replace([there('y', 'c')])), ['delete b/b']);
  });

  it('is not fooled by the late deletion of a predecessor', () => {
    const store = createStore<Widget>();
    store.set(widget('a', '2', 5));
    assert.deepEqual(store.delete(widget('a', '1', 6)), []);
    assert.equal(store.size, 1);
  });

  it('finds by index, and no longer after a change or deletion', () => {
    const store = createStore<Widget>(colors);
    store.set(widget('a', '1', 1, 'red'));
    store.set(widget('b', '2', 2, 'red'));
    assert.equal(store.byIndex('color', 'red').length, 2);
    store.set(widget('a', '1', 3, 'blue'));
    assert.deepEqual(
      store.byIndex('color', 'red').map(({ metadata }) => metadata.name),
      ['b'],
    );
    store.delete(widget('b', '2', 4));
    assert.deepEqual(store.byIndex('color', 'red'), []);
    assert.throws(() => store.byIndex('size', '1'), /cannot look up index size: not one of color/);
  });

  it('fills an index that is added late, and refuses another of the same name', () => {
    const store = createStore<Widget>();
    store.set(widget('a', '1', 1, 'red'));
    store.addIndex('color', colors.color);
    store.addIndex('color', colors.color);
    assert.equal(store.byIndex('color', 'red').length, 1);
    assert.throws(() => store.addIndex('color', () => []), /already has another/);
  });

  it('freezes what it holds, drops managedFields and applies the transform', () => {
    const store = createStore<Widget>({}, (object) => ({ ...object, spec: { color: 'grey' } }));
    const raw = widget('a', '1', 1);
    raw.metadata.managedFields = [{ big: true }];
    store.set(raw);
    const held = store.get({ namespace: 'default', name: 'a' });
    assert.equal(held?.metadata.managedFields, undefined);
    assert.equal(held?.spec.color, 'grey');
    assert.throws(() => {
      (held ?? raw).spec.color = 'pink';
    }, TypeError);
  });

  it('its changes, played onto an empty map, give what it holds, whatever happens', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const object = fc.record({ name, uid: fc.constantFrom('1', '2'), color: fc.constantFrom('red', 'blue') });
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), object }),
      fc.record({ do: fc.constant('delete' as const), object }),
      fc.record({
        do: fc.constant('replace' as const),
        objects: fc.uniqueArray(object, { selector: ({ name: unique }) => unique }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = createStore<Widget>(colors);
        const played = new Map<string, Widget>();
        let version = 0;
        const make = (from: { name: string; uid: string; color: string }) => widget(from.name, from.uid, ++version, from.color);
        for (const each of steps) {
          const changes = each.do === 'replace' ? store.replace(each.objects.map(make)) : store[each.do](make(each.object));
          for (const change of changes) {
            const held = played.get(change.object.metadata.name);
            if (change.type === 'add') assert.equal(held, undefined, 'an addition of what is there');
            else assert.equal(held?.metadata.uid, change.object.metadata.uid, `${change.type} of another object`);
            if (change.type === 'delete') played.delete(change.object.metadata.name);
            else played.set(change.object.metadata.name, change.object);
          }
        }
        assert.deepEqual(new Set(store.list()), new Set(played.values()));
        for (const color of ['red', 'blue'])
          assert.deepEqual(
            new Set(store.byIndex('color', color)),
            new Set([...played.values()].filter(({ spec }) => spec.color === color)),
          );
      }),
      { numRuns: 200 },
    );
  });
});
