/** Requests of users as annotations: what can be read acts, what cannot is named, and nothing is asked twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moveOf, readMove, readRetry, retryOf, withMove, withRetry } from '../../src/api/requests.ts';
import type { WorkStatus } from '../../src/api/work.ts';

const digest = `sha256:${'a1'.repeat(32)}`;

test('a retry names a work and the placement it stood at', () => {
  assert.deepEqual(readRetry(`3@2, router@1,evaluation@4,partition@1,7@1=${digest}`), {
    requests: [
      { work: 3, placement: 2 },
      { work: 'router', placement: 1 },
      { work: 'evaluation', placement: 4 },
      { work: 'partition', placement: 1 },
      { work: 7, placement: 1, replaces: digest },
    ],
    wrong: [],
  });
});

test('a move names the island, or none for anywhere else', () => {
  assert.deepEqual(readMove('3@2=west-1,4@1'), {
    requests: [
      { work: 3, placement: 2, island: 'west-1' },
      { work: 4, placement: 1 },
    ],
    wrong: [],
  });
});

test('an annotation that is absent or empty asks for nothing', () => {
  for (const value of [undefined, '', '  ']) assert.deepEqual(readRetry(value), { requests: [], wrong: [] });
});

for (const entry of [
  '3',
  '3@',
  '@2',
  '-1@2',
  '03@2',
  '3@2.5',
  '3@02',
  'expert@1',
  '3@2=west',
  '3@2=sha256:12',
  '3@10000',
  '3@2@3',
  '1e2@1',
  '',
]) {
  test(`the retry "${entry}" is named as wrong and the others still count`, () => {
    assert.deepEqual(readRetry(`1@1,${entry},2@1`), {
      requests: [
        { work: 1, placement: 1 },
        { work: 2, placement: 1 },
      ],
      wrong: [entry],
    });
  });
}

for (const entry of ['3@2=', '3@2=West', '3@2=-west', '3@2=a/b', '3=west', `3@2=${'a'.repeat(64)}`, '<b>@1=west']) {
  test(`the move "${entry}" is named as wrong`, () => assert.deepEqual(readMove(entry), { requests: [], wrong: [entry] }));
}

test('what is far too long is not read at all', () => {
  const { requests, wrong } = readRetry('3@2,'.repeat(10_000));
  assert.deepEqual(requests, []);
  assert.equal(wrong.length, 1);
  assert.match(wrong[0] ?? '', /^3@2,3@2,.*… \(40000 characters\)$/);
});

test('a request takes the place of an older one for the same work, and drops what cannot be read', () => {
  assert.equal(withRetry(undefined, { work: 3, placement: 2 }), '3@2');
  assert.equal(withRetry('3@1,rubbish,router@1', { work: 3, placement: 2 }), 'router@1,3@2');
  assert.equal(withMove('3@1=west,4@1', { work: 3, placement: 2, island: 'east' }), '4@1,3@2=east');
  assert.equal(withMove('3@1=west', { work: 3, placement: 2 }), '3@2');
});

test('what is written is read again as it was meant', () => {
  const retry = { work: 12, placement: 7, replaces: digest };
  assert.deepEqual(readRetry(withRetry('evaluation@2', retry)).requests.at(-1), retry);
  const move = { work: 'router' as const, placement: 1, island: 'west' };
  assert.deepEqual(readMove(withMove(undefined, move)).requests, [move]);
});

test('the same request again changes nothing', () => {
  const once = withRetry('router@1', { work: 3, placement: 2 });
  assert.equal(withRetry(once, { work: 3, placement: 2 }), once);
});

const accepted = { manifest: 'm', digest, placement: 2, attempt: 1, step: 1, bytes: 1, at: '2026-01-01T00:00:00Z' };
const status = (state: WorkStatus['state']): WorkStatus => ({ placement: 2, attempt: 1, restarts: 0, state, accepted });

test('a request is made for the work as it stands: only of an accepted one the result is to be replaced', () => {
  assert.deepEqual(retryOf(3, status('Accepted')), { work: 3, placement: 2, replaces: digest });
  assert.deepEqual(retryOf(3, status('Blocked')), { work: 3, placement: 2 });
  assert.deepEqual(retryOf(3, undefined), { work: 3, placement: 0 });
  assert.deepEqual(moveOf('router', status('Running'), 'west'), { work: 'router', placement: 2, island: 'west' });
  assert.deepEqual(moveOf(1, undefined), { work: 1, placement: 0 });
});
