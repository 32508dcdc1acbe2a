/** What gangs and queues ask of a real API server: Indexed Job, Service and NetworkPolicy, and a LocalQueue of Kueue by a stub of its kind. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { checkPod } from '../../src/island/check.ts';
import { createIslandControllers, type Island } from '../../src/island/index.ts';
import type { IslandSettings } from '../../src/island/settings.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { readCluster } from '../../src/kube/cluster.ts';
import { configMaps, jobs, type NetworkPolicy, networkPolicies, services } from '../../src/kube/core.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { accountOf } from '../chart/account.ts';
import { settings as defaults, NAME, spec } from './builders.ts';

const namespace = 'research';
const key = (name: string) => ({ namespace, name });
const settings: IslandSettings = {
  ...defaults,
  namespaces: [namespace],
  admit: { images: ['ghcr.io/lab/*'], maxGpus: 8 },
  network: { stores: [{ cidr: '10.99.0.1/32', ports: [7070] }], agentCidrs: ['10.0.0.0/24'] },
};
const container = (gpus: number, over: Record<string, unknown> = {}) => ({
  container: { image: 'ghcr.io/lab/trainer:1', resources: { cpu: '1', memory: '1Gi', gpus }, ...over },
});
const gang = (over: Record<string, unknown> = {}) => ({ nodes: 2, ...container(2), ...over });

let server: ApiServer;
let client: ReturnType<typeof createKubeClient>;
/** As the operator of the chart. */
let agent: typeof client;
let island: Island;
const stop = new AbortController();
let running: Promise<void> = Promise.resolve();

