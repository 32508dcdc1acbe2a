/** The failure rules that look at more than an exit code: memory, nodes, GPUs, progress, what happened before, and the user's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailureRule } from '../../src/api/policy.ts';
import type { AttemptRecord } from '../../src/api/work.ts';
import { classify } from '../../src/island/classify.ts';
import { type Ending, endingOf, type Given } from '../../src/island/ending.ts';
import type { NodeHealth } from '../../src/island/health/node.ts';
import { loggedXids, reportedXids, xidMeaning } from '../../src/island/health/xid.ts';
import type { FailureVerdict } from '../../src/island/rules/rule.ts';
import { builtInRules, rulesFor } from '../../src/island/rules.ts';
import type { Pod } from '../../src/kube/core.ts';
import { closed, ended, endedPod, PREFIX, pod } from './builders.ts';

const healthy: NodeHealth = { gpu: [], bad: [] };

/** The end of attempt 3 of a work with one GPU, 1Gi of memory and 5Gi of disk. */
function end(of: Pod | undefined, over: Partial<Given> & { health?: NodeHealth; lost?: boolean } = {}): Ending {
  const { health = healthy, lost, ...given } = over;
  const node = of?.spec.nodeName ?? '';
  return endingOf(
    of,
    new Set(lost ? [node] : []),
    {
      why: 'Finished',
      workPrefix: PREFIX,
      placement: 1,
      attempt: 3,
      gpus: 1,
      limits: { memory: '1Gi', scratch: '5Gi' },
      past: [],
      ...given,
    },
    new Map([[node, health]]),
  );
}
const oom = endedPod(3, 137, {}, { trainer: { terminated: { exitCode: 137, reason: 'OOMKilled' } } });
const unknown = endedPod(3, 137, {}, { trainer: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } });
const target = (reason: string) => [{ type: 'DisruptionTarget', status: 'True', reason, message: 'words' }];
const evicted = (message: string) => {
  const made = endedPod(3, 137, {}, { message, conditions: target('TerminationByKubelet') });
  return { ...made, status: { ...made.status, reason: 'Evicted' } };
};
const crashed = (said = 'ValueError: bad sample') => endedPod(3, 1, {}, { said });
const crashBefore = (node: string, over: Partial<AttemptRecord> = {}): AttemptRecord =>
  closed(2, 'Crash', { node, step: 700, exitCode: 1, message: 'ValueError: bad sample', ...over });
const xid = (code: number) => `[12.3] NVRM: Xid (PCI:0000:cb:00): ${code}, pid=77, name=python3, words`;
const xidBefore = (node: string) => closed(2, 'Crash', { rule: 'xid-application', node, message: 'XID 31: it failed' });
const stalled = (over: Partial<Given> = {}) => end(endedPod(3, 137), { why: 'Stalled', detail: 'no step for 10m', ...over });
const nan = (over: Partial<Given> = {}) =>
  end(endedPod(3, 75), { why: 'NonFinite', detail: 'the loss is NaN', step: 40, ...over });
const refused = endedPod(3, 1, { reason: 'NonFinite', message: 'tensor w holds NaN', lastStep: 40 });
const sick: NodeHealth = { gpu: ['GpuMemWatch=True'], bad: [] };
const leaving: NodeHealth = { gpu: [], bad: [], leaving: 'aws-node-termination-handler/spot-itn' };
const deadlocked: NodeHealth = { gpu: [], bad: ['KernelDeadlock=True'] };

