/** Deciding, as a table of sentences: what is seen of one IslandJob, and what is to be done about it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { islandJobStatus } from '../../src/api/islandjob.ts';
import { decide } from '../../src/island/decide.ts';
import { accepted, act, deleteJob } from './acting.ts';
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
  pod,
  refusedPod,
  report,
  running,
  unseen,
  waiting,
} from './builders.ts';

describe('starting', () => {
  it('a new IslandJob gets the finalizer before anything is made', () => {
    const { actions, status } = act(observed(islandJob(undefined, {}, { finalizers: [] })));
    assert.deepEqual(actions, [{ type: 'AddFinalizer' }]);
    assert.equal(status.attempt, 0);
  });

  it('the pod is shown to the API server before the first attempt', () => {
    assert.deepEqual(decide(observed(islandJob(undefined)), now(1), limits), { type: 'Look', at: 'PodCheck' });
  });

  it('the number of the attempt is stored before its Job is made', () => {
    const { actions, status } = act(observed(islandJob(undefined), accepted));
    assert.deepEqual(actions, []);
    assert.equal(status.attempt, 1);
    assert.deepEqual(status.attempts, [{ number: 1 }]);
    assert.equal(status.state, 'Pending');
  });

  it('a stored number without a Job is created, whether or not that was tried before', () => {
    const { actions } = act(observed(islandJob({ attempt: 1, attempts: [{ number: 1 }] })));
    assert.deepEqual(actions, [{ type: 'CreateAttempt', attempt: 1 }]);
  });

  it('and nothing of earlier attempts is taken away before', () => {
    const attempts = [closed(1, 'Crash'), { number: 2 }];
    const seen = { kubeJobs: [kubeJob(1)], pods: [endedPod(1, 1)], live: false };
    const { actions } = act(observed(islandJob({ attempt: 2, attempts }), seen));
    assert.deepEqual(actions, [{ type: 'CreateAttempt', attempt: 2 }]);
  });

  it('a Job that was made before its uid could be written down is adopted', () => {
    const { actions, status } = act(observed(islandJob({ attempt: 1, attempts: [{ number: 1 }] }), { kubeJobs: [kubeJob(1)] }));
    assert.deepEqual(actions, []);
    assert.deepEqual(status.attempts, [{ number: 1, jobUid: 'job-1' }]);
  });

  it('a pod that the API server refuses fails the work with its words, and makes no attempt', () => {
    const message = 'spec.containers[0].image: Required value';
    const { status, actions } = act(observed(islandJob(undefined), { podCheck: { outcome: 'Refused', message } }));
    assert.deepEqual([status.state, status.reason, status.message, status.attempt], ['Failed', 'Configuration', message, 0]);
    assert.deepEqual(actions, []);
  });

  it('a quota that is full now is waited for', () => {
    const { status, again } = act(observed(islandJob(undefined), { podCheck: { outcome: 'Later', message: 'exceeded quota' } }));
    assert.deepEqual([status.state, status.reason, status.message, again], ['Pending', 'PodRefused', 'exceeded quota', 30_000]);
  });

  it('a suspended new work makes no attempt', () => {
    const { status, actions } = act(observed(islandJob(undefined, { suspend: true }), accepted));
    assert.deepEqual([status.state, status.attempt, actions], ['Suspended', 0, []]);
  });

  it('numbers above the stored one are used up: the status went back in time', () => {
    const { status } = act(
      observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }), {
        kubeJobs: [kubeJob(4, { done: 'Failed', released: true })],
      }),
    );
    assert.equal(status.attempt, 5);
  });

  it('and it is told that it went back', () => {
    const lost = observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }), {
      kubeJobs: [kubeJob(4, { done: 'Failed', released: true })],
    });
    assert.deepEqual(act(lost).events, [
      {
        type: 'Warning',
        reason: 'StateWentBack',
        message: 'attempt 4 has left objects, but the status knew of 1 attempts only: 5 is the next',
      },
    ]);
    const whole = observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }), {
      kubeJobs: [kubeJob(1, { done: 'Failed', released: true })],
    });
    assert.deepEqual(act(whole).events, []);
  });
});

describe('not starting', () => {
  const unknown = { annotations: { 'atoll.dev/unknown-to-hub': at(20) } };

  it('a work that the island does not admit fails with the reason, and the API server is not asked', () => {
    const refusal = { reason: 'ImageNotAdmitted', message: 'island local does not admit the image i' } as const;
    const { status, actions, events } = act(observed(islandJob(undefined), { refusal }));
    assert.deepEqual([status.state, status.reason, status.attempt], ['Failed', 'ImageNotAdmitted', 0]);
    assert.deepEqual([status.message, actions], [refusal.message, []]);
    assert.deepEqual(events, [{ type: 'Warning', ...refusal }]);
  });

  it('a work that is no longer admitted runs on, and gets no further attempt', () => {
    const refusal = { reason: 'LimitExceeded', message: 'too many GPUs' } as const;
    const going = observed(islandJob({ attempt: 1, attempts: [open(1)] }), { refusal, kubeJobs: [kubeJob(1)], pods: [pod(1)] });
    assert.deepEqual([act(going).status.state, act(going).actions], ['Running', []]);
    const over = act(observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }), { refusal }));
    assert.deepEqual(
      [over.status.state, over.status.reason, over.status.attempts],
      ['Failed', 'LimitExceeded', [closed(1, 'Crash')]],
    );
  });

  it('a work that the hub does not know gets no attempt, first or further, and says so', () => {
    for (const before of [undefined, { attempt: 1, attempts: [closed(1, 'Crash')] }]) {
      const { status, actions, again } = act(observed(islandJob(before, {}, unknown), accepted));
      assert.deepEqual([status.state, status.reason, again], ['Pending', 'UnknownJobs', undefined]);
      assert.match(status.message ?? '', /the hub does not know this work since 2026-01-01T00:00:20Z/);
      assert.deepEqual([status.attempts, actions], [before?.attempts ?? [], []]);
    }
  });

  it('a number that was stored before the hub forgot the work is not made into pods', () => {
    const { status, actions } = act(observed(islandJob({ attempt: 1, attempts: [{ number: 1 }] }, {}, unknown)));
    assert.deepEqual([status.state, status.reason, actions], ['Pending', 'UnknownJobs', []]);
  });

  it('pods of a work that the hub does not know run on, and publishing goes on', () => {
    const job = islandJob({ attempt: 1, attempts: [open(1)] }, {}, unknown);
    const going = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1)] }));
    assert.deepEqual([going.status.state, going.actions], ['Running', []]);
    const done = act(
      observed(job, { kubeJobs: [kubeJob(1, { done: 'Complete' })], pods: [endedPod(1, 0, { final: final(1) })] }),
    );
    assert.deepEqual([done.status.state, done.status.output?.manifest], ['Succeeded', final(1).manifest]);
  });

  it('a work that the hub does not know ends as asked', () => {
    const { status } = act(observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }, { stop: true }, unknown)));
    assert.equal(status.state, 'Stopped');
  });
});

describe('waiting in a queue', () => {
  const queued = (over: Record<string, unknown> = {}) => ({ queueName: 'gpus', ...over });
  const missing = { podCheck: { outcome: 'NoQueue', message: 'queue gpus is not there' } } as const;

  it('that does not exist is looked at again every 30 s', () => {
    const { status, again } = act(observed(islandJob(undefined, queued()), missing));
    assert.deepEqual([status.state, status.reason, status.attempt, again], ['Pending', 'QueueNotFound', 0, 30_000]);
  });

  it('that does not exist counts against the deadline', () => {
    const job = islandJob(undefined, queued({ queueDeadline: '1m' }));
    assert.equal(act(observed(job, missing), 50).again, 10_000);
    const { status } = act(observed(job, missing), 60);
    assert.deepEqual([status.state, status.reason], ['Failed', 'QueueDeadlineExceeded']);
  });

  const job = islandJob({ attempt: 1, attempts: [open(1)] }, queued({ queueDeadline: '5m' }));
  const suspended = kubeJob(1, { suspended: true, created: 0 });

  it('is a state of its own, and its deadline counts from the Job', () => {
    const { status, again, actions } = act(observed(job, { kubeJobs: [suspended] }));
    assert.deepEqual([status.state, status.reason, again, actions], ['Queued', 'WaitingForQueue', 240_000, []]);
  });

  it('for ever is allowed', () => {
    const patient = islandJob({ attempt: 1, attempts: [open(1)] }, queued());
    const { status, again } = act(observed(patient, { kubeJobs: [suspended] }), 1e6);
    assert.deepEqual([status.state, again], ['Queued', undefined]);
  });

  it('for too long is written down, then the Job is deleted, then the work has failed', () => {
    const noted = act(observed(job, { kubeJobs: [suspended] }), 300).status;
    assert.equal(noted.attempts[0]?.rule, 'queue-deadline');
    const marked = islandJob(noted, queued({ queueDeadline: '5m' }));
    // Whatever the queue does from now on.
    for (const kube of [suspended, kubeJob(1, { created: 0 })])
      assert.deepEqual(act(observed(marked, { kubeJobs: [kube] }), 301).actions, [deleteJob(1)]);
    const { status } = act(observed(marked, { kubeJobs: [kubeJob(1, { deleted: true, created: 0 })] }), 302);
    assert.deepEqual([status.state, status.reason, status.restarts], ['Failed', 'QueueDeadlineExceeded', 0]);
    assert.deepEqual(
      [status.attempts[0]?.class, status.attempts[0]?.rule, status.message],
      ['Disruption', 'queue-deadline', 'queue gpus has not admitted it within 5m'],
    );
  });

  it('ends when the pod comes, and with it the deadline of the queue', () => {
    const { status, actions } = act(observed(job, { kubeJobs: [kubeJob(1, { created: 0 })], pods: [pod(1)] }), 1000);
    assert.deepEqual([status.state, actions], ['Running', []]);
  });

  it("again after the pod ran is the end of the attempt, which is nobody's fault", () => {
    const preempted = kubeJob(1, { suspended: true, created: 0, deleted: true });
    const { status } = act(observed(job, { kubeJobs: [preempted], pods: [endedPod(1, 75, undefined, { deleted: true })] }));
    assert.deepEqual([status.attempts[0]?.class, status.restarts], ['Disruption', 0]);
  });

  it('is looked for before every attempt', () => {
    const again = observed(islandJob({ attempt: 1, attempts: [closed(1, 'Crash')] }, queued()));
    assert.deepEqual(decide(again, now(60), limits), { type: 'Look', at: 'PodCheck' });
  });
});

describe('running', () => {
  const job = islandJob({ attempt: 1, attempts: [open(1)] });

  it('the record learns its pod, node and start; nothing is touched', () => {
    const { actions, status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1)], live: false }));
    assert.deepEqual(actions, []);
    assert.deepEqual(status.attempts, [
      { ...open(1), pod: pod(1).metadata.name, podUid: 'pod-1', node: 'node-1', startedAt: at(10) },
    ]);
    assert.equal(status.state, 'Running');
  });

  for (const [sentence, how, state] of [
    ['a pod without a node is Pending', { node: null }, 'Pending'],
    ['a pod that restores is Starting', { restore: running(), trainer: waiting('PodInitializing') }, 'Starting'],
    ['a trainer that ended while its courier runs is Publishing', { trainer: ended(0) }, 'Publishing'],
  ] as const)
    it(sentence, () => {
      const { actions, status } = act(observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, how)] }));
      assert.deepEqual([status.state, actions], [state, []]);
    });

  it('a Job that waits in a queue is Queued and left alone', () => {
    const { actions, status } = act(observed(job, { kubeJobs: [kubeJob(1, { suspended: true })] }));
    assert.deepEqual([status.state, actions], ['Queued', []]);
  });

  it('an image that cannot be pulled is shown while it is waited for', () => {
    const seen = observed(job, {
      kubeJobs: [kubeJob(1)],
      pods: [pod(1, { trainer: waiting('ImagePullBackOff', 'no such image'), phase: 'Pending' })],
    });
    const { actions, status } = act(seen, 120);
    assert.deepEqual(actions, []);
    assert.match(status.message ?? '', /container trainer: ImagePullBackOff: no such image/);
  });

  it('a missing Secret is a broken configuration, a slow image is not', () => {
    const never = {
      courier: waiting('PodInitializing'),
      restore: waiting('PodInitializing'),
      trainer: waiting('PodInitializing'),
      phase: 'Pending',
    };
    const sandbox = (ready: string) => [{ type: 'PodReadyToStartContainers', status: ready }];
    const warning = 'FailedMount: secret "atoll-store" not found';
    const stuck = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, { ...never, conditions: sandbox('False') })], warning });
    assert.match(act(stuck).status.message ?? '', /secret "atoll-store" not found/);
    assert.equal(act(stuck, 700).status.attempts.at(-1)?.rule, 'configuration-deadline');
    const slow = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, { ...never, conditions: sandbox('True') })] });
    assert.equal(act(slow, 7000).status.attempts.at(-1)?.rule, undefined);
  });

  it('after ten minutes that is written down first, then the Job is deleted, then it is Configuration', () => {
    const broken = { trainer: waiting('ImagePullBackOff', 'no such image'), phase: 'Pending' };
    const seen = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, broken)] });
    const marked = act(seen, 700);
    assert.deepEqual(marked.actions, []);
    const record = marked.status.attempts.at(-1);
    assert.equal(record?.rule, 'configuration-deadline');
    const later = islandJob({ ...marked.status });
    assert.deepEqual(act({ ...seen, job: later }, 701).actions, [deleteJob(1)]);
    const gone = act(
      { ...seen, job: later, kubeJobs: [kubeJob(1, { deleted: true })], pods: [refusedPod(1, 0, {}, { deleted: true })] },
      710,
    );
    assert.deepEqual([gone.status.state, gone.status.reason, gone.status.restarts], ['Failed', 'Configuration', 0]);
    assert.match(gone.status.message ?? '', /no such image/);
  });

  it('a container that was never created, of which the kubelet knows no times, leaves a status that the API server takes', () => {
    const marked = act(
      observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1, { trainer: waiting('ErrImagePull', 'none'), phase: 'Pending' })] }),
      700,
    );
    const gone = observed(islandJob({ ...marked.status }), {
      kubeJobs: [kubeJob(1, { deleted: true })],
      pods: [refusedPod(1, 0, {}, { deleted: true, trainer: unseen() })],
    });
    const { status } = act(gone, 710);
    assert.deepEqual([status.state, status.reason], ['Failed', 'Configuration']);
    assert.deepEqual(islandJobStatus.parse(status), status);
  });

  it('progress alone is written once a minute, a checkpoint at once', () => {
    const progress = (step: number, seconds: number) => ({ step, steps: 100, at: at(seconds) });
    const seen = observed(job, {
      kubeJobs: [kubeJob(1)],
      pods: [pod(1)],
      report: { attempt: 1, report: report({ progress: progress(10, 20) }) },
    });
    const first = act(seen);
    assert.deepEqual([first.status.progress?.step, first.status.display.progress], [10, '10%']);
    const next = { ...seen, job: islandJob({ ...first.status, observedGeneration: 1 }) };
    const early = act({ ...next, report: { attempt: 1, report: report({ progress: progress(20, 50) }) } });
    assert.equal(early.status.progress?.step, 10);
    assert.equal(early.again, 30_000);
    const due = act({ ...next, report: { attempt: 1, report: report({ progress: progress(30, 80) }) } });
    assert.equal(due.status.progress?.step, 30);
    const published = act({
      ...next,
      report: { attempt: 1, report: report({ progress: progress(21, 51), checkpoint: checkpoint(1, 20) }) },
    });
    assert.deepEqual([published.status.checkpoint?.step, published.status.progress?.step], [20, 21]);
    assert.deepEqual(
      published.events.map(({ reason }) => reason),
      ['CheckpointPublished'],
    );
  });

  it('nothing new means nothing to write', () => {
    const seen = observed(job, { kubeJobs: [kubeJob(1)], pods: [pod(1)] });
    const first = act(seen);
    const stored = islandJob(first.status);
    assert.equal(act({ ...seen, job: stored }).status.message, first.status.message);
    assert.deepEqual(act({ ...seen, job: stored }, 600).status, stored.status);
  });
});
