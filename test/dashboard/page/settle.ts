/** Views come to rest though what they show never does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpertShardKind } from '../../../src/api/expertshard.ts';
import { systemClock } from '../../../src/clock.ts';
import { eventually } from '../../kube/eventually.ts';
import { setStatus } from './put.ts';
import type { Here } from './world.ts';

export function settleTests(here: () => Here): void {
  test('curves arrive though the store is slow and each expert changes several times a second', async () => {
    const { world, seen } = here();
    const { items } = await world.client.list(ExpertShardKind, { namespace: 'research' });
    const shards = items.filter(({ spec }) => spec.training === 'digits');
    assert.ok(shards.length > 0);
    world.storeTakes.ms = 1_500;
    const over = new AbortController();
    const changing = (async () => {
      for (let turn = 0; !over.signal.aborted; turn += 1) {
        await Promise.all(
          shards.map(({ metadata }) => setStatus(world.client, ExpertShardKind, metadata, { message: `for the ${turn}th time` })),
        );
        await systemClock.sleep(100);
      }
    })();
    try {
      await seen.page.goto(`${world.url}runs/research/digits`);
      await seen.page.locator('.tile').first().waitFor();
      await eventually(
        'the curves of the experts in sight are drawn',
        async () => (await seen.page.locator('.tile canvas').count()) >= 3,
        12_000,
      );
    } finally {
      over.abort();
      await changing;
      world.storeTakes.ms = 0;
      for (const { metadata, status } of shards)
        await setStatus(world.client, ExpertShardKind, metadata, { message: status?.message ?? '' });
    }
  });
}
