/** Runs the Python tests of the trainers, one test here for each there. Without a Python that has PyTorch they are skipped by name. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const workloads = join(here, '..', '..', 'workloads');
const files = readdirSync(here)
  .filter((name) => /^test_\w+\.py$/.test(name))
  .toSorted();

interface Line {
  name: string;
  ok: boolean;
  skipped: boolean;
  detail: string;
}

/** Runs a program to its end; gives its lines and, when it failed, what it said on stderr. */
async function run(command: string, args: readonly string[]): Promise<{ lines: string[]; error?: string }> {
  const env = { ...process.env, PYTHONPATH: workloads, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(command, args, { cwd: here, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return code === 0 ? { lines } : { lines, error: errors.join('\n') || `exit code ${code}` };
}

const environment = await run('sh', [join(workloads, 'environment.sh')]);
const python = environment.lines.at(-1) ?? '';
const skip = environment.error === undefined ? false : `no Python for the trainers: ${environment.error.split('\n').at(-1)}`;

for (const file of files) {
  test(`workloads: ${file.slice('test_'.length, -'.py'.length)}`, { skip }, async (t) => {
    const { lines, error } = await run(python, ['run.py', file.slice(0, -'.py'.length)]);
    const results = lines.filter((line) => line.startsWith('{"name"')).map((line) => JSON.parse(line) as Line);
    for (const result of results) {
      await t.test(result.name, { skip: result.skipped ? result.detail : false }, () => assert.ok(result.ok, result.detail));
    }
    assert.equal(error, undefined);
    assert.ok(results.length > 0, `${file} ran no test: ${lines.join('\n')}`);
  });
}
