/** The lint rules that guard the direction of imports and the sole importers: each must bite on a snippet that breaks it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const bad: [file: string, code: string, words: string][] = [
  ['src/api/a.ts', "import { createKubeClient } from '../kube/client.ts';", 'takes only types from src/kube'],
  ['src/api/b.ts', "import { x } from '../store/client.ts';", 'stands below everything'],
  ['src/api/c.ts', "import { x } from '../hub/training.ts';", 'stands below everything'],
  ['src/kube/a.ts', "import { labels } from '../api/labels.ts';", 'knows nothing of Atoll'],
  ['src/kube/b.ts', "import type { IslandJob } from '../api/islandjob.ts';", 'knows nothing of Atoll'],
  ['src/store/a.ts', "import { createKubeClient } from '../kube/client.ts';", 'imports src/api at most'],
  ['src/store/b.ts', "import { publish } from '../courier/publish.ts';", 'imports src/api at most'],
  ['src/courier/a.ts', "import { x } from '../island/decide.ts';", 'runs in the training pod'],
  ['src/courier/b.ts', "import { x } from '../kube/client.ts';", 'runs in the training pod'],
  ['src/hub/a.ts', "import { decide } from '../island/decide.ts';", 'hub and island never import each other'],
  ['src/hub/deep/a.ts', "import type { X } from '../../island/decide.ts';", 'hub and island never import each other'],
  ['src/island/a.ts', "import { x } from '../hub/training.ts';", 'hub and island never import each other'],
  ['src/link/a.ts', "import { x } from '../hub/training.ts';", 'carries messages'],
  ['src/hub/b.ts', "import { settings } from '../settings.ts';", 'hub and island never import each other'],
  ['src/hub/c.ts', "import { S3Client } from '@aws-sdk/client-s3';", 'only src/store talks to object stores'],
  ['src/main.ts', "import { S3Client } from '@aws-sdk/client-s3';", 'only src/store talks to object stores'],
  ['src/store/c.ts', "import { request } from 'undici';", 'only src/kube talks to Kubernetes'],
  ['src/island/b.ts', "import { KubeConfig } from '@kubernetes/client-node';", 'only src/kube talks to Kubernetes'],
  ['src/island/c.ts', "import { connect } from 'nats';", 'only src/link talks to NATS'],
  ['src/hub/d.ts', 'export const now = () => Date.now();', 'take a Clock'],
  ['src/hub/e.ts', 'export const now = () => Math.random();', 'take a Random'],
  ['src/hub/f.ts', 'setTimeout(() => 0, 1);', 'take a Clock'],
  ['src/hub/g.ts', 'setInterval(() => 0, 1);', 'take a Clock'],
  ['src/kube/c.ts', "import { setTimeout as sleep } from 'node:timers/promises';", 'take a Clock'],
  ['src/kube/d.ts', 'export const now = performance.now();', 'take a Clock'],
  ['src/kube/e.ts', "import { randomUUID } from 'node:crypto';", 'take a Random'],
  ['src/kube/f.ts', 'export const id = crypto.randomUUID();', 'take a Random'],
  ['src/hub/h.ts', 'export const home = process.env.HOME;', 'read the environment'],
  ['src/hub/i.ts', 'process.exit(1);', 'only src/main.ts ends the process'],
  ['src/settings.ts', 'process.exit(1);', 'only src/main.ts ends the process'],
];

const good: [file: string, code: string][] = [
  ['src/api/ok.ts', "import type { KubeObject } from '../kube/types.ts';\nexport type A = KubeObject;"],
  [
    'src/kube/ok.ts',
    "import { request } from 'undici';\nimport { systemClock } from '../clock.ts';\nexport const a = [request, systemClock];",
  ],
  [
    'src/store/ok.ts',
    "import { S3Client } from '@aws-sdk/client-s3';\nimport { x } from '../api/keys.ts';\nexport const a = [S3Client, x];",
  ],
  [
    'src/hub/ok.ts',
    "import { x } from '../store/object-store.ts';\nimport { y } from '../kube/client.ts';\nexport const a = [x, y];",
  ],
  ['src/link/ok.ts', "import { connect } from 'nats';\nexport const a = connect;"],
  [
    'src/clock.ts',
    "import { randomUUID } from 'node:crypto';\nexport const a = [Date.now(), Math.random(), setTimeout, randomUUID];",
  ],
  [
    'test/ok.ts',
    "import { x } from '../src/hub/training.ts';\nimport { y } from '../src/island/decide.ts';\nexport const a = [x, y, Date.now()];",
  ],
];

interface Diagnostic {
  filename: string;
  message: string;
  help?: string;
}

/** Lints all snippets at once under the repository's own configuration. */
async function lint(folder: string): Promise<Diagnostic[]> {
  await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  for (const [file, code] of [...bad, ...good]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    // Several snippets may share a file.
    await writeFile(join(folder, file), `${code}\n`, { flag: 'a' });
  }
  const output = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules/.bin/oxlint'), ['--format=json', '.'], { cwd: folder }, (_, stdout) => resolve(stdout));
  });
  return (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
}

let folder: string;
let found: Diagnostic[];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-lint-'));
  found = await lint(folder);
});
after(() => rm(folder, { recursive: true }));

describe('the linter refuses', () => {
  for (const [file, code, words] of bad) {
    test(`in ${file}: ${code}`, () => {
      const here = found.filter((diagnostic) => diagnostic.filename === file);
      assert.ok(
        here.some(({ message, help }) => `${message} ${help}`.includes(words)),
        JSON.stringify(here),
      );
    });
  }
});

describe('the linter takes', () => {
  for (const [file, code] of good) {
    test(`in ${file}: ${code.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(
        found.filter((diagnostic) => diagnostic.filename === file && diagnostic.message.includes('restricted')),
        [],
      );
    });
  }
});

test('no source but clock.ts reads the time by an empty Date, which the linter cannot see', async () => {
  const files = await readdir(join(root, 'src'), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts') && name !== 'clock.ts')) {
    assert.doesNotMatch(await readFile(join(root, 'src', file), 'utf8'), /new Date\(\)/, file);
  }
});
