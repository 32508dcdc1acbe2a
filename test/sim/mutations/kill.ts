/** Removes one guard and sees who notices: the unit tests first, then the simulation. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../../local/paths.ts';
import { runSeeds } from '../crew.ts';
import { type Edit, withEdits } from '../seams/edits.ts';
import { type Guard, guardsOf } from './guards.ts';
import { type Source, sources } from './sources.ts';

export type Verdict = 'unit tests' | 'simulation' | 'survived';

export interface Mutation {
  source: Source;
  guard: Guard;
}

/** Every guard of every file, or of those whose path holds the pattern. */
export async function mutations(pattern = ''): Promise<Mutation[]> {
  const found: Mutation[] = [];
  for (const source of sources.filter(({ file }) => file.includes(pattern))) {
    const text = await readFile(join(checkout, source.file), 'utf8');
    for (const guard of guardsOf(source.file, text)) found.push({ source, guard });
  }
  return found;
}

const longestMs = 120_000;

/** Whether any of the test files fails with the edit in place. */
function testsFail(tests: readonly string[], edit: Edit): Promise<boolean> {
  const plant = new URL('../seams/plant.ts', import.meta.url).href;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', plant, '--test', '--test-reporter=dot', ...tests], {
      cwd: checkout,
      // A test runner inside of a test would report to the outer one.
      env: { ...process.env, ...withEdits([edit]), NODE_TEST_CONTEXT: undefined },
      stdio: 'ignore',
    });
    const late = setTimeout(() => child.kill('SIGKILL'), longestMs);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(late);
      resolve(code !== 0);
    });
  });
}

async function simulationFails(edit: Edit, plans: number, workers: number): Promise<boolean> {
  let broke = false;
  const seeds = Array.from({ length: plans }, (_, index) => index + 1);
  await runSeeds(seeds, { workers, edits: [edit], onOutcome: ({ violations }) => (broke ||= violations.length > 0) }).catch(
    () => {
      // A worker that cannot go on has noticed, too.
      broke = true;
    },
  );
  return broke;
}

export async function verdictOn({ source, guard }: Mutation, options: { plans: number; workers: number }): Promise<Verdict> {
  if (await testsFail(source.tests, guard.edit)) return 'unit tests';
  if (options.plans > 0 && (await simulationFails(guard.edit, options.plans, options.workers))) return 'simulation';
  return 'survived';
}
