/** `npm run generate`: writes docs/bad-inputs.md from the table of bad inputs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../local/paths.ts';
import { type BadInput, badInputs, type Where, withoutRow } from './table.ts';

export const badInputDocsPath = 'docs/bad-inputs.md';

const where: Record<Where, string> = {
  A: 'API server, when it is applied',
  R: 'controller',
  P: 'message or report',
  S: 'object store, by whoever reads it',
  U: 'what people are shown',
};

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const row = ({ number, input, caught, words }: BadInput) =>
  `| ${number} | ${cell(input)} | ${caught} | ${cell(words.join(' … '))} |\n`;

export function badInputDocs(): string {
  const places = Object.entries(where).map(([letter, words]) => `| ${letter} | ${words} |\n`);
  return `<!-- Generated from test/inputs by \`npm run generate\`. Do not edit. -->
# What happens to bad inputs

Each row is tried by \`npm test\`: nothing in it ends a process, and nothing is taken silently. The words are what the message holds.

| letter | where it is caught |
|---|---|
${places.join('')}
| no. | input | caught | words of the message, or what becomes of it |
|---|---|---|---|
${badInputs.map(row).join('')}
## Not in the table

| no. | why |
|---|---|
${withoutRow.map(([numbers, why]) => `| ${numbers} | ${why} |\n`).join('')}`;
}

if (import.meta.main) await writeFile(join(checkout, badInputDocsPath), badInputDocs());
