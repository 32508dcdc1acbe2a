/** Nodes that fall silent and nodes that are gone: silence ends nothing, and a node that is declared gone gives its work to another. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { container } from '../../../src/island/podview.ts';
import { nodes } from '../../../src/kube/core.ts';
import { found } from '../followed.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

export function silentNode(failures: () => Failures): void {
  it('on a node whose kubelet is stopped runs on, the node being NotReady, and goes on when the kubelet is back', async () => {
    const { world } = failures();
    const [, name] = failures().nodes;
    const node = found(world.cluster.nodes[1], 'second node');
    const work = await failures().start('silent', { params: { steps: 900 }, node: name });
    const before = await work.trainer(1);
    await world.cluster.kill('kubelet', node);
    try {
      await work.until('its node NotReady', async () => (await readiness(failures(), name)) !== 'True');
      const silent = await work.published(0, checkpointEvery);
      await work.published(0, silent.step + 2 * checkpointEvery);
      assert.deepEqual(await work.endings(), []);
    } finally {
      await world.cluster.start('kubelet', undefined, node);
    }
    const after = await work.pod(0, 1);
    assert.deepEqual([after.metadata.uid, container(after, 'trainer')?.restartCount], [before.metadata.uid, 0]);
    await work.complete();
    assert.deepEqual(await work.endings(), ['Succeeded by final-published']);
  });
}

export function lostNode(failures: () => Failures): void {
  it('on a node that loses its power and is deleted goes on from its newest checkpoint on another, and is not counted', async () => {
    const { world } = failures();
    const [first, second] = failures().nodes;
    await world.cluster.kubectl(['cordon', first]);
    const work = await failures().start('lost');
    await work.trainer(1);
    await world.cluster.kubectl(['uncordon', first]);
    const { step } = await work.published(0, 2 * checkpointEvery);
    await found(world.cluster.nodes[1], 'second node').machine.stop();
    await world.cluster.kubectl(['delete', 'node', second, '--wait=false']);
    const { node, message } = await work.ended(1);
    assert.equal(node, second);
    assert.match(message ?? '', new RegExp(`node ${second} `));
    await work.complete();
    assert.ok(((await work.resumedFrom(2)) ?? 0) >= step);
    assert.equal((await work.attempts())[1]?.node, first);
    assert.deepEqual(await work.endings(), ['NodeLost by node-lost', 'Succeeded by final-published']);
    assert.equal((await work.expert(0)).status?.restarts, 0);
  });
}

async function readiness(failures: Failures, name: string): Promise<string | undefined> {
  const node = found(await failures.world.client.get(nodes, { name }), `node ${name}`);
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}
