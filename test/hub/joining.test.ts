/** Which cluster may speak as an island, as a table; and the join itself against an API server in memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { apiVersion } from '../../src/api/kind.ts';
import { createAdmit, decideJoin, type Hello } from '../../src/hub/joining.ts';
import { createIslandRegistry } from '../../src/hub/registry.ts';
import { createStore } from '../../src/kube/store.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi } from '../kube/memory-client.ts';
import { at, island, now } from './builders.ts';

const digestOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const join = (token: string, expiresAt = '2026-01-02T00:00:00Z') => ({ join: { tokenDigest: digestOf(token), expiresAt } });

interface Row {
  sentence: string;
  spec?: Parameters<typeof island>[1];
  status?: object;
  deleting?: true;
  absent?: true;
  hello: Hello;
  verdict: string;
  message?: RegExp;
}

const joined = { clusterUid: 'c1', joinedWith: digestOf('t1') };
const rows: Row[] = [
  { sentence: 'the cluster that joined is known', status: joined, hello: { clusterUid: 'c1' }, verdict: 'Known' },
  {
    sentence: 'the cluster that joined is known whatever token it shows and however old that is',
    spec: join('t9', '2020-01-01T00:00:00Z'),
    status: joined,
    hello: { clusterUid: 'c1', joinToken: 'old' },
    verdict: 'Known',
  },
  {
    sentence: 'a first cluster with the token joins',
    spec: join('t1'),
    hello: { clusterUid: 'c1', joinToken: 't1' },
    verdict: 'Join',
  },
  {
    sentence: 'a first cluster without a token does not',
    spec: join('t1'),
    hello: { clusterUid: 'c1' },
    verdict: 'JoinRefused',
    message: /sent no join token/,
  },
  {
    sentence: 'a first cluster with an empty token does not',
    spec: join(''),
    hello: { clusterUid: 'c1', joinToken: '' },
    verdict: 'JoinRefused',
  },
  {
    sentence: 'a first cluster with another token does not',
    spec: join('t1'),
    hello: { clusterUid: 'c1', joinToken: 't2' },
    verdict: 'JoinRefused',
    message: /is not the one of west/,
  },
  {
    sentence: 'a token that has expired does not let in',
    spec: join('t1', at),
    hello: { clusterUid: 'c1', joinToken: 't1' },
    verdict: 'JoinRefused',
    message: /expired at 2026-01-01T00:00:00Z/,
  },
  {
    sentence: 'an island without spec.join lets nobody in',
    hello: { clusterUid: 'c1', joinToken: 't1' },
    verdict: 'JoinRefused',
    message: /atoll island add makes a token/,
  },
  {
    sentence: 'a second cluster with the token that was used is another cluster',
    spec: join('t1'),
    status: joined,
    hello: { clusterUid: 'c2', joinToken: 't1' },
    verdict: 'ClusterChanged',
    message: /c2 speaks as west, and cluster c1 has joined/,
  },
  {
    sentence: 'a second cluster without a token is another cluster',
    spec: join('t2'),
    status: joined,
    hello: { clusterUid: 'c2' },
    verdict: 'ClusterChanged',
  },
  {
    sentence: 'a second cluster with a new token replaces the first',
    spec: join('t2'),
    status: joined,
    hello: { clusterUid: 'c2', joinToken: 't2' },
    verdict: 'Join',
  },
  {
    sentence: 'a second cluster with a wrong token does not',
    spec: join('t2'),
    status: joined,
    hello: { clusterUid: 'c2', joinToken: 't3' },
    verdict: 'JoinRefused',
    message: /cluster c1 had joined before/,
  },
  {
    sentence: 'nobody speaks as an island that does not exist',
    absent: true,
    hello: { clusterUid: 'c1' },
    verdict: 'JoinRefused',
  },
  {
    sentence: 'nobody speaks as an island that is being deleted',
    deleting: true,
    status: joined,
    hello: { clusterUid: 'c1' },
    verdict: 'JoinRefused',
    message: /being deleted/,
  },
];

describe('joining', () => {
  for (const row of rows) {
    test(row.sentence, () => {
      const made = island('west', row.spec);
      const stored = {
        apiVersion,
        kind: 'ComputeIsland',
        ...made,
        metadata: { name: 'west', ...(row.deleting ? { deletionTimestamp: at } : {}) },
        status: { ...made.status, ...row.status },
      } as ComputeIsland;
      const found = decideJoin(row.absent ? undefined : stored, 'west', row.hello, now);
      assert.equal(found.verdict === 'Refuse' ? found.reason : found.verdict, row.verdict);
      if (row.message) assert.match(found.verdict === 'Refuse' ? found.message : '', row.message);
    });
  }
});

function setup() {
  const clock = createFakeClock();
  const api = createMemoryApi({ clock, random: createSeededRandom() });
  api.put(ComputeIslandKind, island('west', join('t1')));
  const registry = createIslandRegistry({ silenceMs: 30_000 });
  const told: string[] = [];
  const say = (_: unknown, reason: string) => void told.push(reason);
  const events = { normal: say, warning: say };
  const islands = createStore<ComputeIsland>();
  const admit = createAdmit({ client: api.client(), clock, islands, registry, events });
  const stored = () => api.get(ComputeIslandKind, { name: 'west' })?.status;
  return { admit, api, stored, told, registry, signal: new AbortController().signal };
}

test('of two clusters that show one token at the same time one joins', async () => {
  const { admit, stored, signal, told } = setup();
  const hello = (clusterUid: string) => admit('west', { clusterUid, joinToken: 't1', version: '1' }, signal);
  const answers = await Promise.all([hello('c1'), hello('c2')]);
  assert.deepEqual(answers.filter(({ admitted }) => admitted).length, 1);
  assert.ok(['c1', 'c2'].includes(stored()?.clusterUid ?? ''));
  assert.equal(stored()?.joinedWith, digestOf('t1'));
  assert.deepEqual(told.toSorted(), ['ClusterChanged', 'Joined']);
});

test('a join keeps the rest of the status, and a stranger is told of once', async () => {
  const { admit, stored, signal, told, registry } = setup();
  assert.deepEqual(await admit('west', { clusterUid: 'c1', joinToken: 't1', version: '1' }, signal), { admitted: true });
  assert.equal(stored()?.capacity?.cpu, '8');
  for (let times = 0; times < 3; times++) await admit('west', { clusterUid: 'c2', version: '1' }, signal);
  assert.deepEqual(told, ['Joined', 'ClusterChanged']);
  assert.equal(registry.turnedAway('west')?.reason, 'ClusterChanged');
});

test('one cluster is one island: it does not join under a second name', async () => {
  const { admit, api, signal } = setup();
  api.put(ComputeIslandKind, island('east', join('t2')));
  assert.deepEqual(await admit('west', { clusterUid: 'c1', joinToken: 't1', version: '1' }, signal), { admitted: true });
  assert.deepEqual(await admit('east', { clusterUid: 'c1', joinToken: 't2', version: '1' }, signal), {
    admitted: false,
    reason: 'JoinRefused',
    message: 'cluster c1 has joined as west: one cluster is one island',
  });
});
