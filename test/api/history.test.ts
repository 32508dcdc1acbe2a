import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Course, emptyHistory, historyFile, joined, maxHistoryBytes, maxHistoryPoints } from '../../src/api/history.ts';

const report = (step: number, loss = '0.5') => ({ step, loss, samplesPerSecond: '10', at: new Date(step * 1000).toISOString() });
const [first, second] = [
  { placement: 1, attempt: 1 },
  { placement: 1, attempt: 2 },
];

describe('the course of a training', () => {
  test('stays bounded over any number of reports, and keeps the lowest and the highest loss', () => {
    const course = new Course();
    for (let step = 1; step <= 50_000; step++)
      course.add(first, report(step, step === 31_337 ? '9.5' : step === 777 ? '0.01' : '0.5'));
    for (let step = 0; step < 2000; step++) course.mark(first, step * 25, false);
    const file = course.file();
    assert.ok(file.points.step.length <= maxHistoryPoints && file.points.step.length > maxHistoryPoints / 4);
    assert.equal(Math.max(...file.points.high.map((value) => value ?? 0)), 9.5);
    assert.equal(Math.min(...file.points.low.map((value) => value ?? 1)), 0.01);
    assert.equal(file.points.step.at(-1), 50_000);
    assert.equal(file.merged, true);
    assert.ok(JSON.stringify(file).length < maxHistoryBytes);
    assert.deepEqual(historyFile.parse(JSON.parse(JSON.stringify(file))), file);
  });

  test('marks losses that are no numbers, and draws them as gaps', () => {
    const course = new Course();
    course.add(first, report(1));
    course.add(first, { step: 2, at: report(2).at }, true);
    course.add(first, report(3, 'NaN'));
    const { points, nonFinite } = course.file();
    assert.deepEqual(points.low, [0.5, null, null]);
    assert.deepEqual(
      nonFinite.map(({ step }) => step),
      [2, 3],
    );
  });

  test('takes no report twice, and none from before', () => {
    const course = new Course();
    for (const step of [1, 1, 3, 2]) course.add(first, report(step));
    assert.deepEqual(course.file().points.step, [1, 3]);
  });

  test('of what is stored and what is heard is one: what was lost after the last checkpoint is kept, nothing is there twice', () => {
    const stored = new Course();
    for (const step of [1, 2, 3]) stored.add(first, report(step));
    stored.mark(first, 3, false);
    for (const step of [7, 8]) stored.add(second, { ...report(step), step: step - 3 });
    const live = new Course();
    for (const step of [2, 3, 4, 5]) live.add(first, report(step));
    for (const step of [8, 9]) live.add(second, { ...report(step), step: step - 3 });
    live.mark(first, 3, false);
    const { points, attempts, checkpoints } = joined(stored.file(), live.file());
    assert.deepEqual(points.step, [1, 2, 3, 4, 5, 4, 5, 6]);
    assert.deepEqual(points.attempt, [0, 0, 0, 0, 0, 1, 1, 1]);
    assert.deepEqual([attempts, checkpoints], [[first, second], [{ step: 3, attempt: 0, final: false }]]);
    assert.deepEqual(joined(emptyHistory(), live.file()), live.file());
  });

  test('that names an attempt it does not list is none', () => {
    const course = new Course();
    course.add(first, report(1));
    assert.equal(historyFile.safeParse({ ...course.file(), attempts: [] }).success, false);
  });
});
