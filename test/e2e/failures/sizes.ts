/** A trainer that needs more than it asked for: memory, and room in /dev/shm. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Failures } from './world.ts';

export function sizes(failures: () => Failures): void {
  const node = () => failures().nodes[0];

  it('that needs more memory than it asked for is tried once more and then blocked, with the size', async () => {
    const work = await failures().start('memory', {
      node: node(),
      fault: { how: 'memory', at: 5 },
      resources: { memory: '64Mi' },
    });
    const { reason, message, restarts } = await work.blocked();
    assert.deepEqual([reason, restarts], ['OutOfMemory', 2]);
    assert.match(message ?? '', /killed for using more than its 64Mi of memory, for the second time/);
    assert.deepEqual(await work.endings(), ['OutOfMemory by out-of-memory', 'OutOfMemory by out-of-memory-again']);
    await work.tells(/OutOfMemory/, /more resources\.memory/);
  });

  // A full volume is an error of the trainer like any other; what the kubelet evicts for its disk is OutOfMemory.
  it('that fills its /dev/shm is told so, and goes on when it does not do so again', async () => {
    const work = await failures().start('full', {
      node: node(),
      fault: { how: 'disk', at: 25, attempts: [1] },
      resources: { shm: '16Mi' },
    });
    const { class: end, message } = await work.ended(1);
    assert.equal(end, 'Crash');
    assert.match(message ?? '', /No space left on device/);
    await work.complete();
    assert.deepEqual(await work.endings(), ['Crash by crash', 'Succeeded by final-published']);
    assert.equal(await work.resumedFrom(2), 20);
  });
}

export function disk(failures: () => Failures): void {
  it('that needs more disk than it asked for is evicted, told the size, and goes on at another node', async () => {
    const work = await failures().start('scratch', {
      fault: { how: 'scratch', at: 25, attempts: [1] },
      resources: { scratch: '32Mi' },
    });
    const { class: end, rule, action, counted, message, node } = await work.ended(1);
    assert.deepEqual([end, rule, action, counted], ['OutOfMemory', 'disk-full', 'RetryElsewhere', true]);
    assert.match(message ?? '', /evicted for the disk that it used \(scratch: 32Mi\): .*"tmp".*32Mi/);
    await work.complete();
    assert.equal((await work.attempts())[1]?.node, failures().otherNode(node));
    await work.tells(/OutOfMemory/, /resources\.scratch/);
  });
}
