/** Acting against an API server in memory: nothing is made from an old view, and what is found under a name is adopted only if it is ours. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IslandJobKind, type IslandJobStatus } from '../../src/api/islandjob.ts';
import { createAct } from '../../src/island/act.ts';
import { emptyStatus } from '../../src/island/observed.ts';
import { configMaps, jobs, networkPolicies } from '../../src/kube/core.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi } from '../kube/memory-client.ts';
import { closed, NAME, observed, open, settings, spec } from './builders.ts';

const signal = new AbortController().signal;
const key = (name: string) => ({ namespace: 'research', name });

function world(status: Partial<IslandJobStatus>, over: Record<string, unknown> = {}) {
  const api = createMemoryApi({ clock: createFakeClock(), random: createSeededRandom() });
  const job = api.put(IslandJobKind, {
    metadata: key(NAME),
    spec: spec(over),
    status: { ...emptyStatus(), ...status },
  });
  const act = createAct(api.client(), settings);
  return { api, job, act, create: (attempt: number) => act(observed(job), { type: 'CreateAttempt', attempt }, signal) };
}

describe('creating an attempt', () => {
  it('makes ConfigMap and Job under the derived name', async () => {
    const { api, create } = world({ attempt: 1, attempts: [{ number: 1 }] });
    const created = await create(1);
    const job = api.get(jobs, key(`${NAME}-a1`));
    assert.deepEqual(created, { outcome: 'Created', jobUid: job?.metadata.uid });
    assert.ok(api.get(configMaps, key(`${NAME}-a1`)));
    assert.deepEqual(api.all(networkPolicies), []);
  });

  it('twice finds the first', async () => {
    const { api, create } = world({ attempt: 1, attempts: [{ number: 1 }] });
    assert.deepEqual(await create(1), await create(1));
    assert.equal(api.all(jobs).length, 1);
  });

  for (const [sentence, status, over] of [
    ['that is not the stored one', { attempt: 2, attempts: [closed(1, 'Crash'), { number: 2 }] }, {}],
    ['whose Job is recorded already', { attempt: 1, attempts: [open(1)] }, {}],
    ['that was concluded', { attempt: 1, attempts: [closed(1, 'Crash')] }, {}],
    ['of a work that was stopped meanwhile', { attempt: 1, attempts: [{ number: 1 }] }, { stop: true }],
    ['of a work that was suspended meanwhile', { attempt: 1, attempts: [{ number: 1 }] }, { suspend: true }],
  ] as const)
    it(`makes nothing for a number ${sentence}, however old the view was`, async () => {
      const { api, create } = world({ ...status, attempts: [...status.attempts] }, over);
      assert.deepEqual(await create(1), { outcome: 'Outdated' });
      assert.deepEqual([...api.all(jobs), ...api.all(configMaps)], []);
    });

  it('gives up a name that belongs to something else, and leaves that alone', async () => {
    const { api, create } = world({ attempt: 1, attempts: [{ number: 1 }] });
    const foreign = api.put(jobs, { metadata: key(`${NAME}-a1`), spec: { template: {} } });
    assert.equal((await create(1))?.outcome, 'NameTaken');
    assert.deepEqual(api.get(jobs, key(`${NAME}-a1`)), foreign);
  });

  it('says what is wrong with a work that no pod can be made for', async () => {
    const { create } = world({ attempt: 1, attempts: [{ number: 1 }] }, { output: { store: 'far', prefix: 'x/' } });
    assert.deepEqual(await create(1), {
      outcome: 'Refused',
      message: 'store far is not in the settings of island local: it knows default',
    });
  });
});

describe('deleting', () => {
  it('hits the object of that uid only', async () => {
    const { api, act, job } = world({});
    api.put(jobs, { metadata: key('j'), spec: { template: {} } });
    await act(observed(job), { type: 'DeleteJob', name: 'j', uid: 'another' }, signal);
    assert.equal(api.all(jobs).length, 1);
  });
});
