/** Which pod's log is read, and what is said when there is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import type { LogsRequest } from '../../src/api/islandreport.ts';
import { createReadLogs } from '../../src/island/logs.ts';
import { byIslandJob, islandJobIndex } from '../../src/island/look.ts';
import type { Pod } from '../../src/kube/core.ts';
import { createStore } from '../../src/kube/store.ts';
import type { PodLogs } from '../../src/kube/types.ts';
import { collect } from '../kube/collect.ts';
import { islandJob, NAME, type PodHow, pod } from './builders.ts';

const signal = new AbortController().signal;
const work = { namespace: 'research', name: NAME };
const container = (name: string) => ({ name });
const made = (attempt: number, how: PodHow = {}): Pod => {
  const bare = pod(attempt, how);
  const spec = { ...bare.spec, initContainers: ['courier', 'restore'].map(container), containers: [container('trainer')] };
  return { ...bare, spec };
};

function world(pods: readonly Pod[], client: Partial<PodLogs> = echo) {
  const islandJobs = createStore<IslandJob>();
  islandJobs.set(islandJob({ attempt: 2 }));
  const store = createStore<Pod>({ [islandJobIndex]: byIslandJob });
  for (const each of pods) store.set(each);
  return createReadLogs({ client, islandJobs, pods: store, island: 'local' });
}
/** Answers with what it was asked. */
const echo: PodLogs = {
  async *logs({ namespace, name }, options) {
    yield JSON.stringify([namespace, name, options]);
  },
};
const read = async (pods: readonly Pod[], request: Omit<LogsRequest, 'job'> = {}) =>
  JSON.parse((await collect(world(pods)({ job: work, ...request }, signal)))[0] ?? '');

describe('the log', () => {
  it('is that of the trainer in the newest attempt that has a pod', async () => {
    assert.deepEqual(await read([made(1), made(2)]), ['research', `${NAME}-a2-x`, { container: 'trainer' }]);
  });

  it('is that of the attempt, container and lines that were asked for', async () => {
    const request = { attempt: 1, container: 'courier', follow: true, tailLines: 10 };
    const options = { container: 'courier', follow: true, tailLines: 10 };
    assert.deepEqual(await read([made(1), made(2)], request), ['research', `${NAME}-a1-x`, options]);
  });

  it('of a gang is that of pod 0, unless another is asked for', async () => {
    const pods = [made(1, { index: 1 }), made(1, { index: 0 })];
    assert.equal((await read(pods))[1], `${NAME}-a1-0`);
    assert.equal((await read(pods, { index: 1 }))[1], `${NAME}-a1-1`);
  });

  for (const [sentence, pods, request, message] of [
    ['before there is a pod', [], {}, /IslandJob research\/digits-aaaaaaaa-e003-p1 has no pod now/],
    ['of an attempt whose pod is gone', [made(2)], { attempt: 1 }, /attempt 1 of .* has no pod any more; attempts that have: 2/],
    ['of a place that the gang has not', [made(2)], { index: 3 }, /attempt 2 of .* has no pod 3/],
    ['of a container that is not there', [made(2)], { container: 'x' }, /no container x; it has courier, restore, trainer/],
    ['of a work that is not here', [], { job: { namespace: 'n', name: 'm' } }, /IslandJob n\/m is not on island local/],
  ] as const)
    it(`${sentence} is an error in words`, () => {
      assert.throws(() => world(pods)({ job: work, ...request }, signal), message);
    });

  it('needs a client that reads logs', () => {
    assert.throws(() => world([made(1)], {})({ job: work }, signal), /island local has no access to logs/);
  });
});
