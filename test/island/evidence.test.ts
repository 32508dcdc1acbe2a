/** What is known about a failure after its pod is gone: lines, events, step, what to do; and what is not resumed from any more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noteCreated } from '../../src/island/created.ts';
import { decide } from '../../src/island/decide.ts';
import { createReadEvidence, printable } from '../../src/island/evidence.ts';
import { emptyStatus, type Observed } from '../../src/island/observed.ts';
import { type PodLogs, silentLog } from '../../src/kube/types.ts';

import { createFakeClock } from '../kube/fake-clock.ts';
import { at, checkpoint, endedPod, islandJob, kubeJob, limits, now, observed, open, pod, report } from './builders.ts';

const job = islandJob({ attempt: 1, attempts: [open(1, { startedAt: at(10) })] });
const ending = (over: Partial<Observed> = {}, of = endedPod(1, 1, {}, { said: 'Traceback' })) =>
  decide(observed(job, { kubeJobs: [kubeJob(1)], pods: [of], ...over }), now(60), limits);
function withoutEvidence(of = endedPod(1, 1)) {
  const { evidence: _, ...seen } = observed(job, { kubeJobs: [kubeJob(1)], pods: [of] });
  return decide(seen, now(60), limits);
}

describe('before a failure is concluded', () => {
  it('what it leaves behind is read', () => {
    assert.deepEqual(withoutEvidence(), { type: 'Look', at: 'Evidence' });
  });

  it('nothing is read for a success', () => {
    const done = endedPod(1, 0, { final: checkpoint(1, 2000, { final: true, kind: 'Export' }) });
    assert.equal(withoutEvidence(done).type, 'Act');
  });
});

describe('the evidence of a failure', () => {
  it('holds what a person needs', () => {
    const decision = ending({
      evidence: { lines: 'loss 0.3\nTraceback', events: ['BackOff: words'], nodeEvents: [] },
      report: { attempt: 1, report: report({ progress: { step: 7, at: at(40) } }) },
    });
    assert.ok(decision.type === 'Act');
    const { hint = '', ...failure } = decision.status.failure ?? {};
    assert.match(hint, /last lines of the log/);
    assert.deepEqual(failure, {
      attempt: 1,
      class: 'Crash',
      rule: 'crash',
      action: 'Retry',
      counted: true,
      node: 'node-1',
      exitCode: 1,
      step: 7,
      message: 'Traceback',
      lines: 'loss 0.3\nTraceback',
      events: ['BackOff: words'],
      at: at(50),
    });
  });

  it('has the kubelet’s copy of the last lines where the log is gone', () => {
    const decision = ending();
    assert.ok(decision.type === 'Act');
    assert.equal(decision.status.failure?.lines, 'Traceback');
  });

  it('has no exit code and no lines of a container that never was, whatever the kubelet makes up for it', () => {
    const made = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located' };
    const decision = ending({}, endedPod(1, 137, {}, { trainer: { terminated: made } }));
    assert.ok(decision.type === 'Act');
    const { exitCode, lines } = decision.status.failure ?? {};
    assert.deepEqual([exitCode, lines, decision.status.attempts[0]?.exitCode], [undefined, undefined, undefined]);
  });

  it('says Fail when the budget is spent, whatever the rule had said', () => {
    const spent = islandJob({ attempt: 1, restarts: 3, attempts: [open(1)] });
    const decision = ending({ job: spent });
    assert.ok(decision.type === 'Act');
    assert.deepEqual([decision.status.failure?.action, decision.status.reason], ['Fail', 'RestartBudgetSpent']);
  });
});

describe('a Job that the API server refuses', () => {
  it('leaves its words and what to do', () => {
    const of = islandJob({ attempt: 1, attempts: [{ number: 1 }] });
    const { status } = noteCreated(
      of,
      { ...emptyStatus(), ...of.status },
      { outcome: 'Refused', message: 'spec.x is wrong' },
      now(60),
    );
    const { class: failure, rule, action, message, hint = '' } = status.failure ?? {};
    assert.deepEqual([failure, rule, action, message], ['Configuration', 'job-refused', 'Fail', 'spec.x is wrong']);
    assert.match(hint, /podTemplate/);
    assert.equal(status.state, 'Failed');
  });
});

describe('weights that are not finite', () => {
  const refused = endedPod(1, 1, {
    reason: 'NonFinite',
    message: 'tensor w holds NaN',
    lastStep: 40,
    checkpoint: checkpoint(1, 30),
  });

  it('put the newest checkpoint into quarantine', () => {
    const decision = ending({}, refused);
    assert.ok(decision.type === 'Act');
    assert.deepEqual(decision.status.quarantined, [checkpoint(1, 30).manifest]);
    assert.deepEqual(decision.events.map(({ reason }) => reason).slice(0, 2), ['NonFinite', 'CheckpointQuarantined']);
  });

  it('at the same step again block the work', () => {
    const again = islandJob({
      attempt: 2,
      attempts: [{ number: 1, class: 'NonFinite', step: 40, finishedAt: at(5) }, open(2)],
    });
    const second = endedPod(2, 1, { reason: 'NonFinite', lastStep: 40 });
    const decision = ending({ job: again, kubeJobs: [kubeJob(2)] }, second);
    assert.ok(decision.type === 'Act');
    assert.deepEqual([decision.status.state, decision.status.reason], ['Failed', 'NonFinite']);
    assert.match(decision.status.message ?? '', /at the same step as in attempt 1/);
  });
});

describe('reading', () => {
  async function* logged(lines: string[]): AsyncGenerator<string> {
    yield* lines;
  }
  const read = (client: Partial<PodLogs>, events: string[] = []) =>
    createReadEvidence({ client, events: async () => events, clock: createFakeClock(), log: silentLog })(
      pod(1, { trainer: { terminated: { exitCode: 1 } } }),
      new AbortController().signal,
    );

  it('keeps the end of a long log, within 2048 characters', async () => {
    const lines = Array.from({ length: 80 }, (_, index) => `line ${index} ${'x'.repeat(100)}`);
    const { lines: kept = '' } = await read({ logs: () => logged(lines) });
    assert.ok(kept.length <= 2048 && kept.endsWith(`line 79 ${'x'.repeat(100)}`), kept);
  });

  it('keeps the end of one line of a megabyte', async () => {
    const { lines: kept = '' } = await read({ logs: () => logged(['y'.repeat(1_000_000)]) });
    assert.equal(kept.length, 2048);
  });

  it('goes on without a log that is gone', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield await Promise.reject(new Error('cannot read the log: pod not found'));
    }
    const gone: PodLogs = { logs: failing };
    assert.deepEqual(await read(gone, ['BackOff: words']), { events: ['BackOff: words'], nodeEvents: ['BackOff: words'] });
  });

  it('remembers what the log said while the trainer ran, for when the kubelet has thrown it away with the pod', async () => {
    const logs = [
      ['Current thread (most recent call first):', '  File "train.py", line 7 in step'],
      ['unable to retrieve container logs for containerd://0123'],
    ];
    const reader = createReadEvidence({
      client: { logs: () => logged(logs.shift() ?? []) },
      events: async () => [],
      clock: createFakeClock(),
      log: silentLog,
    });
    const { signal } = new AbortController();
    await reader(pod(1), signal);
    const { lines } = await reader(pod(1, { trainer: { terminated: { exitCode: 137 } } }), signal);
    assert.match(lines ?? '', /line 7 in step$/);
    const other = await reader(pod(2, { trainer: { terminated: { exitCode: 137 } } }), signal);
    assert.equal(other.lines, undefined, 'what another pod said is not its');
  });

  it('keeps five events of 256 characters', async () => {
    const { events } = await read(
      {},
      Array.from({ length: 9 }, (_, index) => `Reason: ${'ghijklmno'.charAt(index).repeat(400)}`),
    );
    assert.deepEqual(
      events.map(({ length }) => length),
      [256, 256, 256, 256, 256],
    );
  });

  it('cuts a long event in its middle: it begins with what failed and ends with why', async () => {
    const { events } = await read({}, [`Failed: Failed to pull image "${'x'.repeat(400)}": connection refused`]);
    const [event = ''] = events;
    assert.match(event, /^Failed: Failed to pull image "x+…x+": connection refused$/);
    assert.equal(event.length, 256);
  });

  it('takes colours and control characters out', () => {
    assert.equal(printable('\u001b[31mred\u001b[0m\tand\r\u0000 more'), 'red\tand more');
  });
});
