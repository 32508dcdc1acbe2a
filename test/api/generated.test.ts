/** What is committed under crds/ is what the schemas give. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generated } from '../../src/api/generate.ts';

const root = new URL('../../', import.meta.url);

for (const [path, content] of generated()) {
  test(`${path} is up to date; if not, run npm run generate`, async () => {
    assert.equal(await readFile(new URL(path, root), 'utf8'), content);
  });
}

test('crds/ holds nothing else', async () => {
  const files = await readdir(new URL('crds/', root));
  assert.deepEqual(files.map((name) => `crds/${name}`).toSorted(), [...generated().keys()].toSorted());
});
