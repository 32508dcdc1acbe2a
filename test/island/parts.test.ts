/** Small decisions of the island, one by one: whether a pod has ended, why it waits, what is said of an attempt that does not come up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openAttempt, unexplained } from '../../src/island/attempt.ts';
import { avoidance } from '../../src/island/avoid.ts';
import { classify } from '../../src/island/classify.ts';
import { noteCreated } from '../../src/island/created.ts';
import { decide } from '../../src/island/decide.ts';
import { emptyStatus, type Observed } from '../../src/island/observed.ts';
import { hasEnded, waitingFor } from '../../src/island/podview.ts';
import { dueOf } from '../../src/island/standstill.ts';
import { standing } from '../../src/island/state.ts';
import type { Job, Node, Pod } from '../../src/kube/core.ts';
import { act } from './acting.ts';
import {
  at,
  closed,
  endedPod,
  islandJob,
  kubeJob,
  limits,
  NAME,
  now,
  observed,
  open,
  pod,
  report,
  running,
  spec,
  waiting,
} from './builders.ts';

const nobody: ReadonlySet<string> = new Set();
const job = islandJob({ attempt: 1, attempts: [open(1)] });
const seen = (pods: Pod[], over: Partial<Observed> = {}, of = job, kubeJobs: Job[] = [kubeJob(1)]) =>
  observed(of, { pods, kubeJobs, ...over });
const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes fit' } as const;

describe('a pod', () => {
  it('that never had a node has ended when it is deleted', () => {
    assert.equal(hasEnded(pod(1, { node: null, phase: 'Pending', deleted: true }), nobody), true);
    assert.equal(hasEnded(pod(1, { node: null, phase: 'Pending' }), nobody), false);
  });
  it('without a node waits for the scheduler, in its words', () => {
    const found = waitingFor(pod(1, { node: null, phase: 'Pending', conditions: [unscheduled] }));
    assert.deepEqual([found?.broken, found?.message], [false, '0/2 nodes fit']);
  });
  it('whose restore runs says so', () => {
    const found = waitingFor(pod(1, { restore: running(), trainer: waiting('PodInitializing') }));
    assert.equal(found?.message, 'restore is fetching inputs and the newest checkpoint');
  });
  it('waits since it moved last', () => {
    const initialized = { type: 'Initialized', status: 'True', lastTransitionTime: at(70) };
    const broken = waiting('CreateContainerConfigError');
    assert.equal(waitingFor(pod(1, { trainer: broken, conditions: [initialized] }))?.since, now(70));
    assert.equal(waitingFor(pod(1, { trainer: broken, conditions: [{ ...initialized, status: 'False' }] }))?.since, now(50));
  });
});

describe('an attempt', () => {
  const reason = 'FailedCreate: exceeded quota';
  it('without a pod waits for what the events say', () => {
    assert.equal(openAttempt(seen([], { warning: reason }), open(1)).waiting?.message, reason);
  });
  it('that runs waits for nothing, whatever its courier does', () => {
    const courier = waiting('CreateContainerError');
    assert.equal(openAttempt(seen([pod(1, { courier })]), open(1)).waiting, undefined);
    assert.deepEqual(act(seen([pod(1, { courier })]), 3000).actions, []);
  });
  it('is told to end when its owner stops it', () => {
    const stopped = islandJob({ attempt: 1, attempts: [open(1)] }, { stop: true });
    const decision = act(seen([pod(1)], {}, stopped));
    assert.deepEqual([decision.status.state, decision.status.message], ['Stopping', 'attempt 1 is ending: its owner stopped it']);
  });
  it('that was asked to end leaves no failure and waits for nobody', () => {
    const suspended = islandJob({ attempt: 1, attempts: [open(1)] }, { suspend: true });
    const going = [kubeJob(1, { deleted: true })];
    const { status, events } = act(seen([endedPod(1, 75, undefined, { deleted: true })], {}, suspended, going));
    assert.deepEqual([status.failure, status.nextAttemptAt, status.restarts], [undefined, undefined, 0]);
    assert.deepEqual(events, [{ type: 'Normal', reason: 'Stopped', message: 'attempt 1 ended: it was suspended' }]);
  });
  it('that stands still is read before it is stopped', () => {
    const wish = islandJob({ attempt: 1, attempts: [open(1, { startedAt: at(10) })] }, { stall: { step: '1m' } });
    const pace = { sinceStepMs: 90_000, slowestStepMs: 0, sinceCheckpointMs: 0, slowestCheckpointMs: 0 };
    const told = { attempt: 1, report: report({ progress: { step: 4, at: at(500) }, pace }), seenAt: now(600) };
    const { evidence: _, ...given } = seen([pod(1)], { report: told }, wish);
    assert.deepEqual(decide(given, now(600), limits), { type: 'Look', at: 'Evidence' });
    // Of an attempt before this one it says nothing.
    const other = observed(wish, { ...given, report: { ...told, attempt: 2 } });
    assert.equal(dueOf(openAttempt(other, open(1)), other, now(600)), undefined);
  });
  it('is explained by events while its Job has no pod, or its pod waits for what is outside of it', () => {
    const notReady = { type: 'PodReadyToStartContainers', status: 'False' };
    const outside = pod(1, {
      phase: 'Pending',
      courier: waiting('PodInitializing'),
      restore: waiting('PodInitializing'),
      trainer: waiting('PodInitializing'),
      conditions: [notReady],
    });
    assert.equal(unexplained(seen([]))?.kind, 'Job');
    assert.equal(unexplained(seen([outside]))?.kind, 'Pod');
    assert.equal(unexplained(seen([pod(1)])), undefined);
    assert.equal(unexplained(seen([], {}, islandJob({ attempt: 1, attempts: [{ number: 1 }] }))), undefined);
    assert.equal(unexplained(seen([], {}, islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }))), undefined);
  });
  it('of a gang is where pod 0 is, once that has ended', () => {
    const gang = islandJob({ attempt: 1, attempts: [open(1)] }, { nodes: 2 });
    const [main, late] = [
      endedPod(1, 0, undefined, { index: 0, phase: 'Running', courier: running() }),
      pod(1, { index: 1, node: null }),
    ];
    assert.equal(openAttempt(seen([main, late], {}, gang, [kubeJob(1, { nodes: 2 })]), open(1)).phase, 'Publishing');
  });
  it('of a gang has not failed by a member that is about to be taken', () => {
    const gang = islandJob({ attempt: 1, attempts: [open(1)] }, { nodes: 2 });
    const target = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' };
    const pods = [pod(1, { index: 0 }), pod(1, { index: 1, conditions: [target] })];
    assert.equal(openAttempt(seen(pods, {}, gang, [kubeJob(1, { nodes: 2 })]), open(1)).failed, undefined);
  });
});

it('an end that no rule knows is a mistake of the table', () => {
  const end = { why: 'Finished', workPrefix: 'a/', placement: 1, attempt: 1, past: [], gpus: 0 } as unknown;
  assert.throws(() => classify(end as Parameters<typeof classify>[0], []), /the last rule must match everything/);
});

it('a work that is deleted is stopping as soon as nothing of it is left', () => {
  const view = { spec: spec(), status: emptyStatus(), remains: false };
  assert.deepEqual(standing({ ...view, deleting: true }), { state: 'Stopping', reason: 'DeletionPending' });
  assert.deepEqual(standing({ ...view, spec: spec({ stop: true }), deleting: false }), { state: 'Stopping', reason: 'Stopping' });
});

describe('what became of a Job that was to be made', () => {
  const status = { ...emptyStatus(), attempt: 1, attempts: [{ number: 1 }] };
  it('is its uid when it was made', () => {
    const found = noteCreated(job, status, { outcome: 'Created', jobUid: 'job-1' }, now(1));
    assert.deepEqual([found.status.attempts, found.events[0]?.reason], [[{ number: 1, jobUid: 'job-1' }], 'Started']);
    assert.match(found.events[0]?.message ?? '', new RegExp(`attempt 1 of ${NAME} was created`));
  });
  it('is nothing when the decision was old', () => {
    assert.deepEqual(noteCreated(job, status, { outcome: 'Outdated' }, now(1)), { status, events: [] });
  });
});

describe('a node with a taint', () => {
  const node = (name: string, taint?: { key: string; value?: string; effect: string }): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: taint ? { taints: [taint] } : {},
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      allocatable: { cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '4' },
    },
  });
  const bad = [closed(1, 'GpuFault', { action: 'RetryElsewhere', node: 'a' })];
  const withGpu = spec({ container: { image: 'x', resources: { cpu: '1', memory: '1Gi', gpus: 1 } } });
  for (const [sentence, wanted, taint, avoid] of [
    ['that only prefers others is another one to go to', spec(), { key: 'x', effect: 'PreferNoSchedule' }, ['a']],
    ['that keeps others away is none', spec(), { key: 'x', effect: 'NoSchedule' }, []],
    ['of its GPUs is one for who asks for them', withGpu, { key: 'nvidia.com/gpu', effect: 'NoSchedule' }, ['a']],
    ['of its GPUs is none for who asks for none', spec(), { key: 'nvidia.com/gpu', effect: 'NoSchedule' }, []],
  ] as const)
    it(sentence, () => assert.deepEqual(avoidance(wanted, bad, [node('a'), node('b', taint)], now(60)).avoid, avoid));
});
