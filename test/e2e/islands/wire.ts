/** The wire between one island and everything else, cut for a minute in the middle of training. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ComputeIslandKind } from '../../../src/api/computeisland.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import type { SharedCut } from './cut.ts';
import { checkpointEvery } from './trainings.ts';
import type { World } from './world.ts';

/** How long the wire is cut at least, and within how long the hub must be right again. */
const cutMs = 60_000;
const rightWithinMs = 10_000;

export function wire(world: () => World, cut: SharedCut): void {
  it('goes on behind a cut wire: nothing is rescheduled, no pod is touched, and soon after the hub is right again', () =>
    cut.run(
      async () => {
        const run = await world().train('wire', { seconds: 130 });
        const index = await run.expertOn('west');
        await run.reached(checkpointEvery);
        const [pod] = await run.pods('west', index);
        assert.ok(pod);
        return { run, index, pod, before: await run.identities('west') };
      },
      async ({ run, index, pod }, cutAt) => {
        const atCut = await run.step('west', pod);
        const island = await world().until('west Reachable=Unknown', async () => {
          const found = await world().client.get(ComputeIslandKind, { name: 'west' });
          return found?.status?.conditions.some(({ type, status }) => type === 'Reachable' && status === 'Unknown') && found;
        });
        assert.equal(island.status?.state, 'Unreachable');
        assert.ok(Date.parse(island.status?.lastHeard ?? '') <= cutAt + 5_000, 'its age counts from before the cut');
        assert.match(await world().kubectl(['get', 'isl', 'west']), /west +Unreachable +Unknown +\d+[ms]/);
        await world().until('a minute of silence', async () => clock.now() - cutAt >= cutMs);
        const atEnd = await run.step('west', pod);
        assert.ok(atEnd >= atCut + 100, `it trained on behind the cut: from step ${atCut} to ${atEnd}`);
        const { status } = await run.expert(index);
        assert.deepEqual([status?.placement, status?.island], [1, 'west'], 'nothing was rescheduled');
      },
      async ({ run, index, pod, before }, _, mendedAt) => {
        const now = await run.step('west', pod);
        await run.until('the hub right', async () => ((await run.job(index)).status?.progress?.step ?? 0) >= now);
        const took = clock.now() - mendedAt;
        world().note(`the hub was right ${took} ms after the wire was back`);
        assert.ok(took <= rightWithinMs, `the hub was right ${took} ms after the wire was back`);
        assert.deepEqual(await run.identities('west'), before, 'no pod was touched');
        await run.complete();
        assert.deepEqual((await run.expert(index)).status?.accepted?.placement, 1);
        assert.equal((await run.expert(index)).status?.attempt, 1);
        await run.remove();
      },
    ));
}
