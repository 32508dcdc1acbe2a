/** What a pod that claims its attempt makes of the answers of the store: a bucket in memory that fails as it is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimAttempt } from '../../src/store/claim.ts';
import { AttemptTakenError, StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import { MemoryStore } from './memory-store.ts';

const key = 'atoll/work/p1a1/claim-0.json';
const mine = { podUid: 'pod-1', pod: 'a', node: 'node-1', at: '2026-01-01T00:00:00Z' };
const other = { ...mine, podUid: 'pod-2', pod: 'b' };

describe('a claim', () => {
  test('is of the pod that was first, which may claim again', async () => {
    const store = new MemoryStore();
    await claimAttempt(store, key, mine);
    await claimAttempt(store, key, mine);
    await assert.rejects(claimAttempt(store, key, other), AttemptTakenError);
  });

  test('whose answer is lost is settled by a read, for the one who wrote it and for the other', async () => {
    const store = new MemoryStore();
    store.faults.after = (operation) => {
      if (operation === 'put') throw new StoreUnavailableError(operation, key, 'the answer was lost');
    };
    await claimAttempt(store, key, mine);
    await assert.rejects(claimAttempt(store, key, other), AttemptTakenError);
  });

  test('that never arrived at a store that is away can be tried again: the attempt is nobody else’s', async () => {
    const store = new MemoryStore();
    store.faults.before = (operation) => {
      if (operation === 'put') throw new StoreUnavailableError(operation, key, 'the store is away');
    };
    await assert.rejects(claimAttempt(store, key, mine), StoreUnavailableError);
    store.faults = {};
    await claimAttempt(store, key, mine);
  });

  test('is refused by credentials that may not write, also for the pod that holds it: it could publish nothing', async () => {
    const store = new MemoryStore();
    await claimAttempt(store, key, mine);
    store.faults.before = (operation) => {
      if (operation === 'put') throw new StoreRefusedError(operation, key, 'AccessDenied', 'read only');
    };
    for (const pod of [mine, other]) await assert.rejects(claimAttempt(store, key, pod), StoreRefusedError);
  });

  test('is not the pod’s when something that is no claim lies there', async () => {
    const store = new MemoryStore();
    await store.put(key, 'not a claim');
    await assert.rejects(claimAttempt(store, key, mine), /something that writes no claims/);
  });
});
