/** Deciding about an attempt that ends, as a table of sentences; decide.test.ts has what comes before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/island/decide.ts';
import { act, deleteJob, deletePod } from './acting.ts';
import {
  at,
  checkpoint,
  closed,
  endedPod,
  final,
  islandJob,
  kubeJob,
  limits,
  now,
  observed,
  open,
  pod,
  refusedPod,
  report,
} from './builders.ts';

describe('ending', () => {
  const job = islandJob({ attempt: 1, attempts: [open(1)] });

  it('the end of an attempt is never concluded from a cache', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 1)], live: false });
    assert.deepEqual(decide(seen, now(60), limits), { type: 'Look', at: 'Live' });
  });

  it('nothing is taken away on the word of a cache, which may be behind in one kind and ahead in another', () => {
    const look = { type: 'Look', at: 'Live' };
    for (const seen of [
      { pods: [pod(1)] },
      { kubeJobs: [kubeJob(1, { suspended: true })], pods: [pod(1)] },
      { kubeJobs: [kubeJob(1), kubeJob(2)], pods: [pod(1), pod(2)] },
    ])
      assert.deepEqual(decide(observed(job, { ...seen, live: false }), now(60), limits), look);
  });

  it('no new attempt is numbered while a cache shows something of the last: it may not show all of it', () => {
    const crashed = islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] });
    const left = { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 1)] };
    assert.deepEqual(decide(observed(crashed, { ...left, live: false }), now(60), limits), { type: 'Look', at: 'Live' });
    assert.equal(act(observed(crashed, left)).status.attempt, 2);
  });

  it('a published final manifest is success, and the record is stored before the finalizers are taken off', () => {
    const { status, actions } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 0, { final: final(1) })] }));
    assert.deepEqual([status.state, status.output, actions], ['Succeeded', final(1), []]);
    assert.deepEqual(
      status.conditions.map(({ type }) => type),
      ['Complete'],
    );
    const { actions: after } = act(
      observed(islandJob(status), { kubeJobs: [kubeJob(1, { done: 'Complete' })], pods: [endedPod(1, 0, { final: final(1) })] }),
    );
    assert.deepEqual(after, [
      { type: 'ReleasePod', name: pod(1).metadata.name, uid: 'pod-1' },
      { type: 'ReleaseJob', name: kubeJob(1).metadata.name, uid: 'job-1' },
    ]);
  });

  it('the progress of a success is that of its final manifest', () => {
    const last = report({ progress: { step: 1999, steps: 2000, at: at(48) } });
    const seen = observed(job, {
      kubeJobs: [kubeJob(1)],
      pods: [endedPod(1, 0, { final: final(1) })],
      report: { attempt: 1, report: last },
    });
    assert.deepEqual(act(seen).status.progress, { step: 2000, steps: 2000, at: at(40) });
  });

  it('a Job that says Complete without a final manifest proves nothing', () => {
    const { status } = act(
      observed(job, { kubeJobs: [kubeJob(1, { done: 'Complete' })], pods: [endedPod(1, 0, { reason: 'NothingPublished' })] }),
    );
    assert.deepEqual([status.state, status.output, status.attempts[0]?.class], ['Pending', undefined, 'Crash']);
  });

  it('a final manifest of another placement is not its own', () => {
    const foreign = { ...final(1), manifest: final(1).manifest.replace('p1a1', 'p2a1') };
    const { status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 0, { final: foreign })] }));
    assert.equal(status.output, undefined);
  });

  it('a final that an earlier attempt had published is taken', () => {
    const second = islandJob({ attempt: 2, attempts: [closed(1, 'Disruption'), open(2)] });
    const { status } = act(
      observed(second, { kubeJobs: [kubeJob(2)], pods: [refusedPod(2, 4, { reason: 'AlreadyFinal', final: final(1) })] }),
    );
    assert.deepEqual([status.state, status.output?.attempt, status.attempts.at(-1)?.rule], ['Succeeded', 1, 'already-final']);
  });

  it('no end is concluded while a container still runs', () => {
    const { status, actions } = act(
      observed(job, { kubeJobs: [kubeJob(1, { done: 'Failed' })], pods: [pod(1, { phase: 'Failed' })] }),
    );
    assert.equal(status.attempts[0]?.class, undefined);
    assert.equal(status.state, 'Stopping');
    assert.deepEqual(actions, [deletePod(1)]);
  });

  it('a pod of a concluded attempt that still runs is told to go, and keeps its finalizer until it has ended', () => {
    const after = islandJob({ attempt: 1, attempts: [closed(1, 'AttemptTaken')] });
    const { actions, status } = act(
      observed(after, { kubeJobs: [kubeJob(1, { done: 'Failed', released: true })], pods: [pod(1, { uid: 'copy', job: null })] }),
    );
    assert.deepEqual([actions, status.attempt, status.state], [[deletePod(1, 'copy')], 1, 'Stopping']);
  });

  it('a pod on a node that is gone has ended', () => {
    const { status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1)], lostNodes: new Set(['node-1']) }));
    assert.deepEqual([status.attempts[0]?.class, status.attempts[0]?.rule, status.restarts], ['NodeLost', 'node-lost', 0]);
  });

  it('a Job that is gone without a trace has ended, and the next number is used', () => {
    const { status } = act(observed(job));
    assert.deepEqual([status.attempts[0]?.class, status.attempts[0]?.rule], ['Disruption', 'job-gone']);
    assert.equal(act(observed(islandJob(status))).status.attempt, 2);
  });

  it('another Job under the recorded name is not the recorded one: its pod is told to go', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1, { uid: 'by-hand' })], pods: [pod(1, { uid: 'other', job: 'by-hand' })] });
    assert.deepEqual(act(seen).actions, [deletePod(1, 'other')]);
  });

  it('a Job that someone suspended after its pod had started has ended', () => {
    const seen = observed(islandJob({ attempt: 1, attempts: [open(1, { podUid: 'pod-1' })] }), {
      kubeJobs: [kubeJob(1, { suspended: true })],
    });
    assert.deepEqual(act(seen).actions, [deleteJob(1)]);
  });

  it('a Job that someone deleted is ended by deleting its pods, and that is not counted', () => {
    const gone = kubeJob(1, { deleted: true });
    assert.deepEqual(act(observed(job, { kubeJobs: [gone], pods: [pod(1)] })).actions, [deletePod(1)]);
    const { status } = act(
      observed(job, { kubeJobs: [gone], pods: [endedPod(1, 75, { checkpoint: checkpoint(1, 50) }, { deleted: true })] }),
    );
    assert.deepEqual([status.attempts[0]?.class, status.restarts, status.checkpoint?.step], ['Disruption', 0, 50]);
  });

  it('a second pod of the attempt that lost the claim does not end it', () => {
    const seen = observed(job, {
      kubeJobs: [kubeJob(1)],
      pods: [pod(1), refusedPod(1, 3, { reason: 'AttemptTaken' }, { uid: 'copy', job: null, created: 5 })],
    });
    const { status, actions } = act(seen);
    assert.deepEqual([status.state, status.attempts[0]?.podUid, actions], ['Running', 'pod-1', []]);
  });

  it('when the pod made by hand has the claim, it is told to go before the next attempt', () => {
    const seen = observed(job, {
      kubeJobs: [kubeJob(1)],
      pods: [refusedPod(1, 3, { reason: 'AttemptTaken' }), pod(1, { uid: 'copy', job: null })],
    });
    const { status, actions } = act(seen);
    assert.equal(status.attempts[0]?.class, undefined);
    assert.deepEqual(actions, [deleteJob(1), deletePod(1, 'copy')]);
  });

  it('the next number follows AttemptTaken at once, uncounted', () => {
    const { status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [refusedPod(1, 3, { reason: 'AttemptTaken' })] }));
    assert.deepEqual([status.attempts[0]?.class, status.restarts, status.nextAttemptAt], ['AttemptTaken', 0, undefined]);
  });

  it('the next attempt waits until the Job before can make no more pods', () => {
    const after = islandJob({ attempt: 1, attempts: [closed(1, 'Crash')], restarts: 1 });
    const { status, actions } = act(observed(after, { kubeJobs: [kubeJob(1)] }));
    assert.equal(status.attempt, 1);
    assert.deepEqual(actions, [deleteJob(1), { type: 'ReleaseJob', name: kubeJob(1).metadata.name, uid: 'job-1' }]);
    const next = act(observed(after, { kubeJobs: [kubeJob(1, { deleted: true, released: true })] }));
    assert.equal(next.status.attempt, 2);
  });

  it('a Job whose one pod has ended makes no more, even before its controller says so, and stays for its logs', () => {
    const after = islandJob({ attempt: 1, attempts: [closed(1, 'Crash')], restarts: 1 });
    const { status, actions } = act(
      observed(after, { kubeJobs: [kubeJob(1, { released: true })], pods: [endedPod(1, 1, undefined, { released: true })] }),
    );
    assert.deepEqual([status.attempt, actions], [2, []]);
  });

  it('the Job of the newest attempt stays for its logs, older ones go', () => {
    const second = islandJob({ attempt: 2, attempts: [closed(1, 'Crash'), open(2)], restarts: 1 });
    const { actions } = act(
      observed(second, { kubeJobs: [kubeJob(1, { done: 'Failed', released: true }), kubeJob(2)], pods: [pod(2)] }),
    );
    assert.deepEqual(actions, [deleteJob(1)]);
  });

  it('back-off is in the status, so that it survives a restart', () => {
    const { status, again } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 1)] }));
    assert.deepEqual(
      [status.state, status.reason, status.restarts, status.nextAttemptAt, again],
      ['Pending', 'WaitingForRetry', 1, at(70), 0],
    );
    const waited = observed(islandJob(status), { kubeJobs: [kubeJob(1, { done: 'Failed', released: true })] });
    assert.deepEqual([act(waited, 65).status.attempt, act(waited, 65).again], [1, 5_000]);
    assert.equal(act(waited, 70).status.attempt, 2);
  });

  it('out of budget it is Failed, with the last failure in the message', () => {
    const last = islandJob({
      attempt: 4,
      restarts: 3,
      attempts: [closed(1, 'Crash'), closed(2, 'Crash'), closed(3, 'Crash'), open(4)],
    });
    const { status } = act(
      observed(last, { kubeJobs: [kubeJob(4)], pods: [endedPod(4, 1, undefined, { said: 'ValueError: bad' })] }),
    );
    assert.deepEqual([status.state, status.reason, status.restarts], ['Failed', 'RestartBudgetSpent', 4]);
    assert.match(status.message ?? '', /ValueError: bad/);
  });
});
