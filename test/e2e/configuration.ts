/** A parameter that does not exist: exit code 42, never retried, and the trainer's own words where a person looks. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { endings, Run } from './run.ts';
import { experts } from './trainings.ts';
import type { World } from './world.ts';

export const wrong = 'wrong';
const words = /cannot use params\.stepz: there is no such parameter, did you mean steps\?/;

export function configuration(world: () => World): void {
  it('with a parameter that does not exist is blocked at once, with what the trainer said about it', async () => {
    const run = await world().train(wrong, { params: { stepz: 1 } });
    await run.until('every expert Blocked', async () => (await run.training()).status?.experts.blocked === experts);
    for (let index = 0; index < experts; index++) {
      const { status } = await run.expert(index);
      assert.deepEqual([status?.state, status?.reason, status?.restarts], ['Blocked', 'Configuration', 0]);
      assert.match(status?.message ?? '', words);
    }
    assert.match(await world().kubectl(['get', 'es', `${wrong}-e000`]), /Blocked +Configuration/);
    assert.match(await world().kubectl(['describe', 'es', `${wrong}-e000`]), words);
    assert.match(await world().kubectl(['describe', 'et', wrong]), /Degraded/);
    assert.deepEqual(endings(await run.job(0)), [['Configuration', 42]]);
  });
}

/** To be run much later than the above. */
export function neverRetried(world: () => World): void {
  it('with a wrong configuration is never tried again', async () => {
    const run = new Run(world(), wrong);
    for (let index = 0; index < experts; index++) {
      const { status } = await run.job(index);
      assert.deepEqual([status?.state, status?.attempt, status?.nextAttemptAt], ['Failed', 1, undefined]);
    }
  });
}
