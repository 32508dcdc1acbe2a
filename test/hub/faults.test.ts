/** Faults: the hub killed at every write, replies lost, deletions at any moment. The end is always the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionError } from '../../src/kube/errors.ts';
import type { Interceptor } from '../kube/memory-client.ts';
import { createWorld, type World } from './world.ts';

const small = {
  dataset: { partition: { experts: 2 } },
  training: { completion: { minExperts: 1 } },
};
const writes = new Set(['create', 'apply', 'applyStatus', 'patch', 'delete']);

/** What must be the same whatever happened on the way: everything but times, uids and versions. */
function endOf(world: World): unknown {
  const { status } = world.training ?? {};
  return {
    state: status?.state,
    conditions: status?.conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`),
    experts: status?.experts,
    display: { ...status?.display, eta: undefined },
    router: status?.router?.accepted?.manifest.replace(/\.[0-9a-f]{8}\//, '/'),
    ensemble: status?.ensemble?.manifest.replace(/\.[0-9a-f]{8}\//, '/'),
    jobs: world.jobs.map(({ metadata, status: seen }) => [metadata.name.replace(/-[0-9a-f]{8}-/, '-'), seen?.state]),
    shards: world.shards.map(({ metadata, status: seen }) => [
      metadata.name,
      seen?.state,
      seen?.placement,
      seen?.accepted?.placement,
    ]),
    dataset: [world.dataset?.status?.state, world.dataset?.status?.shards?.map(({ index, samples }) => [index, samples])],
  };
}

/**
 * A hub whose n-th write is its last and whose answer it never hears. Dying before write n leaves the same objects as dying after
 * write n - 1, so this covers both.
 */
function dieAt(n: number, died: () => void): Interceptor {
  let count = 0;
  let dead = false;
  const gone = () => new ConnectionError('reach the API server', 'the process was killed', true);
  return async (call, proceed) => {
    if (dead) throw gone();
    if (!writes.has(call.verb) || ++count < n) return proceed();
    dead = true;
    died();
    await proceed();
    throw gone();
  };
}

async function runThrough(world: World, done: () => boolean, what: string, diesAt?: number): Promise<number> {
  let died = false;
  let count = 0;
  const counting: Interceptor = (call, proceed) => {
    if (writes.has(call.verb)) count++;
    return proceed();
  };
  let hub = world.start(diesAt ? dieAt(diesAt, () => void (died = true)) : counting);
  if (diesAt) {
    await world.until(() => died || done(), `${what}, or write ${diesAt}`);
    await hub.stop();
    hub = world.start(counting);
  }
  await world.until(done, what);
  await world.rest(5);
  await hub.stop();
  return count;
}

describe('a hub killed at any write', () => {
  test('ends a run as if it had not been killed, with no IslandJob too many', async () => {
    const undisturbed = createWorld();
    undisturbed.apply(small);
    const count = await runThrough(undisturbed, () => undisturbed.state() === 'Complete', 'Complete');
    const expected = endOf(undisturbed);
    assert.ok(count > 20, `only ${count} writes were seen`);
    for (let n = 1; n <= count; n++) {
      const world = createWorld();
      world.apply(small);
      await runThrough(world, () => world.state() === 'Complete', `Complete after death at write ${n}`, n);
      assert.deepEqual(endOf(world), expected, `killed at write ${n}`);
      assert.deepEqual(world.island.overlaps, []);
    }
  });

  test('still deletes everything', async () => {
    const begin = async () => {
      const world = createWorld();
      world.island.fate = ({ spec }) => (spec.role === 'Partition' ? 'succeed' : 'run');
      world.apply(small);
      const hub = world.start();
      await world.until(() => world.training?.status?.experts.running === 2, 'two running experts');
      await hub.stop();
      await world.remove(world.training);
      return world;
    };
    const empty = (world: World) => () => world.training === undefined && world.shards.length === 0 && world.jobs.length === 1;
    const undisturbed = await begin();
    const count = await runThrough(undisturbed, empty(undisturbed), 'nothing left');
    for (let n = 1; n <= count; n++) {
      const world = await begin();
      await runThrough(world, empty(world), `nothing left after death at write ${n}`, n);
    }
  });
});

describe('deleting an ExpertTraining', () => {
  test('leaves nothing of it but what is published, whenever it happens', async () => {
    for (let phase = 0; phase < 24; phase++) {
      const world = createWorld();
      world.apply(small);
      const hub = world.start();
      for (let round = 0; round < phase; round++) {
        await world.clock.settle();
        await world.island.step();
        await world.clock.advance(1000);
      }
      const published = [...world.store.objects.keys()];
      await world.remove(world.training);
      await world.until(() => world.training === undefined, `the end of the training deleted in round ${phase}`);
      await world.rest(5);
      assert.deepEqual(world.shards, []);
      assert.ok(world.jobs.every(({ spec }) => spec.role === 'Partition'));
      assert.ok(published.every((key) => world.store.objects.has(key)));
      await world.remove(world.dataset);
      await world.until(() => world.dataset === undefined, `the end of the data set deleted in round ${phase}`);
      assert.deepEqual(world.jobs, []);
      await hub.stop();
    }
  });

  test('waits for its pods, and a condition says for which', async () => {
    const world = createWorld();
    world.island.fate = ({ spec }) => (spec.role === 'Partition' ? 'succeed' : 'run');
    world.apply(small);
    const hub = world.start();
    await world.until(() => world.training?.status?.experts.running === 2, 'two running experts');
    world.island.stuck = true;
    await world.remove(world.training);
    await world.until(() => world.condition('Progressing')?.reason === 'DeletionPending', 'DeletionPending');
    assert.match(
      world.condition('Progressing')?.message ?? '',
      /ExpertShard digits-e000.*IslandJob digits-[0-9a-f]{8}-e000-p1.*must end first/,
    );
    await world.rest(20);
    const before = world.writes;
    await world.rest(60);
    assert.equal(world.writes, before, 'waiting writes nothing');
    world.island.stuck = false;
    await world.until(() => world.training === undefined, 'the end');
    await hub.stop();
  });
});

test('watches that end and versions that expire in the middle of a run change nothing', async () => {
  const world = createWorld();
  world.apply(small);
  const hub = world.start();
  for (let round = 0; world.state() !== 'Complete' && round < 200; round++) {
    await world.clock.settle();
    await world.island.step();
    if (round % 2 === 0) world.api.compact();
    world.api.breakWatches();
    await world.clock.advance(1000);
  }
  assert.equal(world.state(), 'Complete');
  assert.equal(world.jobs.length, 5);
  await hub.stop();
});

test('every third write meets a newer object and the run ends the same', async () => {
  const world = createWorld();
  world.apply(small);
  let count = 0;
  const hub = world.start((call, proceed) => {
    if (writes.has(call.verb) && ++count % 3 === 0) throw new ConnectionError(call.verb, 'reset by peer', true);
    return proceed();
  });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.equal(world.jobs.length, 5);
  await hub.stop();
});

test('caches that are seconds behind the truth, each by another time, change nothing', async () => {
  for (const lagMs of [1_000, 7_000]) {
    const world = createWorld();
    world.apply(small);
    let turn = 0;
    const hub = world.start(undefined, (signal) => world.clock.sleep((lagMs * (++turn % 5)) / 4, signal));
    await world.until(() => world.state() === 'Complete', `Complete with caches up to ${lagMs} ms behind`, 1000);
    assert.equal(world.jobs.length, 5);
    assert.deepEqual(world.island.overlaps, []);
    await hub.stop();
  }
});