type Row = [sentence: string, end: Ending, rule: string, failure: string, action: string, counted: boolean];
const rows: Row[] = [
  [
    'a pod that was told to go because its keys hold other bytes',
    end(endedPod(3, 75, { reason: 'AttemptTaken' }, { deleted: true }), { why: 'Barred', detail: 'the courier ended 3 times' }),
    'keys-taken',
    'Storage',
    'Retry',
    true,
  ],
  [
    'a trainer that crashed while its courier found other bytes',
    end(endedPod(3, 1, { reason: 'AttemptTaken' })),
    'attempt-taken',
    'AttemptTaken',
    'Retry',
    false,
  ],
  ['a trainer killed for its memory', end(oom), 'out-of-memory', 'OutOfMemory', 'Retry', true],
  [
    'the same again without a new checkpoint',
    end(oom, { past: [closed(2, 'OutOfMemory')], checkpointAttempt: 1 }),
    'out-of-memory-again',
    'OutOfMemory',
    'Fail',
    true,
  ],
  [
    'the same again after a checkpoint of a later attempt',
    end(oom, { past: [closed(1, 'OutOfMemory')], checkpointAttempt: 2 }),
    'out-of-memory',
    'OutOfMemory',
    'Retry',
    true,
  ],
  [
    'a pod over its disk',
    end(evicted('Pod ephemeral local storage usage exceeds the total limit of containers 5Gi.')),
    'disk-full',
    'OutOfMemory',
    'RetryElsewhere',
    true,
  ],
  [
    'a volume over its size, again',
    end(evicted('Usage of EmptyDir volume "work" exceeds the limit "5Gi".'), { past: [closed(2, 'OutOfMemory')] }),
    'disk-full-again',
    'OutOfMemory',
    'Fail',
    true,
  ],
  [
    'an eviction for memory of the node',
    end(evicted('The node was low on resource: memory.')),
    'disrupted',
    'Disruption',
    'Retry',
    false,
  ],
  ['a node that is gone', end(pod(3), { lost: true }), 'node-lost', 'NodeLost', 'RetryElsewhere', false],
  [
    'a pod collected after its node',
    end(endedPod(3, 137, {}, { conditions: target('DeletionByPodGC'), deleted: true })),
    'node-collected',
    'NodeLost',
    'RetryElsewhere',
    false,
  ],
  ['a node that restarted', end(unknown), 'node-restarted', 'NodeLost', 'RetryElsewhere', false],
  [
    'a trainer that saved on a node with a spot notice',
    end(endedPod(3, 75), { health: leaving }),
    'node-leaving',
    'Disruption',
    'RetryElsewhere',
    false,
  ],
  ['a crash on a node with a spot notice', end(crashed(), { health: leaving }), 'crash', 'Crash', 'Retry', true],
  ['a GPU off the bus in the log', end(crashed(), { lines: xid(79) }), 'xid-hardware', 'GpuFault', 'RetryElsewhere', false],
  [
    'the same in an event of the node',
    end(crashed(), { events: ['XIDErrors: Xid 79 on GPU 0'] }),
    'xid-hardware',
    'GpuFault',
    'RetryElsewhere',
    false,
  ],
  ['a node whose monitor reports a GPU', end(crashed(), { health: sick }), 'gpu-unhealthy', 'GpuFault', 'RetryElsewhere', false],
  ['the same for a work without GPUs', end(crashed(), { health: sick, gpus: 0 }), 'crash', 'Crash', 'Retry', true],
  [
    'a node drained for its GPU',
    end(endedPod(3, 75, {}, { conditions: target('EvictionByEvictionAPI'), deleted: true }), { health: sick }),
    'gpu-unhealthy',
    'GpuFault',
    'RetryElsewhere',
    false,
  ],
  ['a first illegal access', end(crashed(), { lines: xid(31) }), 'xid-application', 'Crash', 'RetryInPlace', true],
  [
    'a second one on the same node',
    end(crashed(), { lines: xid(31), past: [xidBefore('node-1')] }),
    'xid-repeated',
    'GpuFault',
    'RetryElsewhere',
    false,
  ],
  [
    'a second one on another node',
    end(crashed(), { lines: xid(31), past: [xidBefore('node-2')] }),
    'xid-two-nodes',
    'Application',
    'Fail',
    false,
  ],
  ['an XID that says nothing', end(crashed(), { lines: xid(43) }), 'crash', 'Crash', 'Retry', true],
  ['a database that speaks of xid 79', end(crashed('xid 79 is locked')), 'crash', 'Crash', 'Retry', true],
  ['a first stall', stalled(), 'no-progress', 'NoProgress', 'RetryInPlace', true],
  [
    'a second stall without a checkpoint',
    stalled({ past: [closed(2, 'NoProgress', { node: 'node-1', step: 3 })], checkpointAttempt: 1 }),
    'no-progress-again',
    'NoProgress',
    'RetryElsewhere',
    true,
  ],
  [
    'a stall after progress since the first',
    stalled({ past: [closed(1, 'NoProgress')], checkpointAttempt: 2 }),
    'no-progress',
    'NoProgress',
    'RetryInPlace',
    true,
  ],
  [
    'a stall at the same step on another node',
    stalled({ step: 3, past: [closed(2, 'NoProgress', { node: 'node-2', step: 3 })] }),
    'hang-at-same-step',
    'Application',
    'Fail',
    false,
  ],
  ['a stall on a node whose GPU fell off', stalled({ lines: xid(79) }), 'xid-hardware', 'GpuFault', 'RetryElsewhere', false],
  ['a loss that is NaN', nan(), 'not-finite', 'NonFinite', 'Retry', true],
  ['the same at another step', nan({ past: [closed(2, 'NonFinite', { step: 41 })] }), 'not-finite', 'NonFinite', 'Retry', true],
  [
    'the same at the same step',
    nan({ past: [closed(2, 'NonFinite', { step: 40 })] }),
    'not-finite-again',
    'NonFinite',
    'Fail',
    true,
  ],
  [
    'a trainer that ends itself over a loss that is NaN',
    end(endedPod(3, 1, { lastStep: 44, nonFiniteStep: 40 })),
    'not-finite',
    'NonFinite',
    'Retry',
    true,
  ],
  ['weights that the courier refused', end(refused), 'not-finite', 'NonFinite', 'Retry', true],
  [
    'weights that it refused twice at one step',
    end(refused, { past: [closed(2, 'NonFinite', { step: 40 })] }),
    'not-finite-again',
    'NonFinite',
    'Fail',
    true,
  ],
  [
    'the same crash at the same step on another node',
    end(crashed(), { step: 700, past: [crashBefore('node-2')] }),
    'same-step-two-nodes',
    'Application',
    'Fail',
    false,
  ],
  [
    'the same on the same node',
    end(crashed(), { step: 700, past: [crashBefore('node-1')] }),
    'crash-on-same-node',
    'Crash',
    'RetryElsewhere',
    true,
  ],
  ['the same at another step', end(crashed(), { step: 701, past: [crashBefore('node-2')] }), 'crash', 'Crash', 'Retry', true],
  [
    'another message at the same step',
    end(crashed('KeyError'), { step: 700, past: [crashBefore('node-2')] }),
    'crash',
    'Crash',
    'Retry',
    true,
  ],
  ['the same before any step', end(crashed(), { past: [crashBefore('node-2')] }), 'crash', 'Crash', 'Retry', true],
  [
    'a crash on a node in a deadlock',
    end(crashed(), { health: deadlocked }),
    'crash-on-bad-node',
    'Crash',
    'RetryElsewhere',
    true,
  ],
];

