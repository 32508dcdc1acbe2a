/** A hub with an island elsewhere against a real API server: joining as a compare-and-set, statuses by the CRDs, and the finalizer of IslandJobs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import type { Admit } from '../../src/api/islandreport.ts';
import { systemClock as clock, systemRandom as random, timestamp } from '../../src/clock.ts';
import type { Announcer } from '../../src/hub/announce.ts';
import { createHubControllers, createIslandAdmission, createIslandRegistry } from '../../src/hub/index.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { type KubeClient, type Log, silentLog } from '../../src/kube/types.ts';
import { Api } from '../api/server.ts';
import { eventually } from '../kube/eventually.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { dataset, namespace } from './builders.ts';
import { createFakeIsland } from './fake-island.ts';

let api: Api;
let client: KubeClient & { close(): Promise<void> };
let admit: Admit;
let running: Promise<unknown>;
const errors: string[] = [];
const log: Log = {
  ...silentLog,
  error: (data, message) => void errors.push(`${message}: ${String((data as { err?: unknown }).err)}`),
};
const ending = new AbortController();
const registry = createIslandRegistry({ silenceMs: 3_000 });
const handed = new Set<string>();
/** The wire to the island is there. */
let connected = true;
/** IslandJobs are handed out to it. */
let handsOut = true;

const digestOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const west = () => client.get<ComputeIsland>(ComputeIslandKind, { name: 'west' });
const jobs = async () => (await client.list<IslandJob>(IslandJobKind)).items;
const condition = async (type: string) => (await west())?.status?.conditions.find((one) => one.type === type);
const data = () => client.get(ExpertDatasetKind, { namespace, name: 'digits' });
const limit = 60_000;

function speak(): void {
  registry.heard('west', {
    clusterUid: 'c1',
    instance: 'agent-1',
    version: '0.2.0',
    kubernetes: 'v1.35.0',
    sentAt: timestamp(clock.now()),
    receivedAt: clock.now(),
    capacity: { cpu: '8', memory: '32Gi', gpus: [] },
    unknown: [{ namespace, name: 'lost', uid: 'u1' }],
    refused: [],
    held: 0,
  });
}

before(async () => {
  api = await Api.start();
  await api.server.kubectl(['create', 'namespace', namespace]);
  client = createKubeClient({ kubeconfig: api.server.kubeconfigPath, clock, random });
  const manager = createManager({ client, clock, random, log });
  const events: Announcer = { normal: () => undefined, warning: () => undefined };
  const settings = { images: { workload: 'ddm' }, instance: 'hub-0', progressEveryMs: 200 };
  const store = new MemoryStore();
  const uidOf = (job: IslandJob) => job.metadata.uid ?? '';
  const withheld = new Set<string>();
  const link = {
    mayHold: (job: IslandJob) => handed.has(uidOf(job)),
    withhold: (uid: string) => void withheld.add(uid),
    poke: () => undefined,
  };
  const shared = { client, manager, clock, random, log, settings, events, islandRegistry: registry };
  admit = createIslandAdmission(shared);
  createHubControllers({ ...shared, stores: new Map([['default', store]]), link, islandSilenceMs: 3_000 });
  const fake = createFakeIsland(client, store, clock);
  fake.fate = () => 'run';
  fake.reaches = (job) => {
    if (!connected || !handsOut || withheld.has(uidOf(job))) return false;
    handed.add(uidOf(job));
    return true;
  };
  const drive = async () => {
    while (!ending.signal.aborted) {
      if (connected && (await west())?.status?.clusterUid === 'c1') speak();
      await fake.step();
      await clock.sleep(100, ending.signal).catch(() => undefined);
    }
  };
  running = Promise.all([manager.run(ending.signal), drive()]);
});

after(async () => {
  ending.abort(new Error('the test is over'));
  await running.catch(() => undefined);
  await client.close();
  await api[Symbol.asyncDispose]();
});

