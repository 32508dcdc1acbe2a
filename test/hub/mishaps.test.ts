/** What goes wrong around a run, one thing at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../src/kube/errors.ts';
import { StoreUnavailableError } from '../../src/store/errors.ts';
import { atRest, expert, jobOf } from './looking.ts';
import { createWorld } from './world.ts';

test('an IslandJob deleted by hand is followed by the next placement once it is gone, from its checkpoint', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 0 && spec.placement === 1 ? 'run' : 'succeed');
  world.apply();
  const hub = world.start();
  await world.until(() => expert(world, 0)?.checkpoint !== undefined, 'a checkpoint');
  const checkpoint = expert(world, 0)?.checkpoint;
  world.island.stuck = true;
  await world.remove(jobOf(world, 'Expert', 0));
  await world.rest(20);
  assert.equal(expert(world, 0)?.placement, 1);
  assert.equal(expert(world, 0)?.reason, 'DeletionPending');
  world.island.stuck = false;
  await world.until(() => world.state() === 'Complete', 'Complete');
  const second = jobOf(world, 'Expert', 0);
  assert.equal(second?.spec.placement, 2);
  assert.deepEqual(second?.spec.resume, [{ manifest: checkpoint?.manifest, digest: checkpoint?.digest }]);
  assert.deepEqual(
    expert(world, 0)?.placements?.map(({ number }) => number),
    [1, 2],
  );
  assert.deepEqual(world.island.overlaps, []);
  await hub.stop();
});

test('a result whose files are not in the bucket is refused and blocks its expert', async () => {
  const world = createWorld();
  world.store.faults.before = (operation, key) => {
    if (operation === 'get' && key.includes('/experts/003/'))
      world.store.objects.delete(key.replace('manifest.json', 'model.safetensors'));
  };
  world.apply();
  const hub = world.start();
  await world.until(() => expert(world, 3)?.state === 'Blocked', 'Blocked');
  assert.equal(expert(world, 3)?.reason, 'ManifestInvalid');
  assert.match(
    expert(world, 3)?.message ?? '',
    /experts\/003\/p1a1\/final\/model.safetensors is listed in the manifest and missing/,
  );
  await atRest(world);
  await hub.stop();
});

test('a store that is away delays acceptance and says so', async () => {
  const world = createWorld();
  let away = true;
  world.store.faults.before = (operation, key) => {
    if (away && operation === 'get') throw new StoreUnavailableError('get', key, 'no answer');
  };
  world.apply();
  const hub = world.start();
  await world.until(() => world.dataset?.status?.work?.reason === 'StoreUnreachable', 'StoreUnreachable');
  await world.rest(60);
  const before = world.writes;
  await world.rest(60);
  assert.equal(world.writes, before, 'waiting for the store writes nothing');
  away = false;
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

test('a data set that is too skewed waits for the approval of its digest', async () => {
  const world = createWorld();
  world.island.skew = 9;
  world.apply();
  const hub = world.start();
  await world.until(() => world.dataset?.status?.state === 'Blocked', 'Blocked');
  await atRest(world);
  assert.equal(world.state(), 'Preparing');
  assert.equal(world.condition('Progressing')?.reason, 'DatasetNotReady');
  await world.approve(world.dataset?.status?.digest);
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

test('a run that takes longer than its deadline fails, and its jobs are told the time', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.role === 'Partition' ? 'succeed' : 'run');
  world.apply({ training: { deadline: '2m' } });
  const hub = world.start();
  await world.until(() => world.state() === 'Failed', 'Failed');
  assert.equal(world.condition('Failed')?.reason, 'DeadlineExceeded');
  const { startedAt = '', completedAt = '' } = world.training?.status ?? {};
  assert.equal(Date.parse(completedAt) - Date.parse(startedAt), 120_000);
  assert.equal(Date.parse(jobOf(world, 'Expert', 0)?.spec.deadline ?? '') - Date.parse(startedAt), 120_000);
  await atRest(world);
  await hub.stop();
});

test('an IslandJob that the API server refuses is tried again once a minute without further writes', async () => {
  const world = createWorld();
  let refusing = true;
  world.apply();
  const hub = world.start((call, proceed) => {
    if (!refusing || call.verb !== 'create' || call.type.kind !== 'IslandJob') return proceed();
    throw new ApiError('create islandjobs', 422, { reason: 'Invalid', message: 'spec.container.image: too strange' });
  });
  await world.until(() => world.dataset?.status?.work?.reason === 'InvalidSpec', 'InvalidSpec');
  await atRest(world);
  refusing = false;
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.ok(world.jobs.every(({ spec }) => spec.placement === 1));
  await hub.stop();
});

test('a run without any island waits with the reason, and starts when one appears', async () => {
  const world = createWorld();
  world.apply({ islands: [] });
  const hub = world.start();
  await world.until(() => world.dataset?.status?.work?.reason === 'NoMatchingIsland', 'NoMatchingIsland');
  await atRest(world);
  world.addIsland('late');
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

test('an ExpertShard deleted by hand is made again after its pods have ended', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.role === 'Partition' ? 'succeed' : 'run');
  world.apply();
  const hub = world.start();
  await world.until(() => world.training?.status?.experts.running === 4, 'four running experts');
  const [first] = world.shards;
  await world.remove(first);
  world.island.fate = () => 'succeed';
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.notEqual(world.shards[0]?.metadata.uid, first?.metadata.uid);
  assert.deepEqual(world.island.overlaps, []);
  await hub.stop();
});

test('a data set that names an unknown store says which are known, and its training waits', async () => {
  const world = createWorld();
  world.apply({ dataset: { source: { store: 'elsewhere', prefix: 'raw/' } } });
  const hub = world.start();
  await world.until(() => world.dataset?.status?.work?.reason === 'StoreUnknown', 'StoreUnknown');
  const message = world.dataset?.status?.conditions.find(({ type }) => type === 'Ready')?.message;
  assert.equal(message, "spec.source.store is elsewhere; the operator's settings name: default");
  await atRest(world);
  assert.equal(world.state(), 'Preparing');
  assert.deepEqual(world.jobs, []);
  await hub.stop();
});

test('a complete run stays as it ended when objects of it are deleted by hand', async () => {
  const world = createWorld();
  world.apply();
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');
  const before = world.training?.status;
  await world.remove(world.shards[0]);
  await world.remove(jobOf(world, 'Evaluate'));
  await atRest(world);
  assert.deepEqual(world.training?.status, before);
  assert.equal(world.shards.length, 3);
  await hub.stop();
});

test('each change of a work is told once', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 1 ? 'fail' : 'succeed');
  world.apply({ training: { completion: { onExpertFailed: 'Fail' } } });
  const hub = world.start();
  await world.until(() => world.state() === 'Failed', 'Failed');
  await atRest(world);
  const told = (text: RegExp) => world.told.filter((line) => text.test(line)).length;
  assert.deepEqual(
    [
      told(/Started expert 1: placement 1 on island local/),
      told(/Warning ExpertShard RestartBudgetSpent expert 1/),
      told(/Normal ExpertShard Accepted expert 0/),
    ],
    [1, 1, 1],
  );
  assert.equal(told(/Warning ExpertTraining ExpertFailed Running → Failed/), 1);
  assert.equal(told(/Normal ExpertDataset DatasetReady 400 samples in 4 shards/), 1);
  await hub.stop();
});

test('an evaluation of several experts without a router is refused before anything runs', async () => {
  const world = createWorld();
  world.apply({ training: { router: undefined } });
  const hub = world.start();
  await world.until(() => world.condition('Validated')?.reason === 'InvalidSpec', 'InvalidSpec');
  assert.match(world.condition('Validated')?.message ?? '', /spec.router is missing: spec.evaluation of 4 experts needs one/);
  assert.equal(world.state(), 'Pending');
  await hub.stop();
});

test('a single model is evaluated without a router', async () => {
  const world = createWorld();
  world.apply({ dataset: { partition: { experts: 1 } }, training: { router: undefined } });
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.equal(world.condition('RouterReady'), undefined);
  assert.deepEqual(
    jobOf(world, 'Evaluate')?.spec.inputs.map(({ name }) => name),
    ['dataset', 'expert-000'],
  );
  await hub.stop();
});
