/** A node that says that a GPU of its is faulty, as monitors of GPUs say it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { World } from '../world.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

const type = 'GpuUnhealthy';

export function gpu(failures: () => Failures): void {
  it('that fails on a node with a faulty GPU goes on at another, and is not counted', async () => {
    const { world } = failures();
    const fault = { how: 'crash', at: 60, attempts: [1] } as const;
    const work = await failures().start('gpu', { fault, resources: { gpus: 1 } });
    const { spec } = await work.trainer(1);
    const node = spec.nodeName ?? '';
    await say(world, node, 'True');
    try {
      await work.published(0, checkpointEvery);
      const record = await work.ended(1);
      assert.deepEqual([record.class, record.action, record.counted], ['GpuFault', 'RetryElsewhere', false]);
      assert.match(
        record.message ?? '',
        new RegExp(`node ${node}: ${type}=True \\(DoubleBitError\\): GPU 0 has uncorrectable errors`),
      );
      await work.complete();
    } finally {
      await say(world, node, 'False');
    }
    assert.deepEqual(await work.endings(), ['GpuFault by gpu-unhealthy', 'Succeeded by final-published']);
    assert.equal((await work.attempts())[1]?.node, failures().otherNode(node));
    assert.equal((await work.expert(0)).status?.restarts, 0);
    await work.tells(/GpuFault/, /GPU 0 has uncorrectable errors/);
  });
}

/** Writes the condition as node-problem-detector would. */
async function say(world: World, node: string, status: 'True' | 'False'): Promise<void> {
  const words =
    status === 'True' ? { reason: 'DoubleBitError', message: 'GPU 0 has uncorrectable errors' } : { reason: 'Healthy' };
  const patch = { status: { conditions: [{ type, status, ...words }] } };
  await world.cluster.kubectl(['patch', 'node', node, '--subresource=status', '--patch', JSON.stringify(patch)]);
}
