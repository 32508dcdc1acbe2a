/** The simulation itself: a run follows from its seed alone, and a few plans hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { hunt } from './bugs/hunt.ts';
import { bugs } from './bugs/index.ts';
import { runSeeds } from './crew.ts';
import { exempt } from './mutations/exempt.ts';
import { asking, guardsOf } from './mutations/guards.ts';
import { toExamine } from './mutations/kill.ts';
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

  const guarded =
    "  if (a(')') && b) return;\n  const c = d ? e : f;\n  if (\n    g\n  ) {\n    h();\n  }\n    matches: (end) => x(end, 1),\n";

  it('finds the guards of a source, strings with parentheses and all, and removes each of them alone', () => {
    const guards = guardsOf('x.ts', guarded);
    assert.deepEqual(
      guards.map(({ text, line }) => [line, text]),
      [
        [1, "a(')') && b"],
        [3, 'g'],
        [8, '(end) => x(end, 1)'],
      ],
    );
    const without = guards.map(({ edit }) => applyEdits(guarded, [edit]));
    assert.match(without[0] ?? '', /^ {2}if \(false\) return;\n {2}const c/);
    assert.match(without[2] ?? '', /matches: \(\) => false,\n$/);
  });

  it('asks before each guard of a source in which many of them are tried', () => {
    const asked = asking('x.ts', guarded);
    assert.match(asked, /if \(atollGuard\("x\.ts:1", a\('\)'\) && b\)\) return;/);
    assert.match(asked, /matches: \(end\) => atollGuard\("x\.ts:8", \(\(end\) => x\(end, 1\)\)\(end\)\),/);
  });

  it('exempts only guards that are there, once in their file', async () => {
    const all = (await toExamine()).flatMap(({ guards }) => guards);
    for (const { file, guard } of exempt)
      assert.equal(all.filter((one) => one.file === file && one.text === guard).length, 1, `${file}: ${guard}`);
  });

  it('gives up a plan that never ends, by the CPU time that it uses', async () => {
    const endless = {
      file: 'src/store/claim.ts',
      find: '  const create = ()',
      replace: '  for (;;) void signal;\n  const create = ()',
    };
    await assert.rejects(
      runSeeds([1], { workers: 1, edits: [endless], mostCpuMs: 2_000, onOutcome: () => true }),
      /cannot run plan 1: it used more than 2 s of CPU time/,
    );
  });

  it('refuses an edit that does not hit its text exactly once', () => {
    const edit = { file: 'a.ts', find: 'one', replace: 'two' };
    assert.equal(applyEdits('one and only', [edit]), 'two and only');
    assert.throws(() => applyEdits('two', [edit]), /must be once/);
    assert.throws(() => applyEdits('one one', [edit]), /must be once/);
  });
});
