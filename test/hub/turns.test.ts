/** Several runs on one island with few GPUs: who is placed first, quotas, and a hub that starts anew. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { training } from './builders.ts';
import { createWorld, type World } from './world.ts';

const gpu = { expert: { resources: { cpu: '1', memory: '1Gi', gpus: 1 } }, router: undefined, evaluation: undefined };
const runningOf = (world: World, name: string) =>
  world.jobs.filter(({ spec, status }) => spec.work.owner.name === name && spec.role === 'Expert' && status?.state === 'Running');
const whyOf = (world: World, name: string) =>
  world.shards.filter(({ spec, status }) => spec.training === name && status?.state === 'Waiting').map(({ status }) => status);
const add = (world: World, name: string, spec: object = {}) =>
  void world.api.put(ExpertTrainingKind, training({ ...gpu, ...spec }, name));

/** One island whose two GPUs are both taken by the run `first`, which has two more experts that wait. */
async function full(quotas = {}) {
  const world = createWorld({ elsewhere: [{ name: 'east', gpus: 2 }], quotas });
  const done = new Set<string>();
  world.island.fate = ({ spec, metadata }) => (spec.role === 'Expert' && !done.has(metadata.name) ? 'run' : 'succeed');
  world.apply({ dataset: { partition: { experts: 4 } }, training: gpu });
  const hub = world.start();
  await world.until(() => runningOf(world, 'digits').length === 2, 'two running experts');
  /** One running expert of the run is done, which frees a GPU. */
  const free = (name: string) => {
    const [job] = runningOf(world, name);
    done.add(job?.metadata.name ?? assert.fail());
  };
  return { world, hub, free };
}

describe('on an island with two GPUs', () => {
  test('an expert that waits says how many are free', async () => {
    const { world, hub } = await full();
    for (const status of whyOf(world, 'digits')) {
      assert.equal(status?.reason, 'WaitingForCapacity');
      assert.match(status?.message ?? '', /east: has 0 free for 1 GPU asked/);
    }
    await hub.stop();
  });

  test('a run with a higher priority is placed before those that waited longer', async () => {
    const { world, hub, free } = await full();
    add(world, 'urgent', { priority: 5 });
    await world.until(() => whyOf(world, 'urgent').length === 4, 'four urgent experts that wait');
    for (let count = 1; count <= 2; count++) {
      free('digits');
      await world.until(() => runningOf(world, 'urgent').length === count, `${count} urgent experts`);
      assert.equal(runningOf(world, 'digits').length, 2 - count);
    }
    await hub.stop();
  });

  test('two runs of the same priority share', async () => {
    const { world, hub, free } = await full();
    add(world, 'later');
    await world.until(() => whyOf(world, 'later').length === 4, 'four experts of the later run that wait');
    free('digits');
    await world.until(() => runningOf(world, 'later').length === 1, 'one of the later run');
    // Each uses one GPU now: of equals the older goes first.
    free('later');
    await world.until(() => runningOf(world, 'later').length + runningOf(world, 'digits').length === 2, 'both GPUs in use');
    await hub.stop();
  });

  test('a hub that starts anew gives a free GPU to the run whose turn it is', async () => {
    const { world, hub, free } = await full();
    add(world, 'urgent', { priority: 5 });
    await world.until(() => whyOf(world, 'urgent').length === 4, 'four urgent experts that wait');
    await hub.stop();
    free('digits');
    for (let round = 0; round < 3; round++) await world.island.step();
    const again = world.start();
    await world.until(() => runningOf(world, 'urgent').length === 1, 'an urgent expert');
    assert.equal(runningOf(world, 'digits').length, 1);
    await again.stop();
  });

  test('a namespace with a quota of one GPU uses one, and says so', async () => {
    const world = createWorld({ elsewhere: [{ name: 'east', gpus: 2 }], quotas: { research: { gpus: 1 } } });
    world.island.fate = ({ spec }) => (spec.role === 'Expert' ? 'run' : 'succeed');
    world.apply({ dataset: { partition: { experts: 2 } }, training: gpu });
    const hub = world.start();
    await world.until(() => runningOf(world, 'digits').length === 1, 'one running expert');
    await world.rest(60);
    assert.equal(runningOf(world, 'digits').length, 1);
    const [waiting] = whyOf(world, 'digits');
    assert.equal(waiting?.reason, 'QuotaExceeded');
    assert.equal(waiting?.message, 'namespace research uses 1 of the 1 GPUs of its quota: 1 GPU asked');
    world.island.fate = () => 'succeed';
    await world.until(() => world.state() === 'Complete', 'Complete');
    await hub.stop();
  });

  test('everything is Complete in the end, whoever waited for whom', async () => {
    const { world, hub } = await full();
    add(world, 'urgent', { priority: 5 });
    add(world, 'idle', { priority: -5 });
    world.island.fate = () => 'succeed';
    const states = () => world.api.all(ExpertTrainingKind).map(({ status }) => status?.state);
    await world.until(() => states().every((state) => state === 'Complete'), 'three complete runs', 1500);
    await hub.stop();
  });
});
