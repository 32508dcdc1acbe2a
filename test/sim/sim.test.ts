/** The simulation itself: a run follows from its seed alone, and a few plans hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyEdits } from './seams/edits.ts';
import { installSeams } from './seams/hooks.ts';

installSeams({ disk: true });
// Only now: the product is to find the disk of the simulation and not a real one.
const { runPlan } = await import('./run.ts');
const { makePlan } = await import('./plan.ts');
const { faults } = await import('./faults/index.ts');

describe('the simulation', () => {
  it('completes a training when nothing goes wrong', async () => {
    const outcome = await runPlan(1, { plan: { ...makePlan(1, faults), faults: [] } });
    assert.deepEqual(outcome.violations, []);
    assert.equal(outcome.state, 'Complete');
  });

  it('lives the same life for the same seed, and another for another', async () => {
    const [first, again, other] = [await runPlan(2), await runPlan(2), await runPlan(3)];
    assert.deepEqual(again, first);
    assert.notEqual(other.hash, first.hash);
  });

  for (let seed = 4; seed <= 11; seed++)
    it(`keeps every invariant under the faults of plan ${seed}`, async () => {
      assert.deepEqual((await runPlan(seed)).violations, []);
    });

  it('refuses an edit that does not hit its text exactly once', () => {
    const edit = { file: 'a.ts', find: 'one', replace: 'two' };
    assert.equal(applyEdits('one and only', [edit]), 'two and only');
    assert.throws(() => applyEdits('two', [edit]), /must be once/);
    assert.throws(() => applyEdits('one one', [edit]), /must be once/);
  });
});
