/** Whole runs: the hub with a fake island, from apply to the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { StoreUnavailableError } from '../../src/store/errors.ts';
import { createWorld, type World } from './world.ts';

const named = (jobs: IslandJob[]) => jobs.map(({ metadata }) => metadata.name.replace(/-[0-9a-f]{8}-/, '-')).toSorted();
const jobOf = (world: World, role: string, index?: number) =>
  world.jobs
    .filter(({ spec }) => spec.role === role && spec.work.index === index)
    .toSorted((a, b) => b.spec.placement - a.spec.placement)[0];
const expert = (world: World, index: number) => world.shards.find(({ spec }) => spec.index === index)?.status;

async function atRest(world: World): Promise<void> {
  await world.rest(30);
  const before = world.writes;
  await world.rest(120);
  assert.equal(world.writes, before, 'at rest nothing is written');
}

test('a run of four experts, a router and an evaluation becomes Complete with an ensemble', async () => {
  const world = createWorld();
  world.apply();
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');

  const { status } = world.training ?? {};
  assert.deepEqual(status?.experts, { total: 4, running: 0, accepted: 4, blocked: 0 });
  assert.equal(status?.display.experts, '4/4');
  assert.equal(status?.display.progress, '100%');
  assert.equal(status?.router?.state, 'Accepted');
  assert.deepEqual(status?.ensemble?.metrics, { loss: '0.25' });
  assert.equal(world.condition('Complete')?.reason, 'EnsemblePublished');
  assert.deepEqual(named(world.jobs), [
    'digits-e000-p1',
    'digits-e001-p1',
    'digits-e002-p1',
    'digits-e003-p1',
    'digits-eval-p1',
    'digits-part-p1',
    'digits-router-p1',
  ]);
  const names = jobOf(world, 'Evaluate')?.spec.inputs.map(({ name }) => name);
  assert.deepEqual(names, ['dataset', 'expert-000', 'expert-001', 'expert-002', 'expert-003', 'router']);
  assert.equal(world.dataset?.status?.state, 'Ready');
  assert.equal(world.dataset?.status?.shards?.length, 4);
  await atRest(world);
  await hub.stop();
});

test('a router that waits for the experts is given exactly what they published', async () => {
  const world = createWorld();
  world.apply({ training: { router: { resources: { cpu: '1', memory: '1Gi' }, start: 'WhenExpertsComplete' } } });
  const hub = world.start();
  await world.until(() => jobOf(world, 'Router') !== undefined, 'the router');
  const accepted = world.shards.map(({ status }) => status?.accepted?.digest);
  assert.deepEqual(
    jobOf(world, 'Router')
      ?.spec.inputs.slice(1)
      .map(({ digest }) => digest),
    accepted,
  );
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

test('a run without router and evaluation is Complete with its experts', async () => {
  const world = createWorld();
  world.apply({ training: { router: undefined, evaluation: undefined } });
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.equal(world.condition('Complete')?.reason, 'AllExpertsAccepted');
  assert.equal(world.training?.status?.ensemble, undefined);
  await hub.stop();
});

test('a blocked expert with onExpertFailed Fail ends the run and stops everything that still runs', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 2 ? 'fail' : spec.role === 'Partition' ? 'succeed' : 'run');
  world.apply({ training: { completion: { onExpertFailed: 'Fail' } } });
  const hub = world.start();
  await world.until(() => world.state() === 'Failed', 'Failed');
  assert.equal(world.condition('Failed')?.reason, 'ExpertFailed');
  assert.match(world.condition('Failed')?.message ?? '', /expert 2 \(RestartBudgetSpent/);
  await atRest(world);
  assert.deepEqual(
    world.jobs.filter(({ spec }) => spec.role !== 'Partition').map(({ status }) => status?.state),
    ['Stopped', 'Stopped', 'Failed', 'Stopped', 'Stopped'],
  );
  assert.equal(world.training?.status?.evaluation?.reason, 'Stopped');
  assert.equal(expert(world, 2)?.failure?.message, 'it broke');
  await hub.stop();
});

test('a blocked expert is left out of the ensemble when minExperts are accepted', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 1 ? 'fail' : 'succeed');
  world.apply({ training: { completion: { minExperts: 3 } } });
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.equal(world.condition('Degraded')?.status, 'True');
  assert.deepEqual(
    jobOf(world, 'Evaluate')?.spec.inputs.map(({ name }) => name),
    ['dataset', 'expert-000', 'expert-002', 'expert-003', 'router'],
  );
  await hub.stop();
});

test('a blocked expert keeps the run waiting by default, and says so', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 1 ? 'fail' : 'succeed');
  world.apply();
  const hub = world.start();
  await world.until(() => world.condition('Progressing')?.reason === 'ExpertBlocked', 'ExpertBlocked');
  await atRest(world);
  assert.equal(world.state(), 'Running');
  await world.change({ completion: { minExperts: 3 } });
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

test('suspend is Suspended once no pod is left, and the run goes on in the same placements', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.role === 'Partition' ? 'succeed' : 'run');
  world.apply();
  const hub = world.start();
  await world.until(() => world.training?.status?.experts.running === 4, 'four running experts');
  world.island.stuck = true;
  await world.change({ suspend: true });
  await world.until(() => world.condition('Suspended')?.reason === 'Stopping', 'Stopping');
  assert.equal(world.state(), 'Running');
  assert.ok(world.jobs.filter(({ spec }) => spec.role !== 'Partition').every(({ spec }) => spec.suspend && spec.revision === 2));
  world.island.stuck = false;
  await world.until(() => world.state() === 'Suspended', 'Suspended');
  await atRest(world);
  world.island.fate = () => 'succeed';
  await world.change({ suspend: false });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.ok(world.jobs.every(({ spec }) => spec.placement === 1));
  await hub.stop();
});

test('a run that is suspended from the start makes nothing until it is resumed', async () => {
  const world = createWorld();
  world.apply({ training: { suspend: true } });
  const hub = world.start();
  await world.until(() => world.dataset?.status?.state === 'Ready', 'Ready');
  await atRest(world);
  assert.equal(world.state(), 'Suspended');
  assert.deepEqual(world.shards, []);
  await world.change({ suspend: false });
  await world.until(() => world.state() === 'Complete', 'Complete');
  await hub.stop();
});

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
