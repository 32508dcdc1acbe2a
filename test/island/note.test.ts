/** What is told of an attempt beside its state: the events of its start. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/island/decide.ts';
import type { EventNote, Observed } from '../../src/island/observed.ts';
import { checkpoint, closed, ended, islandJob, kubeJob, limits, now, observed, open, pod } from './builders.ts';

function told(seen: Observed): { events: readonly EventNote[]; next: Observed } {
  const decision = decide(seen, now(60), limits);
  if (decision.type !== 'Act') throw new Error(`expected a decision, not ${JSON.stringify(decision)}`);
  return { events: decision.events, next: { ...seen, job: islandJob(decision.status) } };
}

describe('an attempt', () => {
  it('tells once from which step it goes on, and which checkpoint did not verify', () => {
    const { manifest, digest } = checkpoint(1, 20);
    const damaged = checkpoint(1, 30).manifest;
    const result = {
      v: 1,
      reason: 'Restored',
      resumedFrom: { manifest, digest, step: 20 },
      skipped: [damaged],
      message: 'one bit',
    };
    const second = islandJob({ attempt: 2, attempts: [closed(1, 'Crash'), open(2)] });
    const restore = ended(0, JSON.stringify(result));
    const { events, next } = told(observed(second, { kubeJobs: [kubeJob(2)], pods: [pod(2, { restore })] }));
    assert.deepEqual(events, [
      { type: 'Warning', reason: 'CheckpointDamaged', message: `attempt 2 passed over ${damaged}: one bit` },
      { type: 'Normal', reason: 'Resumed', message: `attempt 2 goes on from step 20: ${manifest}` },
    ]);
    assert.deepEqual(told(next).events, []);
  });

  it('that starts from nothing has nothing to tell', () => {
    const seen = observed(islandJob({ attempt: 1, attempts: [open(1)] }), { kubeJobs: [kubeJob(1)], pods: [pod(1)] });
    assert.deepEqual(told(seen).events, []);
  });
});
