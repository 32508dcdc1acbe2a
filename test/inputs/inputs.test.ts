/** Every bad input that no API server has to be asked about is tried here; the others are in test/api/crds.test.ts. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { badInputDocs, badInputDocsPath } from './docs.ts';
import { badInputs, withoutRow } from './table.ts';

async function heard(said: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await said());
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
}

describe('a bad input', () => {
  for (const { number, input, words, said } of badInputs) {
    if (said === undefined) continue;
    test(`${number}: ${input} ends with ${words.join(' … ')}`, async () => {
      const message = await heard(said);
      for (const word of words) assert.ok(message.includes(word), message);
      assert.ok(!message.includes('it was taken'), message);
    });
  }
});

test('every number of the catalogue has a row, or a reason why not', () => {
  const numbers = new Set(badInputs.map(({ number }) => number));
  for (const [text] of withoutRow) {
    const [first = 0, last] = text.split(' to ').map(Number);
    if (last !== undefined) for (let number = first; number <= last; number += 1) numbers.add(number);
    else for (const number of text.split(', ')) numbers.add(Number(number));
  }
  assert.deepEqual(
    [...numbers].toSorted((a, b) => a - b),
    Array.from({ length: 62 }, (_, index) => index + 1),
  );
});

test(`${badInputDocsPath} is up to date; if not, run npm run generate`, async () => {
  assert.equal(await readFile(join(checkout, badInputDocsPath), 'utf8'), badInputDocs());
});
