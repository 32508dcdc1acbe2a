/** A training that nobody disturbs, spread over two islands. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { experts } from './trainings.ts';
import { islandNames, type World } from './world.ts';

export function calm(world: () => World): void {
  it('applied at the hub is spread over both islands, becomes Complete, and deleted leaves nothing anywhere', async () => {
    const run = await world().train('calm', { seconds: 15 });
    for (const island of islandNames) await run.expertOn(island);
    await run.reached(1);
    assert.match(await world().kubectl(['get', 'isl', 'west']), /west +Ready +True/);
    const shown = await world().kubectl(['get', 'es', '-l', 'atoll.dev/training=calm']);
    for (const island of islandNames) assert.match(shown, new RegExp(`Running.* ${island} `));
    assert.equal((await run.pods('west')).length + (await run.pods('east')).length, experts, 'one pod an expert');
    assert.equal(await world().on('hub', ['get', 'pods', '-A', '-l', 'atoll.dev/training', '--output=name']), '');

    const { status } = await run.complete();
    assert.deepEqual(status?.experts, { total: experts, running: 0, accepted: experts, blocked: 0 });
    for (let index = 0; index < experts; index++) {
      const accepted = (await run.expert(index)).status?.accepted;
      assert.deepEqual([accepted?.placement, accepted?.attempt], [1, 1]);
      await world().bucket.verified(accepted ?? { manifest: '', digest: '' });
    }

    const uid = (await run.training()).metadata.uid;
    await run.remove();
    const kinds = 'jobs,pods,configmaps,services,networkpolicies,islandjobs';
    for (const island of islandNames)
      await run.until(`nothing of it on ${island}`, async () => {
        const left = await world().on(island, ['get', kinds, '-A', '-l', `atoll.dev/training-uid=${uid}`, '--output=name']);
        return left === '';
      });
  });
}
