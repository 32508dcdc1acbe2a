/** The scrape of a hub against an API server in memory: series come and go with their objects, and a standby has none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { exportHubMetrics } from '../../src/metrics/hub.ts';
import { island } from '../hub/builders.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi } from '../kube/memory-client.ts';
import { scrape, shard, training } from './builders.ts';

async function withHub(
  options: { held?: boolean; perExpert?: boolean },
  check: (hub: { series: (name: string) => Promise<number>; remove: () => Promise<void> }) => Promise<void>,
): Promise<void> {
  const [clock, random] = [createFakeClock(), createSeededRandom()];
  const api = createMemoryApi({ clock, random, garbageCollect: true });
  const client = api.client({ name: 'hub' });
  const manager = createManager({ client, clock, random, log: silentLog });
  const registry = new Registry();
  const { held, perExpert = true } = options;
  exportHubMetrics({ registry, manager, clock, perExpert, ...(held === undefined ? {} : { lease: { held } }) });
  await client.create(ExpertTrainingKind, training({ state: 'Running' }));
  await client.create(ExpertShardKind, shard(0, { state: 'Running' }));
  await client.create(ComputeIslandKind, island('west'));
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  try {
    await clock.until(() => manager.ready);
    await check({
      series: async (name) => (await scrape(registry)).filter((line) => line.startsWith(name)).length,
      async remove() {
        const there = await client.get(ExpertShardKind, { namespace: 'research', name: 'digits-e000' });
        await client.delete(ExpertShardKind, there?.metadata ?? { name: '' }, { uid: there?.metadata.uid ?? '' });
        await clock.advance(1_000);
      },
    });
  } finally {
    stop.abort(new Error('stop'));
    await clock.settle();
    await running;
  }
}

describe('the scrape of a hub', () => {
  it('has series of its objects, which go with them', async () => {
    await withHub({}, async ({ series, remove }) => {
      assert.equal(await series('atoll_expert_status'), 1);
      assert.equal(await series('atoll_island_ready'), 1);
      await remove();
      assert.equal(await series('atoll_expert_'), 0);
      assert.equal(await series('atoll_training_status'), 8);
    });
  });

  it('has none of them on a standby, so that sums over pods are right', async () => {
    await withHub({ held: false }, async ({ series }) => assert.equal(await series('atoll_'), 0));
    await withHub({ held: true }, async ({ series }) => assert.ok((await series('atoll_')) > 8));
  });

  it('has none of experts when they are switched off, and keeps those of trainings', async () => {
    await withHub({ perExpert: false }, async ({ series }) => {
      assert.equal(await series('atoll_expert_'), 0);
      assert.equal(await series('atoll_training_status'), 8);
    });
  });
});
