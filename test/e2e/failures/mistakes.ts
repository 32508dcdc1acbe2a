/** What a person got wrong: a parameter, an image, a licence. No retry mends it, so it is said at once and nothing is tried again. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Failures } from './world.ts';

export function mistakes(failures: () => Failures): void {
  it('that ends with exit code 42 is blocked at once, with the words of the trainer', async () => {
    const work = await failures().start('wrong-param', { node: failures().nodes[0], fault: { how: 'configuration', at: 1 } });
    const { reason, message, restarts } = await work.blocked();
    assert.deepEqual([reason, restarts], ['Configuration', 0]);
    assert.match(message ?? '', /cannot use params\.width 7: it must be a multiple of 8; set it to 8 or 16/);
    assert.deepEqual(await work.endings(), ['Configuration by configuration-exit']);
    await work.tells(/Configuration/, /set it to 8 or 16/);
  });

  it('whose exit code a rule of the user names is blocked by that rule, with the words of the trainer', async () => {
    const failureRules = [{ name: 'no-seat', onExitCodes: [9], action: 'Fail' }];
    const work = await failures().start('licence', {
      node: failures().nodes[0],
      fault: { how: 'licence', at: 1 },
      expert: { failureRules },
    });
    const { reason, message, restarts } = await work.blocked();
    assert.deepEqual([reason, restarts], ['Configuration', 0]);
    assert.match(message ?? '', /the licence server has no seat left/);
    assert.deepEqual(await work.endings(), ['Configuration by user:no-seat']);
    await work.tells(/user:no-seat/);
  });

  it('whose image does not exist is blocked when the time for that is over, with the words of the kubelet', async () => {
    const work = await failures().start('no-image', {
      node: failures().nodes[0],
      expert: { image: 'localhost/no-such-image:1' },
    });
    const { reason, message, restarts } = await work.blocked();
    assert.deepEqual([reason, restarts], ['Configuration', 0]);
    assert.match(message ?? '', /container trainer: (ErrImagePull|ImagePullBackOff): .*no-such-image/);
    assert.deepEqual(await work.endings(), ['Configuration by configuration-deadline']);
    await work.tells(/no-such-image/);
  });
}
