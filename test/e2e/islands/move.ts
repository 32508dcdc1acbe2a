/** Work that leaves an island: asked to by its administrator, or because the island is lost to its owner. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { labels } from '../../../src/api/labels.ts';
import type { SharedCut } from './cut.ts';
import { stepsOf } from './trainings.ts';
import type { World } from './world.ts';

export function drain(world: () => World): void {
  it('moves off a draining island: saved, stopped, proven, and resumed elsewhere from the newest checkpoint', async () => {
    const run = await world().train('moved', { seconds: 60 });
    const index = await run.expertOn('west');
    await run.until('a checkpoint', async () => (await run.expert(index)).status?.checkpoint);
    try {
      await world().atoll(['island', 'drain', 'west']);
      await run.until('a second placement', async () => (await run.expert(index)).status?.placement === 2);
      const old = await world().job((await run.job(index)).metadata.name.replace(/-p2$/, '-p1'));
      assert.equal(old.status?.state, 'Stopped');
      assert.ok(old.status?.stopped, 'with its stop proof');
      assert.deepEqual(
        (await run.pods('west', index)).filter(({ status }) => status?.phase === 'Running'),
        [],
      );
      const saved = old.status?.checkpoint?.step ?? 0;
      assert.ok(saved > 0);
      const pod = await run.until('its pod on east', async () => {
        const all = await run.pods('east', index);
        return all.find(({ metadata, status }) => metadata.labels?.[labels.placement] === '2' && status?.phase === 'Running');
      });
      const log = await run.until('the first line of its log', async () => {
        const said = await world().on('east', ['logs', pod.metadata.name, '-c', 'trainer']);
        return said.includes('\n') && said;
      });
      assert.match(log, new RegExp(`starts at step ${saved}\\b`));
      assert.equal((await run.expert(index)).status?.island, 'east');
    } finally {
      await world().atoll(['island', 'undrain', 'west']);
    }
    await run.complete();
    const { status } = await run.expert(index);
    assert.deepEqual([status?.accepted?.placement, status?.accepted?.step, status?.restarts], [2, stepsOf(60), 0]);
    await run.remove();
  });
}

export function replace(world: () => World): void {
  it('is replaced when its owner says so and its island is lost; what the old one publishes since is never accepted', async () => {
    const run = await world().train('replaced', {
      seconds: 100,
      placement: { islandLost: { policy: 'Replace', after: '1m' } },
    });
    const index = await run.expertOn('west');
    await run.until('a checkpoint', async () => (await run.expert(index)).status?.checkpoint);
    const prefix = await run.prefix(index);
    const finals = async () => (await world().bucket.finals(prefix)).map((key) => key.slice(prefix.length).split('/')[0]);
    // Only from the hub: the store stays in reach, so that the old placement can publish to its end.
    await world().cutFromHub('west');
    try {
      await run.until('a second placement on east', async () => {
        const { status } = await run.expert(index);
        return status?.placement === 2 && status.island === 'east';
      });
      assert.equal((await run.pods('west', index)).length, 1, 'the old one knows nothing of it');
      await run.until('a final of the old placement', async () => (await finals()).includes('p1a1'));
      assert.equal((await run.expert(index)).status?.accepted, undefined);
    } finally {
      await world().mendToHub('west');
    }
    await run.complete();
    const { status } = await run.expert(index);
    assert.equal(status?.accepted?.placement, 2);
    assert.match(status?.accepted?.manifest ?? '', /\/p2a1\/final\//);
    assert.deepEqual(new Set(await finals()), new Set(['p1a1', 'p2a1']), 'both lie in the bucket');
    assert.match(await world().kubectl(['get', 'events', '--field-selector', 'reason=IslandLost']), /IslandLost/);
    await run.remove();
  });
}

export function returned(world: () => World, cut: SharedCut): void {
  it('is told to stop when its island comes back while it still trains elsewhere', () =>
    cut.run(
      async () => {
        const placement = { islandLost: { policy: 'Replace', after: '1m' } };
        const run = await world().train('returned', { seconds: 600, placement });
        const index = await run.expertOn('west');
        await run.until('a checkpoint', async () => (await run.expert(index)).status?.checkpoint);
        return { run, index };
      },
      ({ run, index }) => run.until('a second placement on east', async () => (await run.expert(index)).status?.placement === 2),
      async ({ run, index }) => {
        await run.until('the old pod stopped', async () => {
          const left = await run.pods('west', index);
          return left.every(({ status }) => status?.phase !== 'Running');
        });
        assert.deepEqual(await world().bucket.finals(await run.prefix(index)), []);
        assert.equal((await run.expert(index)).status?.placement, 2);
        await run.remove();
      },
    ));
}
