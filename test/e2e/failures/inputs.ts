/** A data set that somebody damages in the bucket. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileKey } from '../../../src/api/keys.ts';
import { found } from '../followed.ts';
import type { Failures } from './world.ts';

export function inputs(failures: () => Failures): void {
  it('whose data set is damaged in the bucket is blocked, with the key of the damaged object', async () => {
    const { bucket } = failures().world;
    const { status } = found(await failures().world.dataset(), 'data set');
    const { manifest = '', digest = '' } = status ?? {};
    const { files } = await bucket.verified({ manifest, digest });
    const key = fileKey(manifest, found(files.toSorted((a, b) => b.size - a.size)[0], 'file of the data set').path);
    await bucket.damage(key);
    try {
      const work = await failures().start('damaged-input');
      const { reason, message, restarts } = await work.blocked();
      assert.deepEqual([reason, restarts], ['InputDamaged', 0]);
      assert.ok(message?.includes(key), `the message names ${key}: ${message}`);
      assert.deepEqual(await work.endings(), ['InputDamaged by input-damaged']);
      await work.tells(/InputDamaged/);
    } finally {
      await bucket.damage(key); // the same bit once more: it is whole again
    }
  });
}
