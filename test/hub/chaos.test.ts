/** Everything at once, from a seed: hands that delete and stop, a hub that dies and whose caches lag, an island that hangs, a store that is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import { keyOf } from '../../src/kube/types.ts';
import { StoreUnavailableError } from '../../src/store/errors.ts';
import { createSeededRandom } from '../kube/fake-clock.ts';
import type { Interceptor } from '../kube/memory-client.ts';
import { createWorld, type World } from './world.ts';

const seeds = Number(process.env['ATOLL_CHAOS_SEEDS'] ?? 20);
const first = Number(process.env['ATOLL_CHAOS_FIRST'] ?? 1);

/** One seed: sixty seconds of trouble, then peace. */
async function trouble(seed: number, elsewhere: boolean): Promise<World> {
  const random = createSeededRandom(seed);
  const world = createWorld(elsewhere ? { elsewhere: [{ name: 'east' }, { name: 'west' }] } : {});
  const chance = (share: number) => random.next() < share;
  const any = <T>(items: readonly T[]): T | undefined => items[Math.floor(random.next() * items.length)];
  let peace = false;
  world.store.faults.before = () => {
    if (!peace && chance(0.2)) throw new StoreUnavailableError('get', 'any', 'chaos');
  };
  const lossy = () => world.start(lose, late);
  const lose: Interceptor = async (call, proceed) => {
    if (peace || call.verb === 'watch') return proceed();
    if (chance(0.05)) throw new ConnectionError(call.verb, 'chaos', false);
    const reply = await proceed();
    if (chance(0.05)) throw new ConnectionError(call.verb, 'chaos', true);
    return reply;
  };
  // Each of the five caches is behind by its own, changing time.
  const late = async (signal: AbortSignal) => {
    if (!peace && chance(0.3)) await world.clock.sleep(random.next() * 4000, signal);
  };
  world.apply({ dataset: { partition: { experts: 3 } } });
  let hub = lossy();
  const moves = [
    () => world.remove(any(world.jobs)),
    () => world.remove(any(world.shards)),
    async () => {
      const job = any(world.jobs.filter(({ spec }) => !spec.stop));
      if (job) await world.users.patch(IslandJobKind, keyOf(job), { spec: { stop: true } }, { contentType: 'merge' });
    },
    () => world.change({ suspend: chance(0.5) }),
    async () => void (world.island.stuck = chance(0.5)),
    async () => world.api.breakWatches(),
    async () => world.api.compact(),
    async () => {
      await hub.stop();
      hub = lossy();
    },
  ];
  if (elsewhere) {
    moves.push(...movesOfIslands(world, chance));
    world.island.fate = () => (peace || chance(0.1) ? 'succeed' : 'run');
  }
  for (let round = 0; round < 60; round++) {
    await world.clock.settle();
    if (elsewhere) {
      world.elsewhere.speak();
      // Stopping takes its time, so that a next placement that does not wait for it is seen beside it.
      world.island.stuck = chance(0.7);
    }
    if (chance(0.25) && world.state() !== 'Complete') await any(moves)?.().catch(() => undefined);
    if (chance(0.7)) await world.island.step();
    await world.clock.advance(1000);
  }
  peace = true;
  world.island.stuck = false;
  if (elsewhere) await peaceOfIslands(world);
  await world.change({ suspend: false });
  await world.until(() => world.state() === 'Complete', `Complete with seed ${seed}`, 1500);
  await world.rest(20);
  const before = world.writes;
  await world.rest(60);
  // Islands elsewhere say once a minute that they were heard.
  const most = elsewhere ? 4 : 0;
  assert.ok(world.writes - before <= most, `seed ${seed}: at rest ${world.writes - before} writes`);
  await hub.stop();
  return world;
}

const islands = ['east', 'west'];
const drain = (world: World, name: string, is: boolean) =>
  world.users.patch(ComputeIslandKind, { name }, { spec: { drain: is } }, { contentType: 'merge' });

/** Wires that are cut, islands that are drained or refuse: one at a time is bad. */
function movesOfIslands(world: World, chance: (share: number) => boolean) {
  const one = () => (chance(0.5) ? 'east' : 'west');
  const refusal = { reason: 'NamespaceNotAdmitted', message: 'chaos' } as const;
  const cut = async () => {
    world.elsewhere.away.clear();
    if (chance(0.6)) world.elsewhere.away.add(one());
  };
  return [
    cut,
    cut,
    async () => void (await drain(world, one(), chance(0.5))),
    async () => {
      const name = chance(0.5) ? one() : undefined;
      world.elsewhere.refuses = ({ spec, status }) => (spec.island === name && !status?.attempt ? refusal : undefined);
    },
  ];
}

async function peaceOfIslands(world: World): Promise<void> {
  world.elsewhere.away.clear();
  world.elsewhere.refuses = () => undefined;
  for (const name of islands) await drain(world, name, false);
}

for (let seed = first; seed < first + seeds; seed++) {
  const elsewhere = seed % 2 === 0;
  test(`trouble with seed ${seed}${elsewhere ? ', islands elsewhere' : ''}, ends like a quiet run`, async () => {
    const world = await trouble(seed, elsewhere);
    assert.deepEqual(world.island.overlaps, [], 'two placements of one work ran at once');
    assert.deepEqual(world.training?.status?.experts, { total: 3, running: 0, accepted: 3, blocked: 0 });
    for (const { spec } of world.jobs.filter((job) => job.spec.role === 'Evaluate')) {
      const names = spec.inputs.map(({ name }) => name);
      assert.deepEqual(names, ['dataset', 'expert-000', 'expert-001', 'expert-002', 'router']);
    }
  });
}