describe('what the end of an attempt is called, looked at more closely', () => {
  for (const [sentence, facts, rule, failure, action, counted] of rows)
    it(`${sentence}: ${rule}`, () => {
      const verdict = classify(facts) as FailureVerdict;
      assert.deepEqual([verdict.rule, verdict.class, verdict.action, verdict.counted], [rule, failure, action, counted]);
      assert.ok(verdict.hint.endsWith('.') && verdict.message.length <= 512);
    });

  it('what a trainer said before it was killed is not taken for why it ended', () => {
    const saying = (exitCode: number) =>
      classify(end(endedPod(1, exitCode, {}, { said: 'step 30\nresuming at step 300' }))).message;
    assert.equal(saying(137), 'signal 9 ended the trainer (exit code 137); before that it said: resuming at step 300');
    assert.equal(saying(1), 'resuming at step 300');
    assert.equal(classify(end(endedPod(1, 137))).message, 'signal 9 ended the trainer (exit code 137)');
  });

  it('the message of a trainer without memory has the size that it had', () => {
    assert.match(classify(end(oom)).message, /more than its 1Gi of memory/);
    assert.match(classify(end(evicted('ephemeral-storage'))).message, /scratch: 5Gi/);
  });

  it('the step that the courier left counts more than the one the agent asked for last', () => {
    assert.equal(end(endedPod(3, 1, { lastStep: 12 }), { step: 9 }).step, 12);
  });
});

