/** Deciding, as a table of sentences: what is seen of one IslandJob, and what is to be done about it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { islandJobStatus } from '../../src/api/islandjob.ts';
import { decide } from '../../src/island/decide.ts';
import type { Action, Decision, Observed } from '../../src/island/observed.ts';
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

type Acted = Extract<Decision, { type: 'Act' }>;

function act(seen: Observed, seconds = 60): Acted {
  const decision = decide(seen, now(seconds), limits);
  if (decision.type !== 'Act') throw new Error(`expected a decision, not ${JSON.stringify(decision)}`);
  return decision;
}
const accepted = { podCheck: { outcome: 'Accepted' } } as const;
const deleteJob = (attempt: number): Action => ({
  type: 'DeleteJob',
  name: `digits-aaaaaaaa-e003-p1-a${attempt}`,
  uid: `job-${attempt}`,
});
const deletePod = (attempt: number, uid = `pod-${attempt}`): Action => ({
  type: 'DeletePod',
  name: `digits-aaaaaaaa-e003-p1-a${attempt}-${uid === `pod-${attempt}` ? 'x' : uid}`,
  uid,
});

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
