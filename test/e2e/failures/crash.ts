/** A trainer that crashes, and pods that are taken away from it: the next attempt goes on from the newest checkpoint. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { evict } from './evict.ts';
import type { Work } from './work.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

export function crash(failures: () => Failures): void {
  it('that crashes is counted, says why, and goes on from its newest checkpoint to the end', async () => {
    const work = await failures().start('crash', { fault: { how: 'crash', at: 35, attempts: [1] } });
    const { exitCode, message, class: end, step } = await work.ended(1);
    assert.deepEqual([end, exitCode], ['Crash', 1]);
    assert.match(message ?? '', /ValueError: cannot take step 35: sample 4711 has no label/);
    assert.ok((step ?? 0) >= 20, `step ${step} is the last that was reported`);
    await work.complete();
    assert.equal(await work.resumedFrom(2), 30);
    assert.deepEqual(await work.endings(), ['Crash by crash', 'Succeeded by final-published']);
    assert.equal((await work.expert(0)).status?.restarts, 1);
    await work.tells(/Crash/, /sample 4711 has no label/, /goes on from step 30/);
  });

  it('that crashes at the same step in the same way on two nodes is blocked, with the step and both nodes', async () => {
    const work = await failures().start('same-step', { fault: { how: 'crash', at: 25 } });
    const { reason, message } = await work.blocked();
    assert.equal(reason, 'Application');
    const [first, second] = failures().nodes;
    for (const words of ['step 24', `on ${first}`, `on ${second}`, 'sample 4711 has no label'])
      assert.ok(message?.includes(words), `the message says "${words}": ${message}`);
    assert.equal((await work.endings()).at(-1), 'Application by same-step-two-nodes');
    await work.tells(/Application/);
  });

  it('whose pod somebody deletes saves, goes on from there, and is not counted', async () => {
    const work = await failures().start('deleted');
    await taken(work, async (pod) => {
      await failures().world.kubectl(['delete', 'pod', pod, '--wait=false']);
    });
    assert.deepEqual(await work.endings(), ['Disruption by pod-deleted', 'Succeeded by final-published']);
    await work.tells(/Disruption/, /its pod was deleted/);
  });

  it('whose pod is evicted saves, goes on from there, and is not counted', async () => {
    const work = await failures().start('evicted');
    await taken(work, (pod) => evict(failures().world, pod));
    assert.deepEqual(await work.endings(), ['Disruption by disrupted', 'Succeeded by final-published']);
    await work.tells(/Disruption/, /EvictionByEvictionAPI/);
  });
}

/** Takes the pod of the first attempt away in the middle, and follows the work to its end. */
async function taken(work: Work, take: (pod: string) => Promise<void>): Promise<void> {
  await work.published(0, 2 * checkpointEvery);
  const { metadata } = await work.pod(0, 1);
  await take(metadata.name);
  const { exitCode } = await work.ended(1);
  assert.equal(exitCode, 75, 'it was given the time to save');
  const saved = (await work.job(0)).status?.checkpoint?.step;
  await work.complete();
  assert.equal(await work.resumedFrom(2), saved);
  assert.ok((saved ?? 0) > 2 * checkpointEvery);
  assert.equal((await work.expert(0)).status?.restarts, 0);
}
