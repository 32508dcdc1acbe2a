/** Conditions: what counts as a change, and when the transition time moves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findCondition, isConditionTrue, setCondition } from '../../src/kube/conditions.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const ready = { type: 'Ready', status: 'True', reason: 'AllDone', message: 'all done', observedGeneration: 1 } as const;

describe('a condition', () => {
  it('is added with the time of now, to seconds', () => {
    assert.deepEqual(setCondition(undefined, ready, noon), [{ ...ready, lastTransitionTime: '2026-01-01T12:00:00Z' }]);
  });

  it('that says the same again leaves the very same list', () => {
    const list = setCondition([], ready, noon);
    assert.equal(setCondition(list, ready, noon + 5000), list);
  });

  it('keeps its time while only reason, message or generation change', () => {
    const list = setCondition([], ready, noon);
    const next = setCondition(list, { ...ready, reason: 'Other', observedGeneration: 2 }, noon + 5000);
    assert.deepEqual(next, [{ ...ready, reason: 'Other', observedGeneration: 2, lastTransitionTime: '2026-01-01T12:00:00Z' }]);
  });

  it('takes the time of now when its status changes, and leaves the others and the list before alone', () => {
    const list = setCondition(setCondition([], { ...ready, type: 'Other' }, noon), ready, noon);
    const next = setCondition(list, { ...ready, status: 'False' }, noon + 5000);
    assert.equal(findCondition(next, 'Ready')?.lastTransitionTime, '2026-01-01T12:00:05Z');
    assert.equal(next[0], list[0]);
    assert.ok(isConditionTrue(list, 'Ready') && !isConditionTrue(next, 'Ready') && !isConditionTrue(next, 'None'));
  });
});
