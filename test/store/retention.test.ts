/** What is kept of published checkpoints, and in which order a restore tries them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { candidates } from '../../src/store/restore.ts';
import { retain } from '../../src/store/retention.ts';
import { MemoryStore } from './memory-store.ts';

const W = 'atoll/ns.name.12345678/experts/003/';

async function storeWith(...folders: string[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const folder of folders) {
    await store.put(`${W}${folder}/manifest.json`, '{}');
    await store.put(`${W}${folder}/deep/state.bin`, 'x');
  }
  return store;
}
const left = (store: MemoryStore) =>
  [...new Set([...store.objects.keys()].map((key) => key.slice(W.length).split('/').slice(0, 2).join('/')))].toSorted();

describe('retention', () => {
  test('candidates are ordered by attempt, then the final, then step; later attempts and other placements are none', async () => {
    const store = await storeWith(
      'p1a1/step-00000009',
      'p1a2/step-00000003',
      'p1a2/step-00000010',
      'p1a2/final',
      'p1a3/step-00000001',
      'p10a1/step-00000099',
    );
    await store.put(`${W}p1a2/step-00000011/state.bin`, 'half written');
    const found = await candidates(store, W, { placement: 1, attempt: 2 });
    assert.deepEqual(
      found.map(({ manifest }) => manifest.slice(W.length, -'/manifest.json'.length)),
      ['p1a2/final', 'p1a2/step-00000010', 'p1a2/step-00000003', 'p1a1/step-00000009'],
    );
  });

  test('keeps the newest of this placement, every final, and other placements whole; a manifest goes before its files', async () => {
    const store = await storeWith(
      'p1a1/step-00000001',
      'p1a1/step-00000002',
      'p1a2/step-00000002',
      'p1a2/step-00000003',
      'p1a1/final',
      'p2a1/step-00000001',
    );
    const gone = await retain(store, W, { placement: 1, attempt: 2 }, { keep: 2, damaged: [] });
    assert.deepEqual(gone, [`${W}p1a1/step-00000002/manifest.json`, `${W}p1a1/step-00000001/manifest.json`]);
    assert.deepEqual(left(store), ['p1a1/final', 'p1a2/step-00000002', 'p1a2/step-00000003', 'p2a1/step-00000001']);
    assert.deepEqual(store.deletes.slice(0, 2), [
      `${W}p1a1/step-00000002/manifest.json`,
      `${W}p1a1/step-00000002/deep/state.bin`,
    ]);
  });

  test('stops between two checkpoints when it is no longer allowed: none is left half', async () => {
    const store = await storeWith('p1a1/step-00000001', 'p1a1/step-00000002', 'p1a1/step-00000003');
    let asked = 0;
    const allowed = () => ++asked === 1;
    const gone = await retain(store, W, { placement: 1, attempt: 1 }, { keep: 1, damaged: [], allowed });
    assert.deepEqual(gone, [`${W}p1a1/step-00000002/manifest.json`]);
    assert.deepEqual(left(store), ['p1a1/step-00000001', 'p1a1/step-00000003']);
  });

  test('a damaged one neither counts as kept nor goes', async () => {
    const store = await storeWith('p1a1/step-00000001', 'p1a1/step-00000002', 'p1a1/step-00000003');
    await retain(store, W, { placement: 1, attempt: 1 }, { keep: 1, damaged: [`${W}p1a1/step-00000003/manifest.json`] });
    assert.deepEqual(left(store), ['p1a1/step-00000002', 'p1a1/step-00000003']);
  });
});
