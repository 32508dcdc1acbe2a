/** What is committed under crds/ and in the chart is what the schemas give. */
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

for (const folder of ['crds/', 'charts/atoll/templates/crds/']) {
  test(`${folder} holds nothing else`, async () => {
    const files = (await readdir(new URL(folder, root))).map((name) => folder + name);
    assert.deepEqual(files.toSorted(), [...generated().keys()].filter((path) => path.startsWith(folder)).toSorted());
  });
}
