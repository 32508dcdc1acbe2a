/** Suspend, stop, deadline and deletion, as a table of sentences. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/island/decide.ts';
import { act } from './acting.ts';
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
  NAME,
  now,
  observed,
  open,
  pod,
  report,
} from './builders.ts';

const deleteJob = { type: 'DeleteJob', name: `${NAME}-a1`, uid: 'job-1' };
const attempts = [open(1, { podUid: 'pod-1' })];
const going = { kubeJobs: [kubeJob(1)], pods: [pod(1)] };

describe('suspend', () => {
  const job = islandJob({ attempt: 1, attempts }, { suspend: true });

  it('ends the attempt by deleting its Job, so that the trainer is told to save', () => {
    const { actions, status } = act(observed(job, going));
    assert.deepEqual(actions, [deleteJob]);
    assert.deepEqual([status.state, status.message], ['Stopping', 'attempt 1 is ending: it was suspended']);
  });

  it('is Suspended when the pod has saved, uncounted, and nothing is started', () => {
    const saved = observed(job, {
      kubeJobs: [kubeJob(1, { deleted: true })],
      pods: [endedPod(1, 75, { checkpoint: checkpoint(1, 500) }, { deleted: true })],
    });
    const { status } = act(saved);
    assert.deepEqual(
      [status.attempts[0]?.class, status.attempts[0]?.rule, status.restarts, status.checkpoint?.step],
      ['Disruption', 'asked', 0, 500],
    );
    assert.deepEqual([status.state, status.message], ['Suspended', 'it goes on from step 500 when suspend is false']);
    assert.equal(act(observed(islandJob(status, { suspend: true }))).status.attempt, 1);
  });

  it('starts the next attempt at once when it is taken back', () => {
    const { status } = act(
      observed(islandJob({ attempt: 1, attempts: [closed(1, 'Disruption', { rule: 'asked' })], state: 'Suspended' })),
    );
    assert.equal(status.attempt, 2);
  });

  it('waits for a publication that is going on', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, { trainer: ended(0) })] });
    const { actions, status, again } = act(seen);
    assert.deepEqual([status.state, actions, again], ['Publishing', [], 590_000]);
  });

  it('waits for a trainer that waits for its final to be published', () => {
    const finishing = report({ phase: 'Publishing', progress: { step: 100, steps: 100, at: at(55) } });
    assert.deepEqual(act(observed(job, { ...going, report: { attempt: 1, report: finishing } })).actions, []);
  });

  it('does not wait longer than grace.publish', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, { trainer: ended(0) })] });
    assert.deepEqual(act(seen, 651).actions, [deleteJob]);
  });

  it('does not hide a crash that came before it', () => {
    const { status } = act(observed(job, { kubeJobs: [kubeJob(1, { done: 'Failed' })], pods: [endedPod(1, 1)] }));
    assert.deepEqual([status.attempts[0]?.class, status.restarts, status.state], ['Crash', 1, 'Suspended']);
  });

  it('before the Job was made ends the number without making it', () => {
    const { status, actions } = act(observed(islandJob({ attempt: 1, attempts: [{ number: 1 }] }, { suspend: true })));
    assert.deepEqual([status.state, status.attempts[0]?.class, actions], ['Suspended', 'Disruption', []]);
  });
});

describe('stop', () => {
  it('of something that never ran is proven from the API server, not from a cache', () => {
    const job = islandJob(undefined, { stop: true });
    assert.deepEqual(decide(observed(job, { live: false }), now(5), limits), { type: 'Look', at: 'Live' });
    assert.deepEqual(act(observed(job), 5).status.stopped, { at: at(5), attempt: 0, reason: 'Stopped' });
  });

  it('gives its proof only when every pod has ended', () => {
    const job = islandJob({ attempt: 1, attempts: [closed(1, 'Disruption')] }, { stop: true });
    const { status, actions } = act(observed(job, { pods: [pod(1, { job: null })] }));
    assert.equal(status.stopped, undefined);
    assert.equal(status.state, 'Stopping');
    assert.deepEqual(actions, [{ type: 'DeletePod', name: pod(1).metadata.name, uid: 'pod-1' }]);
  });

  it('is proven once and then stays as it is', () => {
    const job = islandJob({ attempt: 1, attempts: [closed(1, 'Disruption')] }, { stop: true });
    const { status } = act(observed(job));
    assert.deepEqual([status.state, status.stopped?.attempt], ['Stopped', 1]);
    assert.deepEqual(act(observed(islandJob(status, { stop: true })), 900).status, { ...status });
  });

  it('of a failed work gives the proof and keeps the failure', () => {
    const job = islandJob(
      { attempt: 1, attempts: [closed(1, 'Configuration')], state: 'Failed', reason: 'Configuration', message: 'bad' },
      { stop: true },
    );
    const { status } = act(observed(job));
    assert.deepEqual([status.state, status.message, status.stopped?.attempt], ['Failed', 'bad', 1]);
  });

  it('during publication still ends in success', () => {
    const job = islandJob({ attempt: 1, attempts }, { stop: true });
    const { status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 0, { final: final(1) })] }));
    assert.equal(status.state, 'Succeeded');
  });
});

describe('the deadline', () => {
  const deadline = { deadline: at(100) };
  it('wakes the controller when it comes', () => {
    assert.equal(act(observed(islandJob({ attempt: 1, attempts }, deadline), going), 60).again, 40_000);
  });
  it('ends the attempt like a suspend', () => {
    assert.deepEqual(act(observed(islandJob({ attempt: 1, attempts }, deadline), going), 101).actions, [deleteJob]);
  });
  it('then fails the work', () => {
    const { status } = act(observed(islandJob({ attempt: 1, attempts: [closed(1, 'Disruption')] }, deadline)), 120);
    assert.deepEqual([status.state, status.reason], ['Failed', 'DeadlineExceeded']);
  });
});

describe('deletion', () => {
  const gone = { deletionTimestamp: at(55) };
  const deleting = (status: Parameters<typeof islandJob>[0]) => islandJob(status, {}, gone);

  it('of something that was never taken up touches nothing', () => {
    assert.deepEqual(act(observed(islandJob(undefined, {}, { ...gone, finalizers: [] }))).actions, []);
  });

  it('ends the attempt and waits for its pod', () => {
    const { actions, status } = act(observed(deleting({ attempt: 1, attempts }), going));
    assert.deepEqual([actions, status.state], [[deleteJob], 'Stopping']);
    const waits = act(
      observed(deleting({ attempt: 1, attempts }), {
        kubeJobs: [kubeJob(1, { deleted: true })],
        pods: [pod(1, { deleted: true })],
      }),
    );
    assert.deepEqual(waits.actions, []);
  });

  it('takes away everything that is left, ConfigMap and NetworkPolicy included', () => {
    const object = (name: string, attempt?: number) => ({
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name, uid: `${name}-uid`, labels: attempt ? { 'atoll.dev/attempt': String(attempt) } : {} },
    });
    const seen = observed(deleting({ attempt: 1, attempts: [closed(1, 'Disruption')] }), {
      kubeJobs: [kubeJob(1, { done: 'Failed' })],
      pods: [endedPod(1, 75)],
      configMaps: [object('map', 1)],
      policies: [object('policy')],
    });
    assert.deepEqual(act(seen).actions, [
      { type: 'ReleasePod', name: pod(1).metadata.name, uid: 'pod-1' },
      { type: 'DeletePod', name: pod(1).metadata.name, uid: 'pod-1' },
      deleteJob,
      { type: 'ReleaseJob', name: `${NAME}-a1`, uid: 'job-1' },
      { type: 'DeleteConfigMap', name: 'map', uid: 'map-uid' },
      { type: 'DeletePolicy', name: 'policy', uid: 'policy-uid' },
    ]);
  });

  it('drops its finalizer only when the API server says that nothing is left', () => {
    const job = deleting({ attempt: 1, attempts: [closed(1, 'Disruption')] });
    assert.deepEqual(decide(observed(job, { live: false }), now(60), limits), { type: 'Look', at: 'Live' });
    assert.deepEqual(act(observed(job)).actions, [{ type: 'DropFinalizer' }]);
  });
});
