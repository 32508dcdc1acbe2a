/** An expert on two nodes at once: pods that start together, find each other by name, and end together. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import type { Pod } from '../../../src/kube/core.ts';
import { islandNames, type World } from './world.ts';

const meet = ['python3', '-c', readFileSync(new URL('rendezvous.py', import.meta.url), 'utf8')];
/** Rank 1 ends with an error; rank 0 would wait for ever, and goes when it is told to. */
const torn = [
  'import os, signal, sys, time',
  'signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))',
  "sys.exit(3) if os.environ['PET_NODE_RANK'] == '1' else time.sleep(600)",
].join('\n');

export function gang(world: () => World): void {
  it('on two nodes is two pods that find each other by the variables of torchrun', async () => {
    const run = await world().train('gang', { expert: { nodes: 2, command: meet } });
    await run.complete();
    for (const index of [0, 1]) {
      const pods = await podsOf(world(), 'gang', index);
      assert.equal(pods.length, 2);
      assert.equal(new Set(pods.map(({ island }) => island)).size, 1, 'inside one island');
      const finals = await world().bucket.finals(await run.prefix(index));
      assert.equal(finals.length, 1, 'published once');
    }
    await run.remove();
  });

  it('on two nodes ends as a whole when one member ends with an error', async () => {
    const retry = { maxRestarts: 0 };
    const run = await world().train('torn', { expert: { nodes: 2, command: ['python3', '-c', torn], retry } });
    for (const index of [0, 1]) {
      const { status } = await run.until(`expert ${index} Blocked`, async () => {
        const expert = await run.expert(index);
        return expert.status?.state === 'Blocked' && expert;
      });
      assert.deepEqual([status?.failure?.rule, status?.failure?.exitCode], ['gang-member-failed', 3]);
      await run.until(`the other member of expert ${index} has ended`, async () => {
        const pods = await podsOf(world(), 'torn', index);
        return pods.every(({ pod }) => pod.status?.phase !== 'Running');
      });
    }
    await run.remove();
  });
}

async function podsOf(world: World, name: string, index: number): Promise<{ island: string; pod: Pod }[]> {
  const all = await Promise.all(
    islandNames.map(async (island) => (await world.run(name).pods(island, index)).map((pod) => ({ island, pod }))),
  );
  return all.flat();
}
