/** The failure rules and the retry budget, as tables. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttemptRecord } from '../../src/api/work.ts';
import { nextAttempt } from '../../src/island/budget.ts';
import { classify } from '../../src/island/classify.ts';
import { type EndReason, endingOf } from '../../src/island/ending.ts';
import type { Pod } from '../../src/kube/core.ts';
import { at, closed, ended, endedPod, final, now, PREFIX, pod, refusedPod } from './builders.ts';

const given = { workPrefix: PREFIX, placement: 1, attempt: 1, gpus: 0, limits: { memory: '1Gi' }, past: [] };
const end = (of: Pod | undefined, why: EndReason = 'Finished', detail?: string) =>
  endingOf(of, new Set(), { why, ...given, ...(detail === undefined ? {} : { detail }) });
const target = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'drained' }];

describe('what the end of an attempt is called', () => {
  for (const [sentence, facts, rule, failure, action, counted] of [
    [
      'another pod held the claim',
      end(refusedPod(1, 3, { reason: 'AttemptTaken' })),
      'attempt-taken',
      'AttemptTaken',
      'Retry',
      false,
    ],
    [
      'exit 75 after suspend',
      end(endedPod(1, 75, {}, { deleted: true }), 'Asked', 'it was suspended'),
      'asked',
      'Disruption',
      'Retry',
      false,
    ],
    [
      'a damaged input',
      end(refusedPod(1, 5, { reason: 'InputDamaged', key: 'k', message: 'k is damaged' })),
      'input-damaged',
      'InputDamaged',
      'Fail',
      false,
    ],
    [
      'restore cannot read its configuration',
      end(refusedPod(1, 7, { reason: 'Configuration', message: 'no store x' })),
      'restore-refused',
      'Configuration',
      'Fail',
      false,
    ],
    [
      'exit 42',
      end(endedPod(1, 42, {}, { said: 'steps must be positive' })),
      'configuration-exit',
      'Configuration',
      'Fail',
      false,
    ],
    [
      'a deadline of the image pull',
      end(pod(1), 'Broken', 'ImagePullBackOff'),
      'configuration-deadline',
      'Configuration',
      'Fail',
      false,
    ],
    ['an eviction', end(endedPod(1, 137, {}, { conditions: target, deleted: true })), 'disrupted', 'Disruption', 'Retry', false],
    ['a pod deleted by someone', end(endedPod(1, 143, {}, { deleted: true })), 'pod-deleted', 'Disruption', 'Retry', false],
    ['a Job suspended by someone', end(undefined, 'JobSuspended'), 'job-suspended', 'Disruption', 'Retry', false],
    [
      'the store away during restore',
      end(refusedPod(1, 6, { reason: 'Storage', message: 'timed out' })),
      'storage-unreachable',
      'Storage',
      'Retry',
      true,
    ],
    ['restore broken', end(refusedPod(1, 1)), 'restore-failed', 'Crash', 'Retry', true],
    [
      'a pod that the node refused',
      end(pod(1, { phase: 'Failed', node: 'n', trainer: {}, restore: {}, courier: {}, message: 'OutOfcpu' })),
      'node-refused',
      'Disruption',
      'Retry',
      false,
    ],
    ['a Job gone without a pod', end(undefined, 'JobGone'), 'job-gone', 'Disruption', 'Retry', false],
    [
      'done but not published',
      end(endedPod(1, 0, { reason: 'Storage', message: 'bucket is away' })),
      'not-published',
      'Storage',
      'Retry',
      true,
    ],
    [
      'done and courier killed',
      end(endedPod(1, 0, undefined, { courier: ended(137) })),
      'not-published',
      'Storage',
      'Retry',
      true,
    ],
    ['done without a final', end(endedPod(1, 0, { reason: 'NothingPublished' })), 'done-without-result', 'Crash', 'Retry', true],
    ['exit 75 that nobody asked for', end(endedPod(1, 75)), 'stopped-unasked', 'Crash', 'Retry', true],
    ['kill -9 of the trainer', end(endedPod(1, 137)), 'crash', 'Crash', 'Retry', true],
    ['any other exit code', end(endedPod(1, 1, {}, { said: 'Traceback' })), 'crash', 'Crash', 'Retry', true],
  ] as const)
    it(`${sentence}: ${rule}`, () => {
      const verdict = classify(facts);
      assert.deepEqual({ ...verdict, message: '', hint: '' }, { class: failure, rule, action, counted, message: '', hint: '' });
      assert.notEqual(verdict.message, '');
    });

  it('the message is what the one who knows best said', () => {
    assert.equal(classify(end(endedPod(1, 42, {}, { said: 'steps must be positive' }))).message, 'steps must be positive');
    assert.equal(
      classify(end(refusedPod(1, 5, { reason: 'InputDamaged', key: 'k', message: 'k is damaged' }))).message,
      'k is damaged',
    );
    const long = classify(end(endedPod(1, 1, {}, { said: `${'x'.repeat(900)}ValueError` }))).message;
    assert.equal(long.length, 512);
    assert.match(long, /ValueError$/);
  });

  it('a final manifest counts whatever the exit codes say', () => {
    assert.equal(classify(end(endedPod(1, 137, { final: final(1) }))).class, 'Succeeded');
    assert.equal(classify({ ...end(undefined, 'JobGone'), reportedFinal: final(1) }).class, 'Succeeded');
  });

  it('a final manifest of another attempt counts only when restore says so', () => {
    assert.equal(classify(end(endedPod(1, 0, { final: final(2) }))).class, 'Crash');
    assert.equal(classify(end(refusedPod(1, 4, { reason: 'AlreadyFinal', final: final(2) }))).class, 'Succeeded');
  });
});

describe('when the next attempt starts', () => {
  const retry = { maxRestarts: 3, backoff: { initial: '10s', max: '1m' } };
  const crashes = (count: number) => Array.from({ length: count }, (_, index) => closed(index + 1, 'Crash'));
  const delay = (attempts: AttemptRecord[], restarts: number, counted: boolean, progressedAttempt?: number) => {
    const verdict = nextAttempt(
      { attempts, restarts, ...(progressedAttempt === undefined ? {} : { progressedAttempt }) },
      counted,
      retry,
      now(60),
    );
    return verdict.retry ? verdict.delayMs / 1000 : 'never';
  };

  for (const [sentence, seconds, expected] of [
    ['a first crash without a checkpoint waits', delay(crashes(1), 1, true), 10],
    ['each further one twice as long', delay(crashes(2), 2, true), 20],
    ['up to the maximum', delay(crashes(5), 3, true), 60],
    ['the first after a checkpoint comes at once', delay(crashes(2), 2, true, 2), 0],
    ['then it waits again', delay(crashes(3), 3, true, 2), 10],
    ['one more than the budget never', delay(crashes(4), 4, true), 'never'],
    [
      'a crash is none of the ends that nobody counts, however many came in the last hour',
      delay([...Array.from({ length: 8 }, (_, index) => closed(index + 1, 'Disruption')), closed(9, 'Crash')], 1, true, 8),
      10,
    ],
    ['a disruption comes back at once', delay([closed(1, 'Disruption')], 0, false), 0],
    ['a second one without progress waits', delay([closed(1, 'Disruption'), closed(2, 'Disruption')], 0, false), 10],
    [
      'suspends say nothing about the work',
      delay(
        [closed(1, 'Disruption', { rule: 'asked' }), closed(2, 'Disruption', { rule: 'asked' }), closed(3, 'Disruption')],
        0,
        false,
      ),
      0,
    ],
    [
      'disruptions without end wait the longest',
      delay(
        Array.from({ length: 8 }, (_, index) => closed(index + 1, 'Disruption')),
        0,
        false,
        8,
      ),
      60,
    ],
    [
      'but old ones are forgotten',
      delay(
        [
          ...Array.from({ length: 8 }, (_, index) => closed(index + 1, 'Disruption', { finishedAt: at(-7200) })),
          closed(9, 'Disruption'),
        ],
        0,
        false,
        9,
      ),
      0,
    ],
    [
      'a day of disruptions without any checkpoint waits until the first of the last twelve is a day old',
      delay(
        Array.from({ length: 13 }, (_, index) => closed(index + 1, 'GpuFault', { finishedAt: at(index * 4000 - 50_000) })),
        0,
        false,
      ),
      86_400 - 60 - 46_000,
    ],
    [
      'what a rule of the user does not count is no counted failure',
      delay([closed(1, 'Crash', { counted: false })], 0, false),
      0,
    ],
    [
      'a budget of zero allows no retry',
      nextAttempt({ attempts: crashes(1), restarts: 1 }, true, { ...retry, maxRestarts: 0 }, now(60)).retry,
      false,
    ],
  ] as const)
    it(sentence, () => assert.equal(seconds, expected));
});
