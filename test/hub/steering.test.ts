/** Retry and move of one work in a whole run: what was asked for happens once, and the rest of the run does not notice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { requestAnnotations } from '../../src/api/labels.ts';
import { retryOf, withMove, withRetry } from '../../src/api/requests.ts';
import { atRest, expert, jobOf } from './looking.ts';
import { createWorld, type World } from './world.ts';

const { retry, move } = requestAnnotations;
const told = (world: World, text: RegExp) => world.told.filter((line) => text.test(line)).length;
const partition = ({ spec }: IslandJob) => spec.role === 'Partition';

test('a retry of a blocked expert is carried out once, from its checkpoint, and touches no other', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.work.index === 2 && spec.placement === 1 ? 'fail' : 'succeed');
  world.apply();
  const hub = world.start();
  await world.until(() => expert(world, 2)?.state === 'Blocked', 'Blocked');
  await atRest(world);
  const others = [0, 1, 3].map((index) => expert(world, index));
  await world.annotate({ [retry]: withRetry(undefined, retryOf(2, expert(world, 2))) });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.deepEqual([expert(world, 2)?.placement, expert(world, 2)?.accepted?.placement], [2, 2]);
  assert.equal(jobOf(world, 'Expert', 2)?.spec.resume.length, 1);
  assert.deepEqual(
    [0, 1, 3].map((index) => expert(world, index)),
    others,
  );
  assert.equal(told(world, /Normal ExpertShard Retried expert 2: placement 1 was blocked with RestartBudgetSpent/), 1);
  await atRest(world);
  // The annotation is still there, and a new process reads it.
  await hub.stop();
  const another = world.start();
  await atRest(world);
  assert.deepEqual([expert(world, 2)?.placement, world.state()], [2, 'Complete']);
  assert.equal(told(world, /Ignored/), 0);
  await another.stop();
});

test('an expert is replaced while the ensemble is evaluated: what was made from it is made again', async () => {
  const world = createWorld();
  const first = ({ spec }: IslandJob) => spec.role === 'Evaluate' && spec.placement === 1;
  world.island.fate = (job) => (first(job) ? 'damaged' : 'succeed');
  world.apply({ training: { router: { resources: { cpu: '1', memory: '1Gi' }, start: 'WhenExpertsComplete' } } });
  const hub = world.start();
  await world.until(() => world.training?.status?.evaluation?.state === 'Blocked', 'a blocked evaluation');
  await atRest(world);
  assert.equal(world.state(), 'Evaluating');
  const old = expert(world, 2)?.accepted;
  const router = world.training?.status?.router?.accepted;
  await world.annotate({ [retry]: withRetry(undefined, retryOf(2, expert(world, 2))) });
  await world.until(() => world.state() === 'Complete', 'Complete');
  const status = world.training?.status;
  assert.deepEqual([expert(world, 2)?.accepted?.placement, status?.router?.placement, status?.evaluation?.placement], [2, 2, 2]);
  assert.notEqual(status?.router?.accepted?.digest, router?.digest);
  const input = jobOf(world, 'Evaluate')?.spec.inputs.find(({ name }) => name === 'expert-002');
  assert.equal(input?.digest, expert(world, 2)?.accepted?.digest);
  assert.notEqual(input?.digest, old?.digest);
  assert.equal(status?.ensemble?.digest, status?.evaluation?.accepted?.digest);
  await atRest(world);
  await hub.stop();
});

test('a router that does not read the experts is kept when one of them is replaced', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (spec.role === 'Evaluate' && spec.placement === 1 ? 'damaged' : 'succeed');
  world.apply();
  const hub = world.start();
  await world.until(() => world.training?.status?.evaluation?.state === 'Blocked', 'a blocked evaluation');
  await world.annotate({ [retry]: withRetry(undefined, retryOf(1, expert(world, 1))) });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.deepEqual([world.training?.status?.router?.placement, world.training?.status?.evaluation?.placement], [1, 2]);
  await hub.stop();
});

test('an expert that was blocked and is retried while the others are evaluated becomes part of the ensemble', async () => {
  const world = createWorld();
  world.island.fate = (job) => {
    if (job.spec.work.index === 3 && job.spec.placement === 1) return 'fail';
    return job.spec.role === 'Evaluate' && job.spec.placement === 1 ? 'run' : 'succeed';
  };
  world.apply({ training: { completion: { minExperts: 3 } } });
  const hub = world.start();
  await world.until(() => world.training?.status?.evaluation?.state === 'Running', 'an evaluation of three');
  assert.equal(jobOf(world, 'Evaluate')?.spec.inputs.length, 5);
  assert.equal(world.condition('Degraded')?.status, 'True');
  await world.annotate({ [retry]: '3@1' });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.deepEqual(
    jobOf(world, 'Evaluate')?.spec.inputs.map(({ name }) => name),
    ['dataset', 'expert-000', 'expert-001', 'expert-002', 'expert-003', 'router'],
  );
  assert.equal(world.condition('Degraded')?.status, 'False');
  assert.deepEqual(world.island.overlaps, []);
  await hub.stop();
});

test('a partition that is blocked is tried again, and its run starts', async () => {
  const world = createWorld();
  world.island.fate = (job) => (partition(job) && job.spec.placement === 1 ? 'fail' : 'succeed');
  world.apply();
  const hub = world.start();
  await world.until(() => world.dataset?.status?.state === 'Failed', 'Failed');
  await world.annotateData({ [retry]: 'partition@1' });
  await world.until(() => world.state() === 'Complete', 'Complete');
  assert.equal(world.dataset?.status?.work?.placement, 2);
  await hub.stop();
});

test('a complete run is final: a retry is answered by an event and nothing else', async () => {
  const world = createWorld();
  world.apply();
  const hub = world.start();
  await world.until(() => world.state() === 'Complete', 'Complete');
  const before = [world.training?.status, expert(world, 0)];
  await world.annotate({
    [retry]: [retryOf(0, expert(world, 0)), retryOf('evaluation', world.training?.status?.evaluation)].reduce(withRetry, ''),
  });
  await atRest(world);
  assert.deepEqual([world.training?.status, expert(world, 0)], before);
  const lines = world.told.filter((line) => line.includes('RetryIgnored'));
  assert.deepEqual(lines.toSorted(), [
    'Warning ExpertTraining RetryIgnored evaluation: retry of placement 1 is not done: the run is complete, which is final',
    'Warning ExpertTraining RetryIgnored expert 0: retry of placement 1 is not done: the run is complete, which is final',
  ]);
  await hub.stop();
});

test('what cannot be read is said in an event and in the condition, once, until it is corrected', async () => {
  const world = createWorld();
  world.island.fate = (job) => (partition(job) ? 'succeed' : 'run');
  world.apply();
  const hub = world.start();
  await world.until(() => world.training?.status?.experts.running === 4, 'four running experts');
  await world.annotate({ [retry]: 'expert-3', [move]: '7@1=west' });
  await atRest(world);
  const message = world.condition('Validated')?.message ?? '';
  assert.match(message, /annotation atoll.dev\/retry: cannot read "expert-3": allowed is WORK@PLACEMENT, joined by commas/);
  assert.match(message, /annotation atoll.dev\/move names expert 7: the run has experts 0 to 3/);
  assert.equal(told(world, /Warning ExpertTraining RequestInvalid/), 2);
  assert.equal(world.state(), 'Running');
  await world.annotate({ [retry]: null, [move]: null });
  await atRest(world);
  assert.doesNotMatch(world.condition('Validated')?.message ?? '', /annotation/);
  await hub.stop();
});

test('a move stops an expert, and it goes on there from its checkpoint', async () => {
  const world = createWorld();
  world.island.fate = ({ spec }) => (partition({ spec } as IslandJob) || spec.placement === 2 ? 'succeed' : 'run');
  world.apply({ islands: ['east'] });
  const hub = world.start();
  await world.until(() => expert(world, 1)?.checkpoint !== undefined, 'a checkpoint');
  await world.annotate({ [move]: withMove(undefined, { work: 1, placement: 1, island: 'west' }) });
  await world.rest(60);
  assert.deepEqual(
    [expert(world, 1)?.state, expert(world, 1)?.placement, expert(world, 1)?.reason],
    ['Running', 1, 'WaitingToMove'],
  );
  assert.match(expert(world, 1)?.message ?? '', /goes on here until it can: no ComputeIsland is named west; there are east/);
  await atRest(world);
  world.addIsland('west');
  await world.until(() => expert(world, 1)?.state === 'Accepted', 'Accepted');
  assert.deepEqual(
    expert(world, 1)?.placements?.map(({ number, island }) => [number, island]),
    [
      [1, 'east'],
      [2, 'west'],
    ],
  );
  assert.equal(jobOf(world, 'Expert', 1)?.spec.resume.length, 1);
  assert.equal(expert(world, 0)?.placement, 1);
  assert.deepEqual(world.island.overlaps, []);
  assert.equal(told(world, /Normal ExpertShard MoveRequested expert 1: it goes on to island west/), 1);
  assert.equal(told(world, /Warning ExpertTraining WaitingToMove expert 1/), 1);
  await hub.stop();
});
