/** The hub against a real API server with the real CRDs: every status it writes must pass their rules, and at rest it writes nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createHubControllers } from '../../src/hub/index.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { type KubeClient, type KubeObject, type Log, type ResourceType, silentLog } from '../../src/kube/types.ts';
import { Api } from '../api/server.ts';
import { accountOf } from '../chart/account.ts';
import { eventually } from '../kube/eventually.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { dataset, island, namespace, training } from './builders.ts';
import { createFakeIsland } from './fake-island.ts';

let api: Api;
let client: KubeClient & { close(): Promise<void> };
/** As the operator of the chart, with no more rights. */
let hub: typeof client;
const errors: string[] = [];
const log: Log = {
  ...silentLog,
  error: (data, message) => void errors.push(`${message}: ${String((data as { err?: unknown }).err)}`),
};
const store = new MemoryStore();
const ending = new AbortController();
let running: Promise<unknown>;

const at = { namespace, name: 'digits' };
const run = () => client.get<ExpertTraining>(ExpertTrainingKind, at);

const kinds = [ExpertTrainingKind, ExpertDatasetKind, ExpertShardKind, IslandJobKind] as ResourceType<KubeObject>[];
const all = async () => (await Promise.all(kinds.map((type) => client.list(type)))).flatMap(({ items }) => items);

before(async () => {
  api = await Api.start();
  await api.server.kubectl(['create', 'namespace', namespace]);
  client = createKubeClient({ kubeconfig: api.server.kubeconfigPath, clock, random });
  hub = createKubeClient({ kubeconfig: await accountOf(api.server, 'hub'), clock, random });
  const manager = createManager({ client: hub, clock, random, log });
  const settings = { images: { workload: 'ddm' }, instance: 'hub-0', progressEveryMs: 200 };
  createHubControllers({ client: hub, manager, clock, random, log, stores: new Map([['default', store]]), settings });
  const fake = createFakeIsland(client, store, clock);
  const { status, ...created } = island() as ComputeIsland;
  await client.create(ComputeIslandKind, created);
  await client.applyStatus(ComputeIslandKind, { metadata: created.metadata, status: status ?? {} }, { fieldManager: 'test' });
  const drive = async () => {
    while (!ending.signal.aborted) {
      await fake.step();
      await clock.sleep(50, ending.signal).catch(() => undefined);
    }
  };
  running = Promise.all([manager.run(ending.signal), drive()]);
});

after(async () => {
  ending.abort(new Error('the test is over'));
  await running.catch(() => undefined);
  await Promise.all([client.close(), hub.close()]);
  await api[Symbol.asyncDispose]();
});

test('a whole run passes every rule of the CRDs, and then nothing is written', async () => {
  await client.create(ExpertDatasetKind, dataset());
  await client.create(ExpertTrainingKind, training());
  await eventually('Complete', async () => (await run())?.status?.state === 'Complete', 60_000);
  const versions = async () => (await all()).map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
  const resting = await versions();
  await clock.sleep(1500);
  assert.deepEqual(await versions(), resting);
  assert.deepEqual(errors, []);
  const { stdout } = await api.server.kubectl(['get', 'eds,et,es,ij', '-n', namespace]);
  assert.match(stdout, /experttraining.atoll.dev\/digits +Complete +4\/4 +100%/);
});

test('deleting the run and its data set leaves nothing', async () => {
  await api.server.kubectl(['delete', 'et,eds', 'digits', '-n', namespace, '--wait=false']);
  await eventually('nothing left', async () => (await all()).length === 0, 60_000);
  assert.deepEqual(errors, []);
});
