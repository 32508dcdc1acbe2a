/** A training deleted while one of its islands is away. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import type { SharedCut } from './cut.ts';
import { namespace } from './trainings.ts';
import { islandNames, type World } from './world.ts';

export function away(world: () => World, cut: SharedCut): void {
  it('deleted while an island is away waits for it, says so, and then leaves nothing of its own and all that is not', () =>
    cut.run(
      async () => {
        const stays = await world().train('stays', { seconds: 600 });
        const run = await world().train('leaves', { seconds: 600 });
        await stays.expertOn('west');
        const index = await run.expertOn('west');
        for (const one of [stays, run]) await one.reached(1);
        const uid = (await run.training()).metadata.uid ?? '';
        return { stays, run, index, uid, others: await stays.identities('west') };
      },
      async ({ run, index }) => {
        await world().until('west unreachable', async () => /Unreachable/.test(await world().kubectl(['get', 'isl', 'west'])));
        await world().kubectl(['delete', 'et/leaves', '--wait=false']);
        const said = await run.until('the reason', async () => {
          const text = JSON.stringify((await run.expert(index)).status?.conditions ?? []);
          return /west/.test(text) && /DeletionPending/.test(text) && text;
        });
        world().note(`while west is away: ${/"message":"([^"]*west[^"]*)"/.exec(said)?.[1]}`);
        assert.ok((await run.training()).metadata.finalizers?.length);
        assert.equal((await run.pods('west', index)).length, 1, 'its pod on the island that is away runs on');
      },
      async ({ stays, uid, others }) => {
        await world().until('the training gone', async () => {
          return (await world().client.get(ExpertTrainingKind, { namespace, name: 'leaves' })) === undefined;
        });
        const kinds = 'jobs,pods,configmaps,services,networkpolicies,islandjobs';
        for (const island of [...islandNames, 'hub'] as const)
          assert.equal(
            await world().on(island, ['get', kinds, '-A', '-l', `atoll.dev/training-uid=${uid}`, '--output=name']),
            '',
          );
        assert.deepEqual(await stays.identities('west'), others, 'the other training on that island was not touched');
        await stays.remove();
      },
    ));
}
