/** docs/failures.md is what the rules give. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { failureDocs, failureDocsPath } from '../../local/failure-docs.ts';
import { checkout } from '../../local/paths.ts';
import { failureClasses } from '../../src/api/reasons.ts';
import { builtInRules } from '../../src/island/rules.ts';

test(`${failureDocsPath} is up to date; if not, run npm run generate`, async () => {
  assert.equal(await readFile(join(checkout, failureDocsPath), 'utf8'), failureDocs());
});

test('every rule and every class has a row of its own', () => {
  const text = failureDocs();
  for (const { name } of builtInRules) assert.equal(text.split(`| \`${name}\` |`).length, 2, name);
  for (const name of failureClasses) assert.ok(text.includes(`\n| ${name} | `), name);
});

test('every class is given by a rule', () => {
  const given = new Set(builtInRules.map((rule) => rule.class));
  assert.deepEqual(
    failureClasses.filter((name) => !given.has(name)),
    [],
  );
});
