/** The part of the conformance tests about lists and watches. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KubeClient, WatchEvent } from '../../src/kube/types.ts';
import { type Widget, widgets } from './widgets.ts';

const namespace = 'default';

export function listsAndWatches(client: () => KubeClient): void {
  let count = 0;
  const name = () => `listed-${++count}`;

  it('lists select by label and come in pages of one snapshot', async () => {
    for (let index = 0; index < 5; index++)
      await client().create(widgets, {
        metadata: { namespace, name: name(), labels: { of: 'pages', odd: String(index % 2) } },
        spec: { size: index },
      });
    const all = await client().list(widgets, { namespace, labelSelector: 'of=pages' });
    assert.equal(all.items.length, 5);
    assert.equal(all.items[0]?.kind, 'Widget');
    const odd = await client().list(widgets, { labelSelector: 'of=pages,odd!=0' });
    assert.equal(odd.items.length, 2);
    const first = await client().list(widgets, { namespace, labelSelector: 'of=pages', limit: 3 });
    assert.ok(first.continue);
    assert.equal(first.items.length, 3);
    const second = await client().list(widgets, { namespace, labelSelector: 'of=pages', limit: 3, continue: first.continue });
    assert.deepEqual(
      [...first.items, ...second.items].map(({ metadata }) => metadata.name),
      all.items.map(({ metadata }) => metadata.name),
    );
    assert.equal(second.continue, undefined);
  });

  it('a watch sees everything after its version, in order, and objects entering and leaving its selection', async () => {
    const { resourceVersion } = await client().list(widgets);
    const stop = new AbortController();
    const made = await client().create(widgets, {
      metadata: { namespace, name: name(), labels: { seen: 'yes' } },
      spec: { size: 1 },
    });
    await client().patch(widgets, made.metadata, { spec: { size: 2 } }, { contentType: 'merge' });
    await client().patch(widgets, made.metadata, { metadata: { labels: { seen: 'no' } } }, { contentType: 'merge' });
    await client().patch(widgets, made.metadata, { metadata: { labels: { seen: 'yes' } } }, { contentType: 'merge' });
    await client().delete(widgets, made.metadata, { uid: made.metadata.uid ?? '' });
    const seen: WatchEvent<Widget>[] = [];
    for await (const event of client().watch(widgets, { labelSelector: 'seen=yes', resourceVersion, signal: stop.signal })) {
      if (event.type !== 'BOOKMARK') seen.push(event);
      if (seen.length === 5) break;
    }
    assert.deepEqual(
      seen.map((event) => [event.type, event.type === 'BOOKMARK' ? 0 : event.object.spec.size]),
      [
        ['ADDED', 1],
        ['MODIFIED', 2],
        ['DELETED', 2],
        ['ADDED', 2],
        ['DELETED', 2],
      ],
    );
  });

  it('an aborted watch ends with the reason', async () => {
    const { resourceVersion } = await client().list(widgets);
    const stop = new AbortController();
    const reason = new Error('enough');
    const read = (async () => {
      for await (const _ of client().watch(widgets, { resourceVersion, signal: stop.signal })) stop.abort(reason);
    })();
    await Promise.all([
      assert.rejects(read, reason),
      client().create(widgets, { metadata: { namespace, name: name() }, spec: {} }),
    ]);
  });
}
