/** The state of a run and what people read: all from conditions and reports. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { reasonNames } from '../../src/api/reasons.ts';
import type { Condition, WorkStatus } from '../../src/api/work.ts';
import { sizeText } from '../../src/hub/partition.ts';
import { createMeter, etaText, overallPercent, percentText, timeLeft, workText } from '../../src/hub/progress.ts';
import { runConditions, stateOf } from '../../src/hub/state.ts';
import { at, now, work } from './builders.ts';

const condition = (type: string, status: Condition['status'], reason = 'Running'): Condition => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: at,
});
const begun = condition('Validated', 'True', 'SpecValid');

describe('the state of a run', () => {
  const table: [sentence: string, conditions: Condition[], state: string][] = [
    ['is Pending before anything is known', [], 'Pending'],
    [
      'is Pending when the spec names something that is not there',
      [condition('Validated', 'False', 'DatasetNotFound')],
      'Pending',
    ],
    ['is Preparing while the data set is cut', [condition('Validated', 'Unknown', 'DatasetNotReady')], 'Preparing'],
    ['is Running while experts are trained', [begun, condition('Progressing', 'True', 'ExpertsRunning')], 'Running'],
    ['is Running while experts wait', [begun, condition('Progressing', 'False', 'WaitingForCapacity')], 'Running'],
    ['is Running while a blocked expert is waited for', [begun, condition('Progressing', 'False', 'ExpertBlocked')], 'Running'],
    ['is Routing while only the router is left', [begun, condition('Progressing', 'True', 'RouterRunning')], 'Routing'],
    ['is Routing while the router waits', [begun, condition('Progressing', 'False', 'WaitingForRouter')], 'Routing'],
    ['is Evaluating at the end', [begun, condition('Progressing', 'True', 'EvaluationRunning')], 'Evaluating'],
    ['is Suspended only once nothing runs', [begun, condition('Suspended', 'True', 'Suspended')], 'Suspended'],
    ['is still Running while it is being suspended', [begun, condition('Suspended', 'False', 'Stopping')], 'Running'],
    ['is Complete', [begun, condition('Complete', 'True', 'EnsemblePublished')], 'Complete'],
    ['is Complete although it is suspended', [begun, condition('Suspended', 'True'), condition('Complete', 'True')], 'Complete'],
    ['is Failed', [begun, condition('Failed', 'True', 'DeadlineExceeded')], 'Failed'],
  ];
  for (const [sentence, conditions, state] of table) test(sentence, () => assert.equal(stateOf(conditions), state));

  test('never contradicts its conditions, whatever they are', () => {
    const any = fc
      .constantFrom('True' as const, 'False' as const, 'Unknown' as const)
      .chain((status) => fc.constantFrom(...reasonNames).map((reason) => [status, reason] as const));
    fc.assert(
      fc.property(fc.tuple(...runConditions.map(() => any)), (given) => {
        const conditions = given.map(([status, reason], index) => condition(runConditions[index] ?? '', status, reason));
        const is = (type: string) => conditions.some((one) => one.type === type && one.status === 'True');
        const state = stateOf(conditions);
        assert.equal(state === 'Failed', is('Failed'));
        assert.equal(state === 'Complete', is('Complete') && !is('Failed'));
        if (state === 'Suspended') assert.ok(is('Suspended'));
        if (['Running', 'Routing', 'Evaluating'].includes(state)) assert.ok(is('Validated') && !is('Suspended'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('what people read', () => {
  const progress = (step: number, steps?: number, seconds = 0) => ({
    step,
    ...(steps === undefined ? {} : { steps }),
    at: new Date(now + seconds * 1000).toISOString(),
  });
  const running = (step: number, steps: number, seconds: number, fields: Partial<WorkStatus> = {}) =>
    work({ state: 'Running', placement: 1, attempt: 1, startedAt: at, progress: progress(step, steps, seconds), ...fields });

  test('a share is rounded down, so that 100% means done', () => {
    assert.deepEqual(
      [percentText(progress(999, 1000)), percentText(progress(1000, 1000)), percentText(progress(5)), percentText(undefined)],
      ['99%', '100%', undefined, undefined],
    );
  });
  test('a work is its state, with its share while it has one', () => {
    assert.deepEqual(
      [workText(work()), workText(running(40, 100, 9)), workText(work({ state: 'Accepted', progress: progress(1, 2) }))],
      ['Waiting', 'Running 40%', 'Accepted'],
    );
  });
  test('the share of a run is the mean of its experts, accepted ones whole and silent ones not begun', () => {
    assert.equal(overallPercent([work({ state: 'Accepted' }), running(50, 100, 1), undefined, work()]), '37%');
    assert.equal(overallPercent([undefined, work()]), undefined);
  });
  test('time left is that of the slowest', () => {
    assert.equal(
      timeLeft([
        { steps: 100, rate: 1 },
        { steps: 10, rate: 1 },
      ]),
      100,
    );
  });
  test('works that wait for room are done at the speed of those that run', () => {
    assert.equal(
      timeLeft([
        { steps: 100, rate: 2 },
        { steps: undefined, rate: undefined },
        { steps: undefined, rate: undefined },
      ]),
      150,
    );
  });
  test('without any speed there is no time', () => {
    assert.equal(timeLeft([{ steps: 100, rate: undefined }]), undefined);
    assert.equal(etaText(undefined), undefined);
    assert.equal(etaText(61_000), '61s');
  });
  test('the meter takes the first report over the time since the start, then the reports among themselves', () => {
    const meter = createMeter();
    assert.deepEqual(meter.remaining('a', running(50, 100, 50)), { steps: 50, rate: 0.001 });
    assert.deepEqual(meter.remaining('a', running(70, 100, 60)), { steps: 30, rate: 0.002 });
  });
  test('the meter begins anew with every attempt', () => {
    const meter = createMeter();
    meter.remaining('a', running(50, 100, 50));
    assert.deepEqual(meter.remaining('a', running(60, 100, 500, { attempt: 2 })), { steps: 40, rate: undefined });
    assert.deepEqual(meter.remaining('a', running(80, 100, 510, { attempt: 2 })), { steps: 20, rate: 0.002 });
  });
  test('sizes have at most one decimal', () => {
    assert.deepEqual([0, 1023, 1536, 12_345_678, 5 * 2 ** 40].map(sizeText), ['0 B', '1023 B', '1.5 KiB', '11.8 MiB', '5 TiB']);
  });
});
