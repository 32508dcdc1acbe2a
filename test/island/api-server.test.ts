/** The island against a real API server: the pod passes its admission, and every status on the way is one that the CRD accepts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { checkPod } from '../../src/island/check.ts';
import { createIslandControllers } from '../../src/island/index.ts';
import { createReadEvents, createWarnings } from '../../src/island/warnings.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { configMaps, events, jobs, nodes, type Pod, pods } from '../../src/kube/core.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { accountOf } from '../chart/account.ts';
import { endedPod, final, NAME, settings, spec } from './builders.ts';

type Client = ReturnType<typeof createKubeClient>;
const namespace = 'research';
const key = (name: string) => ({ namespace, name });

let server: ApiServer;
let client: Client;
/** As the operator of the chart. */
let agent: Client;
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
const state = (name: string, wanted: string) =>
  until(`${name} ${wanted}`, async () => {
    const job = await client.get(IslandJobKind, key(name));
    return job?.status?.state === wanted ? job : undefined;
  });
const create = (name: string, over: Record<string, unknown> = {}): Promise<IslandJob> =>
  client.create(IslandJobKind, { metadata: { name, namespace }, spec: spec(over) });

before(async () => {
  server = await startApiServer();
  client = createKubeClient({ kubeconfig: server.kubeconfigPath, clock, random });
  await server.kubectl(['apply', '-f', 'crds/']);
  await established(server, ['islandjobs.atoll.dev', 'computeislands.atoll.dev']);
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await server.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: restricted } }),
  });
  // A pod on a node that does not exist has ended, as the island sees it: that node must be there before the pod is.
  await client.create(nodes, { metadata: { name: 'node-1' } });
  // The rights are those of the chart: what they lack would not come about.
  agent = createKubeClient({ kubeconfig: await accountOf(server, 'standalone'), clock, random });
  const manager = createManager({ client: agent, clock, random, log: silentLog });
  createIslandControllers({ client: agent, manager, clock, random, log: silentLog, settings });
  running = manager.run(stop.signal);
});

after(async () => {
  stop.abort();
  await running.catch(() => undefined);
  await Promise.all([client.close(), agent.close()]);
  await server.stop();
});

describe('the API server', () => {
  it('takes the pod in a namespace of the restricted standard, GPUs, shared memory and all', async () => {
    const resources = { cpu: '500m', memory: '1Gi', gpus: 1, gpuProduct: 'H100', shm: '64Mi', scratch: '1Gi' };
    const job = await client.create(IslandJobKind, {
      metadata: { name: 'whole', namespace },
      spec: spec({ suspend: true, container: { image: 'i', resources } }),
    });
    assert.deepEqual(await checkPod(agent, job, settings, stop.signal), { outcome: 'Accepted' });
  });

  it('refuses a podTemplate that breaks the standard, and the work fails with its words', async () => {
    const podTemplate = { spec: { hostNetwork: true } };
    await create('host', { container: { image: 'i', resources: { cpu: '1', memory: '1Gi' }, podTemplate } });
    const { status } = await state('host', 'Failed');
    assert.deepEqual([status?.reason, status?.attempt], ['Configuration', 0]);
    assert.match(status?.message ?? '', /violates PodSecurity "restricted:latest": host namespaces/);
  });

  it('refuses a podTemplate that is no pod, and the message names the field', async () => {
    const podTemplate = { spec: { volumes: [{ name: 'UPPER', emptyDir: {} }] } };
    await create('upper', { container: { image: 'i', resources: { cpu: '1', memory: '1Gi' }, podTemplate } });
    const { status } = await state('upper', 'Failed');
    assert.match(status?.message ?? '', /spec\.volumes\[\d\]\.name: Invalid value: "UPPER"/);
  });

  it('takes every status from the first attempt to success, by uid and compare-and-set', async () => {
    const made = await create(NAME);
    const job = await until('the Job', () => client.get(jobs, key(`${NAME}-a1`)));
    assert.equal((await client.get(IslandJobKind, key(NAME)))?.status?.attempt, 1);
    assert.ok(await client.get(configMaps, key(`${NAME}-a1`)));
    const recorded = await until('its uid in the status', async () => {
      const now = await client.get(IslandJobKind, key(NAME));
      return now?.status?.attempts[0]?.jobUid === undefined ? undefined : now;
    });
    assert.equal(recorded.status?.attempts[0]?.jobUid, job.metadata.uid);
    await play(job.metadata.uid ?? '', made.metadata.uid ?? '');
    const { status } = await state(NAME, 'Succeeded');
    assert.deepEqual(
      [status?.output?.manifest, status?.attempts[0]?.class, status?.display.progress],
      [final(1).manifest, 'Succeeded', '100%'],
    );
    await until('the finalizers gone', async () => {
      const [left, kept] = [await client.get(pods, key('played')), await client.get(jobs, key(`${NAME}-a1`))];
      return left?.metadata.finalizers === undefined && !kept?.metadata.finalizers?.includes('atoll.dev/attempt')
        ? true
        : undefined;
    });
    await until('its configuration gone', async () =>
      (await client.get(configMaps, key(`${NAME}-a1`))) === undefined ? true : undefined,
    );
  });

  it('tells by its events why a pod does not come up', async () => {
    const about = await client.create(configMaps, { metadata: { name: 'about', namespace } });
    const { uid = '' } = about.metadata;
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'about', namespace, uid };
    const common = {
      regarding,
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'kubelet',
      reportingInstance: 'node-1',
      action: 'Mounting',
    };
    const said = (name: string, type: string, note: string) =>
      client.create(events, { metadata: { name, namespace }, ...common, type, reason: 'FailedMount', note });
    await said('warning', 'Warning', 'secret "atoll-store" not found');
    await said('normal', 'Normal', 'nothing to see');
    const later = { ...clock, now: () => clock.now() + 60_000 };
    const warnings = createWarnings(createReadEvents(agent, silentLog), later);
    await warnings.refresh('work', about, stop.signal);
    assert.equal(warnings.get('work'), 'FailedMount: secret "atoll-store" not found');
  });

  it('lets a deleted IslandJob go when nothing of it is left', async () => {
    await create('short', { suspend: true });
    const job = await state('short', 'Suspended');
    await client.delete(IslandJobKind, key('short'), { uid: job.metadata.uid ?? '' });
    await until('the end of it', async () => ((await client.get(IslandJobKind, key('short'))) ? undefined : true));
  });
});

/** What Job controller and kubelet would do: make the pod from the template, and report how its containers ended. */
async function play(jobUid: string, islandJobUid: string): Promise<void> {
  const job = await client.get(jobs, key(`${NAME}-a1`));
  const template = job?.spec.template;
  if (!job || !template?.spec) throw new Error('cannot play the kubelet: the Job has no template');
  const own = [{ apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: jobUid, controller: true }];
  const made = await client.create(pods, {
    metadata: {
      name: 'played',
      namespace,
      labels: template.metadata?.labels ?? {},
      finalizers: template.metadata?.finalizers ?? [],
      ownerReferences: own,
    },
    spec: { ...template.spec, nodeName: 'node-1' },
  });
  assert.equal(made.metadata.labels?.['atoll.dev/island-job-uid'], islandJobUid);
  const { status } = endedPod(1, 0, { final: final(1) });
  const body: Pick<Pod, 'status'> = status ? { status: JSON.parse(JSON.stringify(status)) as NonNullable<Pod['status']> } : {};
  await client.patch(pods, key('played'), body, { contentType: 'merge', subresource: 'status' });
}
