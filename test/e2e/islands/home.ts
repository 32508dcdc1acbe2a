/** A run that has ended: reported, verified and brought home, and refused when one byte of it was changed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileKey } from '../../../src/api/keys.ts';
import { found } from '../followed.ts';
import type { Run } from './run.ts';
import type { Verbs } from './verbs.ts';
import type { World } from './world.ts';

export async function home(verbs: Verbs, world: World, run: Run, steps: number): Promise<void> {
  assert.equal((await verbs.atoll('wait steered --timeout 4m')).out, 'Run steered is Complete.\n');
  const ensemble = found((await run.training()).status?.ensemble, 'ensemble');
  const report = (await verbs.atoll('report steered')).out;
  assert.ok(report.includes(`| Ensemble digest | \`${ensemble.digest}\` |`), report);
  assert.match(report, new RegExp(`\\n\\| expert 0 \\| Accepted \\| \\w+ \\| ${steps} \\|`));

  const listed = (await verbs.atoll('checkpoints ls steered')).out;
  for (const work of ['ensemble', 'expert-000', 'expert-001', 'router'])
    assert.match(listed, new RegExp(`\\n${work} .* Accepted `));
  assert.match((await verbs.atoll('checkpoints ls steered -e 0 -o name')).out, /\/experts\/000\/p\d+a\d+\/\S+\/manifest\.json\n/);
  assert.match((await verbs.atoll('checkpoints verify steered')).out, /^ok {7}ensemble /);
  const one = join(verbs.dir, 'one');
  assert.match((await verbs.atoll(`checkpoints pull steered -e 1 ${one}`)).out, new RegExp(`\\nStep ${steps} of expert-001 `));
  assert.deepEqual((await readdir(one)).toSorted(), ['atoll-history.json', 'checkpoint.json', 'manifest.json', 'state.json']);
  const whole = join(verbs.dir, 'whole');
  assert.match(
    (await verbs.atoll(`pull steered ${whole}`)).out,
    new RegExp(`\\nEnsemble ${ensemble.digest} of run steered is in `),
  );
  assert.deepEqual((await readdir(whole)).toSorted(), ['ensemble', 'experts', 'router']);

  await damaged(verbs, world, run);
}

/** One byte of one file is another than it was. */
async function damaged(verbs: Verbs, { bucket }: World, run: Run): Promise<void> {
  const accepted = found((await run.expert(0)).status?.accepted, 'accepted result of expert 0');
  const { files } = await bucket.verified(accepted);
  const file = found(
    files.find(({ path }) => path === 'state.json'),
    'state.json',
  );
  const key = fileKey(accepted.manifest, file.path);
  await bucket.damage(key);
  const now = createHash('sha256')
    .update(await readFile(bucket.path(key)))
    .digest('hex');
  const said = `cannot use ${key}: its SHA-256 is ${now}, expected ${file.sha256}`;

  const folder = join(verbs.dir, 'damaged');
  const pulled = await verbs.atoll(`pull steered ${folder}`, 4);
  assert.ok(pulled.err.includes(said), pulled.err);
  assert.ok(!(await readdir(join(folder, 'experts/000'))).includes(file.path), 'what is damaged gets no name');
  const verified = (await verbs.atoll('checkpoints verify steered', 4)).out;
  assert.match(verified, /^ok {7}ensemble /);
  assert.ok(verified.includes(`damaged  expert-000 p2a2 final: ${said}\n`), verified);
}
