/** How the page says times, numbers, states and places. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { datasetStates } from '../../../src/api/expertdataset.ts';
import { trainingStates } from '../../../src/api/experttraining.ts';
import { jobStates } from '../../../src/api/islandjob.ts';
import { workStates } from '../../../src/api/work.ts';
import { parseRoute, pathOf, type Route } from '../../../src/dashboard/ui/route.ts';
import { pieces } from '../../../src/dashboard/ui/words/find.ts';
import { bytes, listed, measured, percent, plural, shortDigest } from '../../../src/dashboard/ui/words/number.ts';
import { inWords, lookOf } from '../../../src/dashboard/ui/words/states.ts';
import { ago, duration, timestamp } from '../../../src/dashboard/ui/words/time.ts';
import { partsOfId, routeOf, titleOf } from '../../../src/dashboard/ui/words/work.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('times', () => {
  const cases: [number, string][] = [
    [-5, '0 s'],
    [999, '0 s'],
    [8 * second, '8 s'],
    [4 * minute + 7 * second, '4 min 7 s'],
    [4 * minute, '4 min'],
    [42 * minute + 50 * second, '42 min'],
    [3 * hour + 5 * minute, '3 h 5 min'],
    [75 * hour, '3 d 3 h'],
  ];
  for (const [ms, words] of cases) test(`${ms} ms are ${words}`, () => assert.equal(duration(ms), words));

  test('what is a second old or in the future is just now', () => {
    assert.equal(ago(10_000, 11_000), 'just now');
    assert.equal(ago(20_000, 11_000), 'just now');
    assert.equal(ago('1970-01-01T00:00:00Z', 9 * minute), '9 min ago');
  });

  test('a timestamp names its zone, and one that cannot be read says so', () => {
    assert.equal(timestamp('2026-03-01T14:02:11Z', 'UTC'), '2026-03-01 14:02:11 UTC');
    assert.equal(timestamp('yesterday', 'UTC'), 'unknown');
  });
});

describe('numbers', () => {
  test('bytes are in binary units', () => {
    assert.deepEqual([0, 1023, 1024, 13_000_000, 5 * 1024 ** 4].map(bytes), ['0 B', '1023 B', '1.0 KiB', '12.4 MiB', '5.0 TiB']);
  });
  test('a measured number has four digits, and what is none has a name', () => {
    assert.deepEqual([0.293_14, 12.6, 0, 1234.56, 0.000_012, Number.NaN, Number.POSITIVE_INFINITY, undefined].map(measured), [
      '0.2931',
      '12.6',
      '0',
      '1235',
      '1.20e-5',
      'not a number',
      'infinite',
      'none',
    ]);
  });
  test('100 % is said only when all is done', () => {
    assert.deepEqual([0, 0.004, 0.5, 0.999, 1].map(percent), ['0 %', '0 %', '50 %', '99 %', '100 %']);
  });
  test('long lists are counted', () => {
    assert.equal(listed([]), '');
    assert.equal(listed(['a']), 'a');
    assert.equal(listed(['a', 'b', 'c']), 'a, b and c');
    assert.equal(listed(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c and 3 more');
    assert.equal(plural(1, 'expert'), '1 expert');
    assert.equal(plural(1200, 'expert'), '1,200 experts');
    assert.equal(shortDigest(`sha256:${'ab'.repeat(32)}`), 'abababababab');
  });
});

describe('states', () => {
  test('every state of the API has a look of its own, and its word is said', () => {
    for (const state of [...trainingStates, ...workStates, ...jobStates, ...datasetStates]) {
      assert.notDeepEqual(lookOf(state), lookOf('a state of tomorrow'), state);
    }
    assert.equal(inWords('NotJoined'), 'not joined');
  });
  test('good and bad differ in shape too', () => {
    assert.notEqual(lookOf('Accepted').shape, lookOf('Blocked').shape);
    assert.notEqual(lookOf('Running').shape, lookOf('Suspended').shape);
  });
  test('works are called as people call them', () => {
    assert.equal(titleOf('expert-007'), 'expert 7');
    assert.equal(titleOf('expert-000'), 'expert 0');
    assert.equal(titleOf('router'), 'router');
    assert.deepEqual(routeOf({ namespace: 'a', run: 'b', work: 'expert-012' }), {
      view: 'expert',
      namespace: 'a',
      name: 'b',
      index: 12,
    });
    assert.deepEqual(partsOfId('research/digits'), { namespace: 'research', name: 'digits' });
  });
});

describe('addresses', () => {
  const routes: Route[] = [
    { view: 'runs' },
    { view: 'history' },
    { view: 'past', namespace: 'research', name: 'digits.0a0a0a0a' },
    { view: 'experts' },
    { view: 'islands' },
    { view: 'island', name: 'east' },
    { view: 'datasets' },
    { view: 'dataset', namespace: 'research', name: 'digits' },
    { view: 'run', namespace: 'research', name: 'digits' },
    { view: 'expert', namespace: 'research', name: 'digits', index: 255 },
    { view: 'lineage', namespace: 'research', name: 'digits' },
    { view: 'ensemble', namespace: 'research', name: 'digits' },
    { view: 'signin' },
  ];
  for (const route of routes)
    test(`${pathOf(route)} is read as what it was made from`, () => assert.deepEqual(parseRoute(pathOf(route)), route));

  test('names of any kind survive', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (namespace, name) => {
        const route: Route = { view: 'run', namespace, name };
        assert.deepEqual(parseRoute(pathOf(route)), route);
      }),
    );
  });
  test('the base itself is the list of runs, anything else is said to be unknown', () => {
    assert.deepEqual(parseRoute(''), { view: 'runs' });
    for (const path of [
      'nothing',
      'runs/a',
      'runs/a/b/c',
      'runs/a/b/experts/x',
      'islands/a/b',
      'runs/a/b/experts/1/2',
      'runs/%',
    ]) {
      assert.equal(parseRoute(path).view, 'unknown', path);
    }
  });
});

describe('search', () => {
  test('hits are cut out whatever their case', () => {
    assert.deepEqual(pieces('Loss is loss', 'LOSS'), [
      { text: 'Loss', found: true },
      { text: ' is ', found: false },
      { text: 'loss', found: true },
    ]);
    assert.deepEqual(pieces('', 'x'), [{ text: '', found: false }]);
  });
  test('nothing of the text is lost', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, search) => {
        assert.equal(
          pieces(text, search)
            .map((piece) => piece.text)
            .join(''),
          text,
        );
      }),
    );
  });
});
