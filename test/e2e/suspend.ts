/** Suspend and resume of a run with kubectl patch. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { trainerLog } from './crash.ts';
import { endings, restored } from './run.ts';
import { checkpointEvery, experts } from './trainings.ts';
import type { World } from './world.ts';

export function suspend(world: () => World): void {
  it('suspended saves a checkpoint and ends its pods; not suspended any more it goes on from there to the same weights', async () => {
    const run = await world().train('paused');
    const patch = (value: boolean) =>
      world().kubectl(['patch', 'et/paused', '--type=merge', '-p', JSON.stringify({ spec: { suspend: value } })]);
    const release = await run.hold(checkpointEvery);
    await patch(true);
    await run.until('all pods told to stop', async () => (await run.pods()).every(({ metadata }) => metadata.deletionTimestamp));
    release();
    await run.until('Suspended', async () => (await run.training()).status?.state === 'Suspended');
    await run.until('all pods gone', async () => (await run.pods()).length === 0);
    const saved: (number | undefined)[] = [];
    for (let index = 0; index < experts; index++) {
      const { status } = await run.job(index);
      assert.equal(status?.state, 'Suspended');
      assert.deepEqual(endings(await run.job(index)), [['Disruption', 75]]);
      assert.equal(status?.restarts, 0);
      assert.ok((status?.checkpoint?.step ?? 0) >= checkpointEvery);
      saved.push(status?.checkpoint?.step);
      assert.equal((await run.expert(index)).status?.state, 'Suspended');
    }

    await patch(false);
    await run.complete();
    for (let index = 0; index < experts; index++) {
      assert.equal(restored(await run.pod(index, 2)).resumedFrom?.step, saved[index]);
      assert.match(await trainerLog(world(), run, index, 2), new RegExp(`resuming at step ${saved[index]} `));
      assert.deepEqual(endings(await run.job(index)), [
        ['Disruption', 75],
        ['Succeeded', 0],
      ]);
    }
    assert.deepEqual(await run.weights(), world().reference);
  });
}
