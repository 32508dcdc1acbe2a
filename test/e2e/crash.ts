/** A trainer killed with -9, and a checkpoint damaged in the bucket: the run goes on from the newest that verifies. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { signalContainer } from './processes.ts';
import { endings, type Run, restartsOf, restored } from './run.ts';
import { checkpointEvery } from './trainings.ts';
import type { World } from './world.ts';

/** Steps after which a run is disturbed: two checkpoints are published by then, and most of the run is still to come. */
const middle = 2 * checkpointEvery;

export function crash(world: () => World): void {
  it('whose trainer is killed with -9 resumes from the newest checkpoint and ends with the same weights', async () => {
    const run = await world().train('killed');
    const newest = await killInTheMiddle(world(), run);
    const neighbour = await run.pod(1, 1);
    await run.complete();

    const job = await run.job(0);
    assert.deepEqual(endings(job), [
      ['Crash', 137],
      ['Succeeded', 0],
    ]);
    assert.equal(job.status?.restarts, 1);
    const { resumedFrom, skipped } = restored(await run.pod(0, 2));
    assert.equal(resumedFrom?.manifest, newest);
    assert.ok((resumedFrom?.step ?? 0) >= middle);
    assert.equal(skipped, undefined);
    assert.match(await trainerLog(world(), run, 0, 2), new RegExp(`resuming at step ${resumedFrom?.step} `));
    assert.deepEqual(await run.weights(), world().reference);

    assert.deepEqual(endings(await run.job(1)), [['Succeeded', 0]]);
    const still = await run.pod(1, 1);
    assert.deepEqual([still.metadata.uid, restartsOf(still)], [neighbour.metadata.uid, [0, 0, 0]]);
  });

  it('whose newest checkpoint is damaged by one bit refuses it by name, goes on from the one before and ends the same', async () => {
    const run = await world().train('damaged');
    const damaged: string[] = [];
    const newest = await killInTheMiddle(world(), run, async (manifest) => {
      const key = manifest.replace('manifest.json', 'state.safetensors');
      await world().bucket.damage(key);
      damaged.push(key);
    });
    const before = (await world().bucket.checkpoints(await run.prefix(0))).findLast(({ manifest }) => manifest < newest);
    await run.complete();

    const { resumedFrom, skipped, message } = restored(await run.pod(0, 2));
    assert.deepEqual(skipped, [newest]);
    assert.ok(message?.includes(damaged[0] ?? '?'), `the message names the damaged object: ${message}`);
    assert.deepEqual([resumedFrom?.manifest, resumedFrom?.step], [before?.manifest, before?.step]);
    const told = await world().kubectl(['describe', 'ij', (await run.job(0)).metadata.name]);
    assert.match(told, new RegExp(`CheckpointDamaged .*attempt 2 passed over ${newest}: `));
    assert.match(told, new RegExp(`Resumed .*attempt 2 goes on from step ${before?.step}: `));
    assert.deepEqual(await run.weights(), world().reference);
  });
}

/** Kills the trainer of expert 0, once what it has published is still; `then` may do more between. Gives the newest manifest. */
async function killInTheMiddle(
  world: World,
  run: Run,
  then: (newest: string) => Promise<void> = async () => {},
): Promise<string> {
  await run.published(0, middle);
  const pod = await run.pod(0, 1);
  signalContainer(pod, 'trainer', 'SIGSTOP');
  await run.settled(pod);
  const newest = (await world.bucket.checkpoints(await run.prefix(0))).at(-1)?.manifest;
  assert.ok(newest);
  await then(newest);
  signalContainer(pod, 'trainer', 'SIGKILL');
  return newest;
}

export async function trainerLog(world: World, run: Run, index: number, attempt: number): Promise<string> {
  return world.kubectl(['logs', (await run.pod(index, attempt)).metadata.name, '--container=trainer']);
}
