/** What the page makes of the stream, of curves and of logs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { aligned, courseOf, extentOf, joined, readings, tailOf, told } from '../../../src/dashboard/ui/charts/course.ts';
import { backoff } from '../../../src/dashboard/ui/live/backoff.ts';
import { eventReader } from '../../../src/dashboard/ui/live/events.ts';
import { appended } from '../../../src/dashboard/ui/live/lines.ts';
import { fromSnapshot, withChanges } from '../../../src/dashboard/ui/live/rows.ts';
import { windowOf } from '../../../src/dashboard/ui/parts/rows.ts';
import type { CurveView } from '../../../src/dashboard/view/curve.ts';
import type { IslandRow } from '../../../src/dashboard/view/island.ts';
import type { WorkRow } from '../../../src/dashboard/view/work.ts';

describe('the stream', () => {
  const text =
    ': hello\n\nid: 1\nevent: snapshot\ndata: {"a":1}\n\nid: 2\r\ndata: x\r\ndata:  y\r\n\r\nevent: beat\ndata: {}\n\n';
  const events = [
    { id: '1', type: 'snapshot', data: '{"a":1}' },
    { id: '2', type: 'message', data: 'x\n y' },
    { id: '2', type: 'beat', data: '{}' },
  ];

  test('events are read whatever the pieces are that they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
        const read = eventReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        assert.deepEqual(
          places.slice(1).flatMap((to, index) => read(text.slice(places[index], to))),
          events,
        );
      }),
    );
  });

  test('an event that is not ended yet is not told', () => assert.deepEqual(eventReader()('data: x\n'), []));

  test('the wait before the next try doubles from half a second to 15 s, and is spread', () => {
    assert.deepEqual(
      [1, 2, 3, 6, 50].map((attempt) => backoff(attempt, 1)),
      [500, 1000, 2000, 15_000, 15_000],
    );
    assert.equal(backoff(1, 0), 250);
  });

  const island = (name: string, jobs: number): IslandRow => ({
    id: name,
    name,
    rev: '1',
    state: 'Ready',
    reachable: 'True',
    approved: true,
    cordoned: false,
    draining: false,
    gpus: [],
    jobs,
    createdAt: '2026-03-01T00:00:00Z',
  });

  test('a change replaces rows by id, takes away what is gone and leaves the other tables as they are', () => {
    const before = fromSnapshot({ at: '', runs: [], works: [], datasets: [], islands: [island('east', 1), island('west', 2)] });
    const after = withChanges(before, { at: '', islands: [island('west', 3), island('north', 0)], gone: { islands: ['east'] } });
    assert.deepEqual(
      [...after.islands.values()].map(({ name, jobs }) => [name, jobs]),
      [
        ['west', 3],
        ['north', 0],
      ],
    );
    assert.equal(after.runs, before.runs);
    assert.equal(withChanges(after, { at: '', gone: { view: true } }).view, undefined);
  });
});

describe('a curve', () => {
  const curve: CurveView = {
    work: 'expert-001',
    attempts: [
      { placement: 1, attempt: 1 },
      { placement: 1, attempt: 2 },
    ],
    points: {
      step: [10, 20, 30, 20, 30],
      at: [1000, 2000, 3000, 9000, 10_000],
      low: [0.9, 0.5, null, 0.45, 0.4],
      high: [0.9, 0.7, null, 0.45, 0.4],
      speed: [null, null, null, null, null],
      attempt: [0, 0, 0, 1, 1],
    },
    checkpoints: [{ step: 20, attempt: 1, final: false }],
    nonFinite: [{ step: 30, at: 3000 }],
    downSampled: false,
    source: 'stored',
  };

  test('is a line for each attempt, on one axis, with what was not finite left open', () => {
    const course = courseOf(curve, [], 'step');
    assert.deepEqual(
      course.lines.map(({ name, x }) => [name, x]),
      [
        ['p1a1', [10, 20, 30]],
        ['p1a2', [20, 30]],
      ],
    );
    const [xs, first, low, high, second] = aligned(course);
    assert.deepEqual(xs, [10, 20, 30]);
    assert.deepEqual(
      [first, low, high],
      [
        [0.9, 0.6, null],
        [0.9, 0.5, null],
        [0.9, 0.7, null],
      ],
    );
    assert.deepEqual(second, [undefined, 0.45, 0.4]);
  });

  test('is told in one sentence', () => {
    assert.equal(
      told(courseOf(curve, [], 'step')),
      'Loss fell from 0.9 at step 10 to 0.4 at step 30, over 2 attempts; 1 checkpoint, the newest at step 20; not a finite number at 1 step.',
    );
    assert.equal(told(courseOf(undefined, [], 'step')), 'No loss has been reported yet.');
  });

  test('grows with what rows say, but for what it has already and for steps that went back', () => {
    const tail = [
      { attempt: 'p1a2', step: 30, at: 10_000, loss: 0.4 },
      { attempt: 'p1a2', step: 40, at: 11_000, loss: 0.39 },
      { attempt: 'p2a1', step: 20, at: 12_000, loss: null },
    ];
    const course = courseOf(curve, tail, 'step');
    assert.deepEqual(
      course.lines.map(({ step }) => step),
      [[10, 20, 30], [20, 30, 40], [20]],
    );
    assert.equal(readings(course).length, 5);
  });

  test('across time, attempts follow each other and a checkpoint is where its step was reached last', () => {
    const course = courseOf(curve, [], 'time');
    assert.deepEqual(
      course.lines.map(({ x }) => x),
      [
        [1, 2, 3],
        [9, 10],
      ],
    );
    assert.deepEqual(course.checkpoints, [{ x: 9, step: 20, final: false }]);
  });

  test('has axes that hold it, and drawings side by side have the axes that hold all', () => {
    const extent = extentOf(courseOf(curve, [], 'step'));
    assert.deepEqual(extent, { x: [10, 30], y: [0.4, 0.9] });
    assert.deepEqual(joined(extent, { x: [0, 5], y: [0.5, 2] }), { x: [0, 30], y: [0.4, 2] });
    assert.equal(extentOf(courseOf(undefined, [], 'step')), undefined);
  });

  test('takes from a row what a report is made of, and nothing from a row without one', () => {
    const row: WorkRow = { id: 'a/b/expert-001', namespace: 'a', run: 'b', work: 'expert-001', rev: '', state: 'Running' };
    assert.equal(tailOf(row), undefined);
    assert.deepEqual(tailOf({ ...row, attempt: 'p1a1', step: 5, loss: 'NaN', reportedAt: '1970-01-01T00:00:01Z' }), {
      attempt: 'p1a1',
      step: 5,
      at: 1000,
      loss: null,
    });
  });
});

describe('lists and logs', () => {
  test('of a long list the rows in sight are drawn, and some around them', () => {
    assert.deepEqual(windowOf(1000, 44, -200, 600), { from: 0, to: 22 });
    assert.deepEqual(windowOf(1000, 44, 4400, 880), { from: 92, to: 128 });
    assert.deepEqual(windowOf(1000, 44, 100_000, 880), { from: 1000, to: 1000 });
    assert.deepEqual(windowOf(3, 44, 0, 880), { from: 0, to: 3 });
  });

  test('a log is cut into lines, and of a long one the newest are kept and the others counted', () => {
    const start = { first: 0, lines: [] };
    const one = appended(start, '', 'a\nb\r\nhal');
    assert.deepEqual(one, { first: 0, lines: ['a', 'b'], rest: 'hal' });
    assert.deepEqual(appended(one, one.rest, 'f\nc\n', 3), { first: 1, lines: ['b', 'half', 'c'], rest: '' });
    assert.deepEqual(appended(one, one.rest, 'f'), { first: 0, lines: ['a', 'b'], rest: 'half' });
  });
});
