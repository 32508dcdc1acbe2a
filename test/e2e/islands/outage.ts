/** What is above the islands goes away: the hub's API server, the hub, NATS. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock as clock } from '../../../src/clock.ts';
import type { Run } from './run.ts';
import { checkpointEvery, experts } from './trainings.ts';
import { islandNames, type World } from './world.ts';

/** How long the API server of the hub is down. */
const outageMs = 60_000;

export function outage(world: () => World): void {
  it('trains and publishes on while the API server of the hub is down, and while hub and NATS are killed', async () => {
    const run = await world().train('outage', { seconds: 150 });
    await run.reached(checkpointEvery);
    const before = await identities(run);
    const prefix = await run.prefix(0);

    await world().hub.api.kill();
    const began = clock.now();
    const published = await newest(world(), prefix);
    await world().until('the outage over', async () => clock.now() - began >= outageMs);
    assert.ok((await newest(world(), prefix)) > published, 'checkpoints kept appearing while the hub was down');
    assert.deepEqual(await identities(run), before, 'no pod was touched while the API server was down');
    await world().hub.api.start();
    await rightAgain(world(), run, 'after its API server was down');

    for (const pod of await world().hubPods()) world().signal(pod, 'atoll', 'SIGKILL');
    await rightAgain(world(), run, 'after both its processes were killed');
    for (const pod of await world().natsPods()) world().signal(pod, 'nats', 'SIGKILL');
    await rightAgain(world(), run, 'after NATS was killed and came back empty');
    assert.deepEqual(await identities(run), before, 'no pod was touched');

    await run.complete();
    for (let index = 0; index < experts; index++) {
      const { status } = await run.expert(index);
      assert.deepEqual([status?.placement, status?.attempt, status?.accepted?.attempt], [1, 1, 1]);
    }
    await run.remove();
  });
}

async function identities(run: Run): Promise<unknown[]> {
  return Promise.all(islandNames.map((island) => run.identities(island)));
}

/** Step of the newest checkpoint in the bucket. */
async function newest(world: World, prefix: string): Promise<number> {
  return (await world.bucket.checkpoints(prefix)).at(-1)?.step ?? 0;
}

/** Waits until the hub has the steps that the trainers have now, and says how long that took. */
async function rightAgain(world: World, run: Run, when: string): Promise<void> {
  const began = clock.now();
  for (const island of islandNames) {
    const index = await run.expertOn(island);
    const [pod] = await run.pods(island, index);
    const now = pod ? await run.step(island, pod) : 0;
    await run.until(`the hub right ${when}`, async () => ((await run.job(index)).status?.progress?.step ?? 0) >= now);
  }
  world.note(`the hub was right ${Math.round((clock.now() - began) / 100) / 10} s ${when}`);
}