describe('the rules of a user', () => {
  const rule = (over: Partial<FailureRule> = {}): FailureRule => ({ name: 'mine', onExitCodes: [1], action: 'Fail', ...over });
  const said = (rules: FailureRule[], facts: Ending) => classify(facts, rulesFor(rules)) as FailureVerdict;

  for (const [action, failure, follows, counted] of [
    ['Fail', 'Configuration', 'Fail', false],
    ['Retry', 'Crash', 'Retry', true],
    ['Ignore', 'Disruption', 'Retry', false],
  ] as const)
    it(`${action} is ${failure}, ${counted ? 'counted' : 'not counted'}`, () => {
      const verdict = said([rule({ action })], end(crashed()));
      assert.deepEqual([verdict.rule, verdict.class, verdict.action, verdict.counted], ['user:mine', failure, follows, counted]);
    });

  it('come before the built-in ones, so that even exit code 42 can be tried again', () => {
    assert.equal(said([rule({ onExitCodes: [42], action: 'Retry' })], end(endedPod(3, 42))).class, 'Crash');
  });

  it('are for their exit codes and their message only', () => {
    assert.equal(said([rule({ onExitCodes: [2] })], end(crashed())).rule, 'crash');
    assert.equal(said([rule({ onMessage: 'KeyError' })], end(crashed())).rule, 'crash');
    assert.equal(said([rule({ onMessage: 'ValueError' })], end(crashed())).rule, 'user:mine');
  });

  it('say nothing of an end that the agent brought about', () => {
    assert.equal(said([rule({ onExitCodes: [137] })], stalled()).rule, 'no-progress');
    assert.equal(said([rule()], end(crashed(), { why: 'Asked' })).rule, 'asked');
  });
});

describe('the table', () => {
  it('has one rule of each name, each with what is seen and what to do, as sentences', () => {
    assert.equal(new Set(builtInRules.map(({ name }) => name)).size, builtInRules.length);
    for (const { name, hint, seen } of builtInRules) {
      assert.match(name, /^[a-z][a-z-]+$/);
      assert.match(hint, /^[A-Z].*\.$/);
      assert.match(seen, /^\S.*[^.]$/);
    }
  });

  it('ends with a rule for everything', () => {
    assert.equal(classify(end(undefined, { why: 'JobGone' })).rule, 'job-gone');
    assert.equal(builtInRules.at(-1)?.matches(end(undefined)), true);
  });

  it('knows the numbers of the driver in the words of the kernel and of monitors', () => {
    assert.deepEqual(loggedXids(`a\n${xid(79)}\n${xid(31)}\n${xid(79)}`), [79, 31]);
    assert.deepEqual(reportedXids('NvidiaXID48Error, XID error: 95, Xid=119'), [95, 119, 48]);
    assert.deepEqual([79, 95, 13, 43, 999].map(xidMeaning), ['Node', 'Gpu', 'Application', 'None', 'None']);
  });

  it('treats a killed container of the courier alone as what it is: the store', () => {
    assert.equal(classify(end(endedPod(3, 0, undefined, { courier: ended(137) }))).class, 'Storage');
  });
});
