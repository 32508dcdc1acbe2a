/** A loss that is not a number: what followed it is not resumed from, and the same again ends the work. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

export function numbers(failures: () => Failures): void {
  it('whose loss becomes NaN goes back one checkpoint, and is blocked when it becomes so at the same step again', async () => {
    const at = 3 * checkpointEvery + 5;
    const node = failures().nodes[0];
    const work = await failures().start('nan', { node, fault: { how: 'nan', at }, params: { steps: 600, pace: 0.2 } });
    const { reason, message, restarts } = await work.blocked();
    assert.deepEqual([reason, restarts], ['NonFinite', 2]);
    assert.match(message ?? '', new RegExp(`step ${at}\\b`));
    assert.deepEqual(await work.endings(), ['NonFinite by not-finite', 'NonFinite by not-finite-again']);
    const { status } = await work.job(0);
    assert.ok(status?.quarantined?.some((manifest) => manifest.includes(`step-${String(3 * checkpointEvery).padStart(8, '0')}`)));
    // One checkpoint further back than the newest that was saved before.
    await work.tells(/attempt 2 goes on from step 20/, /NonFinite/, /CheckpointQuarantined/, /lowers the learning rate/);
  });
}
