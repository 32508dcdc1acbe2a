/** A run that is steered by the command line: moved, suspended, resumed; a run that has no place; islands drained, cordoned, added and removed. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './run.ts';
import type { Verbs } from './verbs.ts';
import { islandNames, type World } from './world.ts';

export async function steer(verbs: Verbs, world: World, run: Run): Promise<void> {
  // The one waits for its deadline meanwhile.
  const [from] = await Promise.all([there(verbs, run), nowhere(verbs, world)]);
  await islands(verbs, from);
}

/** An expert moved, and the run suspended and resumed; gives the island that is empty now. */
async function there(verbs: Verbs, run: Run): Promise<string> {
  const from = (await run.expert(0)).status?.island ?? '';
  const to = islandNames.find((name) => name !== from) ?? '';
  const moved = await verbs.atoll(`move steered -e 0 --to ${to}`);
  assert.match(moved.out, new RegExp(`^Expert 0 of run steered is asked to leave ${from} and go to ${to}\\.\\n`));
  assert.match(moved.out, new RegExp(`\\nExpert 0 is \\w+ on ${to} in placement 2, from the checkpoint of step \\d+\\.\\n$`));
  assert.match((await verbs.atoll(`move steered -e 0 --to ${to}`, 1)).err, new RegExp(`it is on ${to} already`));
  assert.match((await verbs.atoll('events steered -e 0')).out, /Normal +Moved +expert 0 /);
  assert.match((await verbs.atoll('events steered --warnings -o name')).out, /^event\.events\.k8s\.io\//);

  assert.match((await verbs.island(`remove ${to}`, 1)).err, /cannot remove \w+: \d works? there .* atoll island drain/);

  assert.match((await verbs.atoll('suspend steered')).out, /^Run steered is being suspended/);
  await run.until('Suspended', async () => {
    const states = await Promise.all([0, 1].map(async (index) => (await run.expert(index)).status?.state));
    return states.every((state) => state === 'Suspended' || state === 'Accepted');
  });
  assert.match((await verbs.atoll('explain steered')).out, /To change: atoll resume steered/);
  assert.match((await verbs.atoll('resume steered')).out, /^Run steered goes on from its checkpoints/);
  return from;
}

/** A run that no island can take: the one thing to change, and how waiting for it ends. */
async function nowhere(verbs: Verbs, world: World): Promise<void> {
  const resources = { cpu: '50m', memory: '128Mi', gpus: 64 };
  const stuck = await world.train('stuck', { expert: { resources }, spec: { deadline: '40s' } });
  await stuck.until('it waits', async () => (await stuck.expert(0)).status?.reason === 'ExceedsAnyIsland');
  const { out } = await verbs.atoll('explain stuck');
  assert.match(out, /\nexperts 0 and 1: Waiting \(ExceedsAnyIsland\)/);
  assert.match(out, /\n {2}east +ExceedsAnyIsland +has at most 8 for 64 GPUs asked\n/);
  assert.match(out, /\n {2}To change: ask for fewer GPUs in resources\.gpus \(island \w+ has at most 8 for 64 GPUs asked\)/);
  assert.match((await verbs.atoll('wait stuck --timeout 2m', 1)).err, /run stuck is Failed: DeadlineExceeded/);
  await stuck.remove();
  assert.match((await verbs.atoll('wait stuck', 1)).err, /cannot find a run stuck/);
}

/** An island that takes nothing for a while, and one that never joins. */
async function islands(verbs: Verbs, empty: string): Promise<void> {
  await verbs.island(`drain ${empty}`);
  assert.match((await verbs.island('ls')).out, new RegExp(`\\n${empty} +Ready, draining `));
  await verbs.island(`undrain ${empty}`);
  assert.match((await verbs.island(`cordon ${empty}`)).out, /^Island \w+ is cordoned: nothing new is placed on it/);
  assert.match((await verbs.island('ls')).out, new RegExp(`\\n${empty} +Ready, cordoned `));
  assert.match((await verbs.island(`uncordon ${empty}`)).out, /^Island \w+ takes work again\.\n/);

  const values = join(verbs.dir, 'ghost.yaml');
  const added = await verbs.island(`add ghost --out ${values}`);
  assert.ok(added.out.includes(`\n  helm install atoll charts/atoll `) && added.out.includes(`--values ${values}\n`), added.out);
  assert.match(await readFile(values, 'utf8'), /\n {2}joinToken: /);
  assert.match((await verbs.island('add ghost', 1)).err, /cannot add ghost: an island of this name exists/);
  assert.equal((await verbs.island('ls -o name')).out.trim().split('\n').length, islandNames.length + 1);
  assert.match((await verbs.island('check ghost', 1)).out, /ghost/);
  assert.match((await verbs.island('remove ghost', 1)).err, /there is no terminal; say --yes/);
  assert.match((await verbs.island('remove ghost --yes')).out, /Island ghost is removed\.\n/);
}
