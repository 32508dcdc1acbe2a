/** Removes one guard after another and sees who notices: the unit tests first, then the simulation. */
import { fork, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../../local/paths.ts';
import { runSeeds } from '../crew.ts';
import { type Edit, withEdits } from '../seams/edits.ts';
import type { Order, Told } from './examiner.ts';
import { type Guard, guardsOf, idOf } from './guards.ts';
import { type Group, groups } from './sources.ts';

export interface Verdict {
  guard: Guard;
  /** What noticed, in words; undefined when nothing did. */
  by: string | undefined;
  /** Tests that come to the guard with its condition true. */
  reached: number;
}

export interface Examined {
  group: Group;
  guards: readonly Guard[];
}

/** Every guard of every source whose path holds the pattern. */
export async function toExamine(pattern = ''): Promise<Examined[]> {
  const found: Examined[] = [];
  for (const group of groups) {
    const sources = group.sources.filter((file) => file.includes(pattern));
    const texts = await Promise.all(sources.map((file) => readFile(join(checkout, file), 'utf8')));
    const guards = texts.flatMap((text, index) => guardsOf(sources[index] ?? '', text));
    if (guards.length > 0) found.push({ group, guards });
  }
  return found;
}

/** A guard without which a test never ends: it is given up after so long a silence. */
const hangsMs = 90_000;

/** By the unit tests of the group, all of which run in one process; in the order of the guards. */
export async function byUnitTests(
  { group, guards }: Examined,
  on: { ready(tests: number, unsteady: string[]): void; verdict(verdict: Verdict): void },
): Promise<void> {
  const sources = [...new Set(guards.map(({ file }) => file))];
  let rest = [...guards];
  let first = true;
  const imports = new Map<Guard, { files: string[]; reached: number }>();
  const verdict = (id: string, by: string | undefined, reached: number, files: string[] = []) => {
    const guard = rest.find((one) => idOf(one) === id);
    rest = rest.filter((one) => one !== guard);
    if (guard && files.length > 0) imports.set(guard, { files, reached });
    else if (guard) on.verdict({ guard, by, reached });
  };
  while (rest.length > 0) {
    const before = rest.length;
    await attend({ sources, tests: group.tests, guards: rest.map(idOf) }, (told) => {
      if (told.type === 'ready' && first) on.ready(told.tests, told.unsteady);
      if (told.type === 'ready') first = false;
      if (told.type === 'removed') verdict(told.guard, told.by, told.reached, told.imports);
    }).then((hung) => hung !== undefined && verdict(hung, 'a test that never ends', 1));
    if (rest.length === before) throw new Error(`cannot examine the guards of ${group.name}: its tests do not come to an end`);
  }
  for (const [guard, { files, reached }] of imports) {
    let by: string | undefined;
    for (const file of files) if (by === undefined && (await testFails(file, guard.edit))) by = file;
    on.verdict({ guard, by, reached });
  }
}

/** Whether a test file, run by itself, fails with the edit in place. */
function testFails(file: string, edit: Edit): Promise<boolean> {
  const plant = new URL('../seams/plant.ts', import.meta.url).href;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', plant, file], {
      cwd: checkout,
      // A test runner inside of a test would report to the outer one.
      env: { ...process.env, ...withEdits([edit]), NODE_TEST_CONTEXT: undefined },
      stdio: 'ignore',
    });
    const late = setTimeout(() => child.kill('SIGKILL'), hangsMs);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(late);
      resolve(code !== 0);
    });
  });
}

/** Resolves when the examiner ends, with the guard during which it was silent for too long. */
function attend(order: Order, on: (told: Told) => void): Promise<string | undefined> {
  const examiner = fork(new URL('./examiner.ts', import.meta.url), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  let now: string | undefined;
  const giveUp = () => {
    examiner.kill('SIGKILL');
    resolve(now);
  };
  let late = setTimeout(giveUp, hangsMs);
  examiner.on('message', (told: Told) => {
    clearTimeout(late);
    late = setTimeout(giveUp, hangsMs);
    now = told.type === 'removing' ? told.guard : undefined;
    on(told);
  });
  examiner.on('error', reject);
  examiner.on('exit', () => {
    clearTimeout(late);
    resolve(now);
  });
  examiner.send(order);
  return promise;
}

/** Whether one of so many plans breaks an invariant with the guard removed. */
export async function bySimulation({ edit }: Guard, plans: number, workers: number): Promise<string | undefined> {
  let by: string | undefined;
  const seeds = Array.from({ length: plans }, (_, index) => index + 1);
  const onOutcome = ({ seed, violations: [first] }: { seed: number; violations: readonly { invariant: number }[] }) => {
    if (first) by ??= `invariant ${first.invariant} in plan ${seed}`;
    return by !== undefined;
  };
  // A worker that cannot go on has noticed, too.
  await runSeeds(seeds, { workers, edits: [edit], onOutcome }).catch((error: unknown) => {
    by ??= `a plan that breaks off: ${String(error).slice(0, 200)}`;
  });
  return by;
}
