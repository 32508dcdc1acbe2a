/** The simulation itself: a run follows from its seed alone, and a few plans hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { hunt } from './bugs/hunt.ts';
import { bugs } from './bugs/index.ts';
import { guardsOf } from './mutations/guards.ts';
import { applyEdits } from './seams/edits.ts';
import { installSeams } from './seams/hooks.ts';

installSeams({ disk: true });
// Only now: the product is to find the disk of the simulation and not a real one.
const { runPlan } = await import('./run.ts');
const { makePlan } = await import('./plan.ts');
const { faults } = await import('./faults/index.ts');
const { invariants } = await import('./invariants/index.ts');
const files = new Set(bugs.flatMap(({ edits }) => edits.map(({ file }) => file)));
const source = new Map<string, string>();
for (const file of files) source.set(file, await readFile(join(checkout, file), 'utf8'));

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

  for (let seed = 4; seed <= 6; seed++)
    it(`keeps every invariant under the faults of plan ${seed}`, async () => {
      assert.deepEqual((await runPlan(seed)).violations, []);
    });

  for (const name of ['delete by name', 'router on too few experts', 'one too many deleted'])
    it(`finds the bug "${name}"`, async () => {
      const bug = bugs.find((one) => one.name === name);
      assert.ok(bug);
      const { seed, invariant } = await hunt(bug, { plans: 6, workers: 1 });
      assert.ok(seed !== undefined && bug.breaks.includes(invariant ?? 0), `invariant ${invariant} broke`);
    });

  it('has bugs of which each still finds its text, and at least one for every invariant', async () => {
    for (const { edits, name } of bugs)
      for (const edit of edits) assert.doesNotThrow(() => applyEdits(source.get(edit.file) ?? '', [edit]), name);
    const covered = new Set(bugs.flatMap(({ breaks }) => breaks));
    assert.deepEqual(
      invariants.map(({ number }) => number).filter((number) => !covered.has(number)),
      [],
    );
  });

  it('finds the guards of a source, strings with parentheses and all', () => {
    const text = "  if (a(')') && b) return;\n  const c = d ? e : f;\n  if (\n    g\n  ) {\n    h();\n  }\n";
    const guards = guardsOf('x.ts', text);
    assert.deepEqual(
      guards.map((guard) => guard.text),
      ["a(')') && b", ' g '],
    );
    assert.match(
      applyEdits(
        text,
        guards.slice(0, 1).map(({ edit }) => edit),
      ),
      /if \(false\) return;/,
    );
  });

  it('refuses an edit that does not hit its text exactly once', () => {
    const edit = { file: 'a.ts', find: 'one', replace: 'two' };
    assert.equal(applyEdits('one and only', [edit]), 'two and only');
    assert.throws(() => applyEdits('two', [edit]), /must be once/);
    assert.throws(() => applyEdits('one one', [edit]), /must be once/);
  });
});
