/** Whole runs: the hub with a fake island, from apply to the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atRest, expert, jobOf, named } from './looking.ts';
import { createWorld } from './world.ts';

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
  assert.equal(world.training?.status?.display.experts, '3/4, 1 blocked');
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
