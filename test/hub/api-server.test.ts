/** The hub against a real API server with the real CRDs: every status it writes must pass their rules, and at rest it writes nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { requestAnnotations } from '../../src/api/labels.ts';
import { retryOf, withRetry } from '../../src/api/requests.ts';
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
import { createFakeIsland, type FakeIsland } from './fake-island.ts';

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
let fake: FakeIsland;

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
  fake = createFakeIsland(client, store, clock);
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

const annotate = (value: string) => api.server.kubectl(['annotate', '--overwrite', '-n', namespace, 'et', 'again', value]);

test('a request that cannot be read is refused on admission, with its value and what is allowed', async () => {
  await client.create(ExpertTrainingKind, { ...training({ suspend: true }, 'again') });
  for (const [value, says] of [
    [
      'atoll.dev/retry=expert-3',
      /annotation atoll.dev\/retry: cannot read "expert-3": allowed is WORK@PLACEMENT, joined by commas/,
    ],
    ['atoll.dev/retry=3@1,', /cannot read "3@1,"/],
    ['atoll.dev/move=3@1=West', /annotation atoll.dev\/move: cannot read "3@1=West": allowed is WORK@PLACEMENT=ISLAND/],
  ] as const)
    await assert.rejects(annotate(value), says);
  for (const value of ['atoll.dev/retry=0@9, router@9', 'atoll.dev/move=3@9=west,2@9', 'atoll.dev/move=', 'atoll.dev/move-'])
    await annotate(value);
});

test('a blocked expert is retried and an accepted one replaced under the rules of the CRDs', async () => {
  fake.fate = ({ spec }) => {
    if (spec.placement > 1) return 'succeed';
    if (spec.role === 'Evaluate') return 'damaged';
    return spec.work.index === 1 ? 'fail' : 'succeed';
  };
  const again = { namespace, name: 'again' };
  const of = () => client.get<ExpertTraining>(ExpertTrainingKind, again);
  const expert = async (index: number) => {
    const found = await client.get<ExpertShard>(ExpertShardKind, { namespace, name: `again-e00${index}` });
    return found?.status;
  };
  await client.patch(ExpertTrainingKind, again, { spec: { suspend: false } }, { contentType: 'merge' });
  await eventually('Blocked', async () => (await expert(1))?.state === 'Blocked', 60_000);
  const { stdout } = await api.server.kubectl(['describe', 'es', 'again-e001', '-n', namespace]);
  assert.match(stdout, /To try again: kubectl annotate --overwrite et again atoll.dev\/retry=1@1/);
  const ask = async (index: number) => {
    const value = withRetry(undefined, retryOf(index, await expert(index)));
    await annotate(`${requestAnnotations.retry}=${value}`);
  };
  await ask(1);
  const evaluation = async () => (await of())?.status?.evaluation;
  await eventually('a damaged input', async () => (await evaluation())?.reason === 'InputDamaged', 60_000);
  const degraded = (await of())?.status?.conditions.find(({ type }) => type === 'Degraded');
  assert.deepEqual([degraded?.status, degraded?.reason], ['True', 'InputDamaged']);
  await ask(2);
  await eventually('Complete', async () => (await of())?.status?.state === 'Complete', 60_000);
  assert.deepEqual([(await expert(2))?.accepted?.placement, (await evaluation())?.accepted?.placement], [2, 2]);
  assert.deepEqual(errors, []);
});

test('deleting the run and its data set leaves nothing', async () => {
  await api.server.kubectl(['delete', 'et,eds', '--all', '-n', namespace, '--wait=false']);
  await eventually('nothing left', async () => (await all()).length === 0, 60_000);
  assert.deepEqual(errors, []);
});