/** Waits for what the real server brings about, at most a minute. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = clock.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (clock.now() > end) throw new Error(`${what} did not come within a minute`);
    await clock.sleep(50);
  }
}
const state = (name: string, wanted: string, reason?: string) =>
  until(`${name} ${wanted} ${reason ?? ''}`, async () => {
    const job = await client.get(IslandJobKind, key(name));
    const there = job?.status?.state === wanted && (reason === undefined || job.status.reason === reason);
    return there ? job : undefined;
  });
const create = (name: string, over: Record<string, unknown> = {}): Promise<IslandJob> =>
  client.create(IslandJobKind, { metadata: { name, namespace }, spec: spec(over) });
const apply = (object: object) => server.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });

before(async () => {
  server = await startApiServer();
  client = createKubeClient({ kubeconfig: server.kubeconfigPath, clock, random });
  // The kind of a hub is not here, as on the cluster of an island.
  await server.kubectl(['apply', '-f', 'crds/islandjobs.yaml']);
  await established(server, ['islandjobs.atoll.dev']);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
  // The rights are those of the chart in the namespace alone: what they lack would not come about.
  agent = createKubeClient({ kubeconfig: await accountOf(server, 'island', { namespaces: [namespace] }), clock, random });
  const manager = createManager({ client: agent, clock, random, log: silentLog });
  island = createIslandControllers({ client: agent, manager, clock, random, log: silentLog, settings, selfReport: false });
  running = manager.run(stop.signal);
});

after(async () => {
  stop.abort();
  await running.catch(() => undefined);
  await Promise.all([client?.close(), agent?.close()]);
  await server?.stop();
});

describe('the API server', () => {
  it('tells which cluster it is, and the island counts what it has, without a ComputeIsland', async () => {
    const { uid, kubernetes } = await readCluster(agent, stop.signal);
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.match(kubernetes, /^v1\.[0-9]+\./);
    assert.deepEqual(island.capacity(), { cpu: '0', memory: '0Gi', gpus: [] });
  });

  it('takes pod, Indexed Job and Service of a gang in a namespace of the restricted standard', async () => {
    const job = await client.create(IslandJobKind, {
      metadata: { name: 'checked', namespace },
      spec: spec(gang({ suspend: true })),
    });
    assert.deepEqual(await checkPod(agent, job, settings, stop.signal), { outcome: 'Accepted' });
  });

  it('refuses a gang whose pods would have names that are too long, before its first attempt', async () => {
    await create('x'.repeat(56), gang({ nodes: 64, ...container(0) }));
    const job = await client.get(IslandJobKind, key('x'.repeat(56)));
    // 56 + "-a1" + "-63" still fits; the longest number of an attempt does not.
    const late: IslandJob = { ...(job as IslandJob), status: { ...job?.status, attempt: 9998 } as IslandJob['status'] & object };
    const refused = await checkPod(agent, late, settings, stop.signal);
    assert.equal(refused.outcome, 'Refused');
    assert.match('message' in refused ? refused.message : '', /will not able to create pod with invalid DNS label: x+-a9999-63/);
  });

  it('gets the objects of a gang, and loses them with it', async () => {
    const made = await create(NAME, gang());
    const job = await until('the Job', () => client.get(jobs, key(`${NAME}-a1`)));
    assert.deepEqual([job.spec.completionMode, job.spec.completions, job.spec.parallelism], ['Indexed', 2, 2]);
    const service = await until('the Service', () => client.get(services, key(`${NAME}-a1`)));
    assert.deepEqual([service.spec.clusterIP, service.spec.publishNotReadyAddresses], ['None', true]);
    const policy = await until<NetworkPolicy>('the policy', () => client.get(networkPolicies, key(NAME)));
    assert.deepEqual([policy.spec.egress?.length, policy.spec.ingress?.length], [3, 2]);
    await until('its uid in the status', async () =>
      island.islandJobs.get(key(NAME))?.status?.attempts[0]?.jobUid === undefined ? undefined : true,
    );
    await client.delete(IslandJobKind, key(NAME), { uid: made.metadata.uid ?? '' });
    await until('the Job released', async () => {
      const left = await client.get(jobs, key(`${NAME}-a1`));
      return left?.metadata.finalizers?.join() === 'foregroundDeletion' ? true : undefined;
    });
    // The garbage collector is no part of an API server: this is what it does when no pod is left.
    await client.patch(jobs, key(`${NAME}-a1`), { metadata: { finalizers: null } }, { contentType: 'merge' });
    await until('the end of it', async () => ((await client.get(IslandJobKind, key(NAME))) ? undefined : true));
    for (const type of [services, configMaps, networkPolicies] as const)
      assert.deepEqual((await client.list(type, { namespace, labelSelector: `atoll.dev/island-job=${NAME}` })).items, []);
  });

  it('never sees what the island does not admit', async () => {
    await create('evil', { container: { image: 'evil', resources: { cpu: '1', memory: '1Gi' } } });
    assert.match((await state('evil', 'Failed', 'ImageNotAdmitted')).status?.message ?? '', /does not admit the image evil/);
    await create('large', gang(container(5)));
    assert.match((await state('large', 'Failed', 'LimitExceeded')).status?.message ?? '', /10 GPUs in its 2 pods/);
    await create('far', { ...container(0), output: { store: 'far', prefix: 'x/' } });
    await state('far', 'Failed', 'StoreUnknown');
    const own = (await client.list(jobs, { namespace })).items.map(({ metadata }) => metadata.labels?.['atoll.dev/island-job']);
    assert.ok(!own.some((name) => ['evil', 'large', 'far'].includes(name ?? '')));
  });
});

describe('a queue', () => {
  it('without Kueue is not found; with Kueue its name is missed, and once it is there the Job carries its label', async () => {
    await create('queued', { ...container(0), queueName: 'gpus' });
    const without = await state('queued', 'Pending', 'QueueNotFound');
    assert.match(without.status?.message ?? '', /Kueue is not installed/);
    assert.equal(without.status?.attempt, 0);

    await apply(localQueueKind);
    await established(server, ['localqueues.kueue.x-k8s.io']);
    const nobody = await client.get(IslandJobKind, key('queued'));
    if (!nobody) throw new Error('the IslandJob is gone');
    const message = 'queue gpus is not in namespace research: make a LocalQueue of that name there';
    // Discovery of a new kind takes the API server a moment.
    await until('the kind', async () => {
      const check = await checkPod(agent, nobody, settings, stop.signal);
      return 'message' in check && check.message === message ? true : undefined;
    });

    await apply({ apiVersion: 'kueue.x-k8s.io/v1beta1', kind: 'LocalQueue', metadata: { name: 'gpus', namespace }, spec: {} });
    const job = await until('the Job', () => client.get(jobs, key('queued-a1')));
    assert.equal(job.metadata.labels?.['kueue.x-k8s.io/queue-name'], 'gpus');
    assert.notEqual(job.spec.suspend, true);

    // What Kueue's webhook does at creation, done by hand.
    const suspend = { metadata: { uid: job.metadata.uid }, spec: { suspend: true } };
    await client.patch(jobs, key('queued-a1'), suspend, { contentType: 'merge' });
    await state('queued', 'Queued', 'WaitingForQueue');
    await client.patch(jobs, key('queued-a1'), { spec: { suspend: false } }, { contentType: 'merge' });
    await state('queued', 'Pending', 'WaitingForPod');
    assert.equal((await client.get(IslandJobKind, key('queued')))?.status?.attempt, 1);
  });
});

/** As much of Kueue as Atoll asks for, in its older version. */
const localQueueKind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'localqueues.kueue.x-k8s.io',
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/kueue' },
  },
  spec: {
    group: 'kueue.x-k8s.io',
    scope: 'Namespaced',
    names: { kind: 'LocalQueue', plural: 'localqueues', singular: 'localqueue' },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
