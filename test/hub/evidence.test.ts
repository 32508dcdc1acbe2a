/** What of a failure reaches the hub, and the words that a tired person reads about it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExpertShard, expertShardStatus } from '../../src/api/expertshard.ts';
import { apiVersion } from '../../src/api/kind.ts';
import type { AttemptRecord, FailureEvidence, WorkStatus } from '../../src/api/work.ts';
import { failureStory, failureText, withFailures } from '../../src/hub/evidence.ts';
import { shardStatus } from '../../src/hub/shardstatus.ts';
import { at, digest, job, now, work } from './builders.ts';

const crash = (number: number, fields: Partial<AttemptRecord> = {}): AttemptRecord => ({
  number,
  pod: `pod-${number}`,
  node: 'n1',
  class: 'Crash',
  rule: 'crash',
  action: 'Retry',
  counted: true,
  exitCode: 1,
  step: 120,
  message: 'CUDA error: device-side assert triggered',
  finishedAt: at,
  ...fields,
});
const evidence: FailureEvidence = {
  attempt: 2,
  class: 'Crash',
  rule: 'crash',
  action: 'Retry',
  counted: true,
  message: 'CUDA error: device-side assert triggered',
  hint: 'Read the last lines of the log',
  lines: 'Traceback\nAssertionError',
  events: ['BackOff: restarting failed container'],
  at,
};
const west = { island: 'west' };
const failures = (current: WorkStatus, attempts: AttemptRecord[], placement = 1) =>
  withFailures(current, job(placement, { attempts, failure: evidence }, west));

describe('the failures of a work', () => {
  test('are the newest with all its evidence, and a history of one line each', () => {
    const found = failures(work(), [crash(1), crash(2), { number: 3 }]);
    const { attempt: _, class: __, rule: ___, action: ____, counted: _____, message: ______, at: when, ...more } = evidence;
    assert.deepEqual(found.failure, { ...crash(2), placement: 1, ...west, ...more });
    const line = {
      placement: 1,
      ...west,
      class: 'Crash',
      rule: 'crash',
      node: 'n1',
      exitCode: 1,
      step: 120,
      message: crash(1).message,
      at: when,
    };
    assert.deepEqual(found.failures, [
      { ...line, attempt: 1 },
      { ...line, attempt: 2 },
    ]);
  });
  test('have no evidence of another attempt', () => {
    assert.equal(failures(work(), [crash(3)]).failure?.hint, undefined);
  });
  test('are not ends that somebody asked for, nor successes', () => {
    const asked = crash(1, { class: 'Disruption', rule: 'asked' });
    assert.deepEqual(failures(work(), [asked, { number: 2, class: 'Succeeded' }]), {});
  });
  test('of earlier placements stay, at most ten in all, the newest last', () => {
    const many = Array.from({ length: 8 }, (_, index) => crash(index + 1));
    const first = failures(work(), many);
    const second = failures(work(first), many.slice(0, 4), 2);
    assert.deepEqual(
      second.failures?.map(({ placement, attempt }) => `p${placement}a${attempt}`),
      ['p1a3', 'p1a4', 'p1a5', 'p1a6', 'p1a7', 'p1a8', 'p2a1', 'p2a2', 'p2a3', 'p2a4'],
    );
    assert.equal(second.failure?.placement, 2);
    assert.deepEqual(withFailures(work(second), job(3)), second);
  });
  test('that an island reports late of an older placement are not the newest', () => {
    const current = failures(work(), [crash(1)], 2);
    const late = failures(work(current), [crash(9)], 1);
    assert.deepEqual([late.failure?.placement, late.failures?.length], [2, 2]);
  });
  test('of one attempt are told once, as they are known last', () => {
    const once = failures(work(), [crash(1, { message: 'killed' })]);
    assert.deepEqual(
      failures(work(once), [crash(1, { message: 'killed by the kernel' })]).failures?.map(({ message }) => message),
      ['killed by the kernel'],
    );
  });
  test('are cut to what the status can hold', () => {
    const long = failures(work(), [crash(1, { message: 'x'.repeat(512) })]);
    assert.equal(long.failures?.[0]?.message?.length, 256);
  });
});

describe('a failure in words', () => {
  const failure = { ...crash(2), class: 'Crash' as const, placement: 1, ...west, hint: 'Read the last lines of the log' };
  test('names attempt, place, step, class, exit code and what was said', () => {
    assert.equal(
      failureText(failure),
      'attempt 2 of placement 1 failed on node n1 of island west at step 120: Crash (exit code 1): CUDA error: device-side assert triggered',
    );
    assert.equal(failureText({ number: 1, class: 'Storage' }), 'attempt 1 failed: Storage');
  });
  test('has no exit code where the island stopped the trainer, and goes further back after a loss that is none', () => {
    const nan = { ...failure, class: 'NonFinite' as const, action: 'Retry' as const };
    assert.match(failureStory(nan), /: NonFinite: CUDA error.* Another attempt follows, from one checkpoint further back\. Read/);
  });
  const rows: [AttemptRecord['action'], string][] = [
    ['Retry', 'Another attempt follows, from the newest checkpoint that verifies.'],
    ['RetryInPlace', 'Another attempt follows on the same node if it has room, from the newest checkpoint that verifies.'],
    ['RetryElsewhere', 'Another attempt follows on another node, from the newest checkpoint that verifies.'],
    ['Fail', 'It is not tried again by itself.'],
  ];
  for (const [action, says] of rows)
    test(`says what follows ${action}, and what to do`, () => {
      const story = failureStory({ ...failure, action });
      assert.equal(story, `${failureText(failure)}. ${says} Read the last lines of the log.`);
    });
});

describe('the conditions of an expert', () => {
  const shard = (): ExpertShard => ({
    apiVersion,
    kind: 'ExpertShard',
    metadata: { name: 'digits-e003', namespace: 'research', generation: 1 },
    spec: { training: 'digits', trainingUid: 'u', index: 3, experts: 4, dataset: { manifest: 'm', digest: digest('d') } },
  });
  const failed = failures(work(), [crash(2)]);
  const says = (fields: Partial<WorkStatus>, type: string) => {
    const status = shardStatus(
      shard(),
      work({ placement: 1, attempt: 3, island: 'west', job: 'j', ...fields }),
      undefined,
      { steps: undefined, rate: undefined },
      undefined,
      now,
    );
    expertShardStatus.strict().parse(status);
    const found = status.conditions.find((condition) => condition.type === type);
    return `${found?.status} ${found?.reason}: ${found?.message}`;
  };
  const text = failureText({ ...crash(2), class: 'Crash', placement: 1, ...west });
  const accepted = { manifest: 'm', digest: digest('f'), placement: 1, attempt: 3, step: 100, bytes: 1, at };
  const rows: [sentence: string, fields: Partial<WorkStatus>, type: string, expected: string][] = [
    [
      'one that runs says where',
      { state: 'Running', reason: 'Running' },
      'Progressing',
      'True Running: attempt 3 of placement 1 on island west runs.',
    ],
    [
      'one that runs again says what happened before',
      { state: 'Running', reason: 'Running', ...failed },
      'Progressing',
      `True Running: attempt 3 of placement 1 on island west runs. Before: ${text}. Read the last lines of the log.`,
    ],
    [
      'one that waits says for what',
      { state: 'Waiting', reason: 'WaitingForCapacity', message: 'no island can take it now: west: has 0 free for 1 GPU asked' },
      'Progressing',
      'False WaitingForCapacity: no island can take it now: west: has 0 free for 1 GPU asked.',
    ],
    [
      'one whose island is not heard says so and that it goes on',
      {
        state: 'Running',
        reason: 'IslandUnreachable',
        message: 'island west has not been heard since 10:00; what runs there goes on',
      },
      'Progressing',
      'True IslandUnreachable: attempt 3 of placement 1 on island west runs. island west has not been heard since 10:00; what runs there goes on.',
    ],
    [
      'one that is blocked says what happened, that nothing follows, what to look at and how to try again',
      { state: 'Blocked', reason: 'RestartBudgetSpent', message: '4 counted failures, allowed are 3', ...failed },
      'Blocked',
      `True RestartBudgetSpent: 4 counted failures, allowed are 3. ${text}. It is not tried again by itself. Read the last lines of the log. To try again: kubectl annotate --overwrite et digits atoll.dev/retry=3@1`,
    ],
    [
      'one that is blocked says so to whoever asks how it goes on, too',
      { state: 'Blocked', reason: 'RestartBudgetSpent', message: '4 counted failures, allowed are 3', ...failed },
      'Progressing',
      'False RestartBudgetSpent: RestartBudgetSpent: 4 counted failures, allowed are 3',
    ],
    [
      'one that is accepted names its result to whoever asks how it goes on',
      { state: 'Accepted', reason: 'Accepted', accepted },
      'Progressing',
      `False Accepted: the result of placement 1, attempt 3, is accepted: ${digest('f')}`,
    ],
    [
      'one that is blocked does not say the same twice',
      { state: 'Blocked', reason: 'Crash', message: `the last: ${crash(1).message}`, ...failed },
      'Blocked',
      `True Crash: the last: ${crash(1).message}. It is not tried again by itself. Read the last lines of the log. To try again: kubectl annotate --overwrite et digits atoll.dev/retry=3@1`,
    ],
  ];
  for (const [sentence, fields, type, expected] of rows) test(sentence, () => assert.equal(says(fields, type), expected));

  test('one that has no place yet has had none: its history is empty', () => {
    const status = shardStatus(shard(), work({ placement: 1 }), undefined, { steps: undefined, rate: undefined }, undefined, now);
    expertShardStatus.strict().parse(status);
    assert.equal(status.placements, undefined);
  });
});
