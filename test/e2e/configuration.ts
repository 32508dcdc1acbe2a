/** What cannot work: a parameter that does not exist, a node that is too small. It is said where a person looks, and never retried. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { shardName } from '../../src/api/names.ts';
import { endings, Run } from './run.ts';
import { experts, namespace } from './trainings.ts';
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

export function tooLarge(world: () => World): void {
  it('that asks for more than any node has says so while it waits, and can be deleted', async () => {
    const run = await world().train('large', { cpu: '64' });
    await run.until('the reason in the message of expert 0', async () =>
      /Insufficient cpu/.test(
        (await world().client.get(ExpertShardKind, { namespace, name: shardName('large', 0) }))?.status?.message ?? '',
      ),
    );
    await world().kubectl(['delete', 'et/large', '--timeout=5m'], { timeoutMs: 310_000 });
  });
}
