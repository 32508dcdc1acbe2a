/** `npm run generate`: writes docs/cli.md from the help of the verbs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cliDocument } from '../src/cli/document.ts';
import { verbs } from '../src/cli/verbs.ts';
import { checkout } from './paths.ts';

export const cliDocsPath = 'docs/cli.md';
export const cliDocs = (): string => cliDocument(verbs);

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(join(checkout, cliDocsPath), cliDocs());
  console.log(cliDocsPath);
}
