/** What a courier measures of its trainer: how long nothing new has come, and how long that has taken at most. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PaceKeeper } from '../../src/courier/pace.ts';
import { createFakeClock } from '../kube/fake-clock.ts';

async function told(...events: [seconds: number, what: 'start' | 'step' | 'saved', value?: number][]) {
  const clock = createFakeClock();
  const keeper = new PaceKeeper(clock);
  for (const [seconds, what, value] of events) {
    await clock.advance(seconds * 1000);
    if (what === 'start') keeper.started();
    else if (what === 'step') keeper.step(value);
    else keeper.saved(value);
  }
  const { pace } = keeper;
  return pace && [pace.sinceStepMs, pace.slowestStepMs, pace.sinceCheckpointMs, pace.slowestCheckpointMs].map((ms) => ms / 1000);
}

test('before the trainer could start nothing is measured', async () => {
  assert.equal(await told([5, 'step']), undefined);
});

test('before the first step the time since the start counts, and no checkpoint is missed', async () => {
  assert.deepEqual(await told([1, 'start'], [9, 'step']), [9, 0, 0, 0]);
});

test('the time to the first step is no measure of the others', async () => {
  assert.deepEqual(await told([0, 'start'], [100, 'step', 1], [5, 'step', 2], [2, 'step', 3]), [0, 5, 7, 0]);
});

test('a step that is told again is no new step', async () => {
  assert.deepEqual(await told([0, 'start'], [1, 'step', 7], [4, 'step', 7], [4, 'step', 7]), [8, 0, 8, 0]);
});

test('checkpoints are counted from the first step, then from each other', async () => {
  assert.deepEqual(await told([0, 'start'], [10, 'step', 1], [20, 'saved', 1], [30, 'saved', 2], [3, 'step', 3]), [0, 53, 3, 30]);
});