test('of eight clusters that show the token at once one joins, and its island becomes Ready', async () => {
  const join = { tokenDigest: digestOf('secret'), expiresAt: timestamp(clock.now() + 3_600_000) };
  await client.create(ComputeIslandKind, {
    metadata: { name: 'west' },
    spec: { approved: true, cordoned: false, drain: false, join },
  });
  await eventually('WaitingForJoin', async () => (await condition('Joined'))?.reason === 'WaitingForJoin', limit);
  const hello = (clusterUid: string) => admit('west', { clusterUid, joinToken: 'secret', version: '0.2.0' }, ending.signal);
  assert.deepEqual(await admit('west', { clusterUid: 'c0', joinToken: 'wrong', version: '0.2.0' }, ending.signal), {
    admitted: false,
    reason: 'JoinRefused',
    message: 'the join token of cluster c0 is not the one of west: atoll island add --replace makes a new token',
  });
  const uids = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];
  const answers = await Promise.allSettled(uids.map(hello));
  const admitted = uids.filter((_, at) => {
    const answer = answers[at];
    return answer?.status === 'fulfilled' && answer.value.admitted;
  });
  const joined = (await west())?.status?.clusterUid;
  assert.deepEqual(admitted, [joined]);
  // The tests below know it as c1.
  if (joined !== 'c1') {
    const again = { tokenDigest: digestOf('second'), expiresAt: timestamp(clock.now() + 3_600_000) };
    await client.patch(ComputeIslandKind, { name: 'west' }, { spec: { join: again } }, { contentType: 'merge' });
    const replaced = await admit('west', { clusterUid: 'c1', joinToken: 'second', version: '0.2.0' }, ending.signal);
    assert.deepEqual(replaced, { admitted: true });
  }
  await eventually('Ready', async () => (await west())?.status?.state === 'Ready', limit);
  const { stdout } = await api.server.kubectl(['get', 'isl']);
  assert.match(stdout, /west +Ready +True/);
  assert.match((await condition('UnknownJobs'))?.message ?? '', /the hub does not know research\/lost/);
  assert.deepEqual(errors, []);
});

test('an IslandJob deleted while its island is away keeps its finalizer until that has let it go', async () => {
  await client.create(ExpertDatasetKind, dataset());
  await eventually('a running job', async () => (await jobs())[0]?.status?.state === 'Running', limit);
  connected = false;
  await eventually('Unreachable', async () => (await west())?.status?.state === 'Unreachable', limit);
  assert.equal((await condition('Reachable'))?.status, 'Unknown');
  await api.server.kubectl(['delete', 'eds', 'digits', '-n', namespace, '--wait=false']);
  await eventually(
    'the reason',
    async () => {
      const found = await client.get(ExpertDatasetKind, { namespace, name: 'digits' });
      const ready = (found as { status?: { conditions: { type: string; message: string }[] } } | undefined)?.status?.conditions;
      return /island west has not been heard since/.test(ready?.find(({ type }) => type === 'Ready')?.message ?? '');
    },
    limit,
  );
  assert.deepEqual((await jobs())[0]?.metadata.finalizers, ['atoll.dev/island']);
  connected = true;
  await eventually('nothing left', async () => (await jobs()).length === 0 && !(await data()), limit);
  assert.deepEqual(errors, []);
});

test('an IslandJob that was never handed out goes with its owner although its island is away', async () => {
  await eventually('Ready', async () => (await west())?.status?.state === 'Ready', limit);
  handsOut = false;
  await client.create(ExpertDatasetKind, dataset());
  await eventually('an IslandJob', async () => (await jobs()).length === 1, limit);
  connected = false;
  await eventually('Unreachable', async () => (await west())?.status?.state === 'Unreachable', limit);
  await api.server.kubectl(['delete', 'eds', 'digits', '-n', namespace, '--wait=false']);
  await eventually('nothing left', async () => (await jobs()).length === 0 && !(await data()), limit);
  assert.equal(connected, false);
  assert.deepEqual(errors, []);
});
