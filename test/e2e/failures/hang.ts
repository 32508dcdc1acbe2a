/** A trainer that stands still: frozen from outside, and hanging in its own code. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { signalContainer } from '../processes.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

export function hang(failures: () => Failures): void {
  it('that stands still is stopped and tried again in place, and elsewhere when it stands still again, with its stacks to read', async () => {
    const work = await failures().start('hang', {
      fault: { how: 'hang', at: 1, attempts: [2] },
      expert: { stall: { firstStep: '12s', step: '10s', checkpoint: '2m' }, grace: { save: '2s', publish: '5s' } },
    });
    await work.published(0, checkpointEvery);
    signalContainer(await work.trainer(1), 'trainer', 'SIGSTOP');
    const frozen = await work.ended(1);
    assert.deepEqual([frozen.class, frozen.rule, frozen.action], ['NoProgress', 'no-progress', 'RetryInPlace']);
    assert.match(frozen.message ?? '', /10s/);

    const hung = await work.ended(2);
    assert.deepEqual([hung.class, hung.rule, hung.action], ['NoProgress', 'no-progress-again', 'RetryElsewhere']);
    assert.equal(hung.node, frozen.node, 'the second attempt is in place');
    const { failure } = (await work.job(0)).status ?? {};
    assert.match(
      failure?.lines ?? '',
      /most recent call first.*line \d+ in _hang/s,
      'the stacks are in the last lines of its log',
    );

    await work.complete();
    const [, , last] = await work.attempts();
    assert.equal(last?.node, failures().otherNode(hung.node));
    assert.equal((await work.expert(0)).status?.restarts, 2);
    await work.tells(/NoProgress/);
  });
}
