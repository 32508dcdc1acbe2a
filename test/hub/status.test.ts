/** When two statuses are the same, and need no write. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sameJson } from '../../src/hub/status.ts';

describe('sameJson', () => {
  const cases: [string, unknown, unknown, boolean][] = [
    ['the order of members does not count', { a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }, true],
    ['an undefined member is an absent one', { a: 1, b: undefined }, { a: 1 }, true],
    ['a member more on either side is a difference', { a: 1 }, { a: 1, b: 0 }, false],
    ['a member of another name is a difference', { a: 1, b: 2 }, { a: 1, c: 2 }, false],
    ['the order of a list counts', [1, 2], [2, 1], false],
    ['a longer list is another', [1], [1, 2], false],
    ['a list is no object', [], {}, false],
    ['nothing is not null', undefined, null, false],
    ['a number is not its text', { a: 1 }, { a: '1' }, false],
  ];
  for (const [title, a, b, same] of cases)
    it(title, () => {
      assert.equal(sameJson(a, b), same);
      assert.equal(sameJson(b, a), same);
    });
});
