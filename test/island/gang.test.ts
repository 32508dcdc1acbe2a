/** A gang as a table of sentences: when its attempt is over, who is blamed for it, and what proves that it has ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/island/decide.ts';
import type { Action, Observed } from '../../src/island/observed.ts';
import type { Pod } from '../../src/kube/core.ts';
import { type Acted, act } from './acting.ts';
import {
  at,
  checkpoint,
  closed,
  ended,
  endedPod,
  final,
  islandJob,
  kubeJob,
  limits,
  now,
  observed,
  open,
  type PodHow,
  pod,
  refusedPod,
  running,
  waiting,
} from './builders.ts';

const job = islandJob({ attempt: 1, attempts: [open(1)] }, { nodes: 2 });

const actOn = (pods: readonly Pod[], over: Partial<Observed> = {}, seconds = 60): Acted =>
  act(observed(job, { kubeJobs: [kubeJob(1, { nodes: 2 })], pods, ...over }), seconds);
const member = (index: number, how: PodHow = {}) => pod(1, { index, ...how });
const failed = (index: number, exitCode: number, how: PodHow = {}) =>
  endedPod(1, exitCode, undefined, { index, trainer: ended(exitCode, undefined, 30), ...how });
const deleteJob: Action = { type: 'DeleteJob', name: 'digits-aaaaaaaa-e003-p1-a1', uid: 'job-1' };
const record = ({ status }: Acted) => status.attempts[0];
const going = { kubeJobs: [kubeJob(1, { nodes: 2, deleted: true })] };

describe('a gang', () => {
  it('runs when all its pods run, and its record names pod 0', () => {
    const decision = actOn([member(1), member(0)]);
    assert.deepEqual([decision.status.state, decision.actions], ['Running', []]);
    assert.equal(record(decision)?.podUid, 'pod-1-0');
  });

  for (const [sentence, pods, state] of [
    ['has too few pods', [member(0)], 'Pending'],
    ['lacks pod 0', [member(1)], 'Pending'],
    ['waits for a node for one pod', [member(0), member(1, { node: null })], 'Pending'],
    [
      'waits for one that restores',
      [member(0), member(1, { restore: running(), trainer: waiting('PodInitializing') })],
      'Starting',
    ],
    ['has one that is done already', [member(0), failed(1, 0)], 'Running'],
    ['publishes in pod 0', [member(0, { trainer: ended(0) }), member(1)], 'Publishing'],
  ] as const)
    it(`that ${sentence} is ${state}`, () => {
      const { status, actions } = actOn([...pods]);
      assert.deepEqual([status.state, actions], [state, []]);
    });

  it('says which of its pods cannot come up, and is given up when that lasts', () => {
    const broken = {
      restore: waiting('ImagePullBackOff', 'no such image'),
      courier: running(),
      trainer: waiting('PodInitializing'),
    };
    const pods = [member(0), member(1, broken)];
    assert.match(actOn(pods).status.message ?? '', /container restore: ImagePullBackOff: no such image/);
    assert.equal(record(actOn(pods, {}, 700))?.rule, 'configuration-deadline');
  });
});

describe('a member that fails', () => {
  it('ends the attempt of all: the Job is deleted, which tells the others to save and stop', () => {
    const { actions, status } = actOn([member(0), failed(1, 3)]);
    assert.deepEqual(actions, [deleteJob]);
    assert.deepEqual([status.state, status.message], ['Stopping', 'attempt 1 is ending: pod 1 of 2 has failed']);
    assert.equal(status.attempts[0]?.class, undefined);
  });

  it('is not concluded on the word of a cache', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1, { nodes: 2 })], pods: [member(0), failed(1, 3)], live: false });
    assert.deepEqual(decide(seen, now(60), limits), { type: 'Look', at: 'Live' });
  });

  it('is waited for until every other has ended', () => {
    const decision = actOn([member(0, { told: 40 }), failed(1, 3, { deleted: true })], going);
    assert.deepEqual([record(decision)?.class, decision.actions], [undefined, []]);
  });

  it('is named in the record with its exit code, node and words, and the next attempt resumes', () => {
    const saved = checkpoint(1, 500);
    const pods = [
      endedPod(1, 75, { checkpoint: saved }, { index: 0, told: 40 }),
      failed(1, 3, { trainer: ended(3, 'ValueError: boom', 30), node: 'node-2', deleted: true }),
    ];
    const decision = actOn(pods, going);
    assert.deepEqual(record(decision), {
      ...open(1),
      pod: 'digits-aaaaaaaa-e003-p1-a1-0',
      podUid: 'pod-1-0',
      node: 'node-2',
      startedAt: at(10),
      class: 'Crash',
      rule: 'gang-member-failed',
      action: 'Retry',
      counted: true,
      exitCode: 3,
      message: 'pod 1 of 2 on node-2 (crash): ValueError: boom',
      finishedAt: at(30),
    });
    assert.deepEqual([decision.status.restarts, decision.status.checkpoint?.step], [1, 500]);
    assert.equal(decision.events[0]?.reason, 'GangMemberFailed');
  });

  it('with a wrong configuration fails the work at once', () => {
    const decision = actOn([failed(0, 75, { told: 40 }), failed(1, 42)], going);
    assert.deepEqual([decision.status.state, decision.status.reason], ['Failed', 'Configuration']);
  });

  it('first is blamed, not those that lost their partner', () => {
    for (const pods of [
      [failed(0, 1, { trainer: ended(1, undefined, 31) }), failed(1, 137)],
      [failed(0, 1), failed(1, 137)],
      [failed(0, 1), failed(1, 42)],
    ])
      assert.match(record(actOn(pods, going))?.message ?? '', /^pod 1 of 2/);
    const own = record(actOn([failed(0, 137), failed(1, 1, { trainer: ended(1, undefined, 31) })], going));
    assert.deepEqual([own?.rule, own?.exitCode], ['crash', 137]);
  });

  it('by the loss of its node is not its fault, whatever the others made of it', () => {
    const pods = [failed(0, 1), member(1, { node: 'node-2' })];
    const decision = actOn(pods, { ...going, lostNodes: new Set(['node-2']) });
    assert.deepEqual([record(decision)?.class, decision.status.restarts], ['NodeLost', 0]);
    assert.match(record(decision)?.message ?? '', /pod 1 of 2 on node-2 \(node-lost\): node node-2 is gone/);
  });

  it('by an eviction is a disruption', () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'drained' }];
    const decision = actOn([failed(0, 1), failed(1, 75, { conditions, told: 20 })], going);
    assert.deepEqual([record(decision)?.class, decision.status.restarts], ['Disruption', 0]);
  });

  it('in restore speaks too: a final of an earlier attempt ends the work well', () => {
    const earlier = { reason: 'AlreadyFinal', final: final(1) } as const;
    const second = islandJob({ attempt: 2, attempts: [closed(1, 'Crash'), open(2)] }, { nodes: 2 });
    const pods = [
      refusedPod(2, 143, undefined, { index: 0, told: 50, restore: ended(143) }),
      refusedPod(2, 4, earlier, { index: 1 }),
    ];
    const seen = observed(second, { kubeJobs: [kubeJob(2, { nodes: 2, deleted: true })], pods });
    const decision = decide(seen, now(60), limits);
    assert.equal(decision.type === 'Act' && decision.status.output?.manifest, final(1).manifest);
  });
});

describe('a pod of a gang that somebody deletes', () => {
  it('is a disruption of all, once all have ended', () => {
    const done = { kubeJobs: [kubeJob(1, { nodes: 2, done: 'Failed' })] } as const;
    const pods = [failed(0, 75, { told: 20 }), failed(1, 75, { told: 20 })];
    const decision = actOn(pods, { kubeJobs: [...done.kubeJobs] });
    assert.deepEqual([record(decision)?.class, record(decision)?.rule], ['Disruption', 'pod-deleted']);
  });
});

describe('the end of a gang', () => {
  it('needs the final of pod 0 to be a success', () => {
    const pods = [endedPod(1, 0, { final: final(1) }, { index: 0 }), failed(1, 0)];
    assert.equal(actOn(pods).status.state, 'Succeeded');
    const without = actOn([failed(0, 0), endedPod(1, 0, { final: final(1) }, { index: 1 })]);
    assert.equal(record(without)?.rule, 'done-without-result');
  });

  it('is a success when pod 0 has published it and another stumbles on its way out', () => {
    const pods = [endedPod(1, 0, { final: final(1) }, { index: 0 }), failed(1, 1)];
    assert.equal(actOn(pods).status.state, 'Succeeded');
  });

  it('waits for the pods that pod 0 leaves behind, for the time of grace, and then stops them', () => {
    const pods = [endedPod(1, 0, { final: final(1) }, { index: 0 }), member(1)];
    const waits = actOn(pods);
    assert.deepEqual([waits.actions, waits.again], [[], 590_000]);
    assert.deepEqual(actOn(pods, {}, 650).actions, [deleteJob]);
  });

  it('is not proven while the Job may still make a pod', () => {
    const { actions } = actOn([failed(0, 3)]);
    assert.deepEqual(actions, [deleteJob]);
    assert.equal(record(actOn([failed(0, 3)], going))?.class, 'Crash');
  });

  it('takes the Service along with what is left', () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { ...kubeJob(1).metadata, uid: 'svc' } };
    const over = islandJob({ attempt: 1, attempts: [closed(1, 'Crash')], nextAttemptAt: at(100) }, { nodes: 2 });
    const decision = decide(observed(over, { services: [service] }), now(60), limits);
    assert.deepEqual(decision.type === 'Act' && decision.actions, [
      { type: 'DeleteService', name: 'digits-aaaaaaaa-e003-p1-a1', uid: 'svc' },
    ]);
    const open1 = decide(observed(job, { services: [service], kubeJobs: [kubeJob(1, { nodes: 2 })], pods: [] }), now(60), limits);
    assert.deepEqual(open1.type === 'Act' && open1.actions, []);
  });
});
