/** What is made from the tables of metrics and alerts, for the chart and the reference, is what is committed. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { referenceFiles } from '../../local/reference.ts';

for (const [path, content] of await referenceFiles())
  test(`${path} is up to date; if not, run npm run generate`, async () => {
    assert.equal(await readFile(join(checkout, path), 'utf8'), content);
  });
