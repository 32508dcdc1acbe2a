/** What is said while the store is in the way of publishing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IslandJobStatus } from '../../src/api/islandjob.ts';
import { decide } from '../../src/island/decide.ts';
import { readReport } from '../../src/island/report.ts';
import type { Pod } from '../../src/kube/core.ts';
import { at, ended, islandJob, kubeJob, limits, now, observed, open, pod, report, running } from './builders.ts';

const trouble = { message: 'cannot write a/b: connect ECONNREFUSED', at: at(40) };
const words = `it waits for the store since ${at(40)}: cannot write a/b: connect ECONNREFUSED`;

function said(of: Pod, over: Parameters<typeof report>[0], stored: Partial<IslandJobStatus> = {}) {
  const job = islandJob({ attempt: 1, attempts: [open(1, { startedAt: at(10) })], ...stored });
  const seen = { kubeJobs: [kubeJob(1)], pods: [of], report: { attempt: 1, report: report(over), seenAt: now(60) } };
  const decision = decide(observed(job, seen), now(60), limits);
  assert.ok(decision.type === 'Act');
  const { state, reason, message } = decision.status;
  return { state, reason, message, events: decision.events.map((event) => `${event.type} ${event.reason}`) };
}

describe('while the store is in the way', () => {
  const training = pod(1, { courier: running(), trainer: running() });
  const done = pod(1, { courier: running(), trainer: ended(0) });

  it('a trainer that runs on is said to, and what is waited for, once in an event', () => {
    assert.deepEqual(said(training, { trouble, pending: 1 }), {
      state: 'Running',
      reason: 'StoreUnreachable',
      message: `attempt 1 is running, and what it saves is kept on its disk; ${words}`,
      events: ['Warning StoreUnreachable'],
    });
    assert.deepEqual(said(training, { trouble, pending: 1 }, { state: 'Running', reason: 'StoreUnreachable' }).events, []);
  });

  it('a trainer that is done is said to wait for its result', () => {
    assert.deepEqual(said(done, { trouble, pending: 1, phase: 'Publishing' }), {
      state: 'Publishing',
      reason: 'StoreUnreachable',
      message: `attempt 1 is publishing its result; ${words}`,
      events: ['Warning StoreUnreachable'],
    });
  });

  it('nothing more is said of it once something is published', () => {
    const { reason, events } = said(training, {}, { state: 'Running', reason: 'StoreUnreachable' });
    assert.deepEqual([reason, events], ['Running', []]);
  });

  it('a time that is none makes the report none', () => {
    assert.equal(readReport(report({ trouble: { ...trouble, at: 'yesterday' } })), undefined);
  });
});
