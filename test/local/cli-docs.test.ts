/** docs/cli.md is what the verbs say of themselves. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { cliDocs, cliDocsPath } from '../../local/cli-docs.ts';
import { checkout } from '../../local/paths.ts';

it('docs/cli.md is as the verbs would write it', async () => {
  assert.equal(await readFile(join(checkout, cliDocsPath), 'utf8'), cliDocs(), 'run npm run generate');
});
