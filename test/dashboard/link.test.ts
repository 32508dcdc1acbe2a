/** A dashboard on a replica that does not lead: live progress and logs of an island come to it over a real nats-server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { type NatsServer, startNats } from '../../local/nats.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import type { Page } from '../../src/dashboard/view/common.ts';
import type { WorkRow } from '../../src/dashboard/view/work.ts';
import { createManager, type Manager } from '../../src/kube/manager.ts';
import { type KubeClient, silentLog } from '../../src/kube/types.ts';
import { createHubLink } from '../../src/link/hub.ts';
import { createIslandLink } from '../../src/link/island.ts';
import { createLinkMetrics } from '../../src/link/metrics.ts';
import { createNatsTransport } from '../../src/link/nats.ts';
import { inboxPrefix } from '../../src/link/subjects.ts';
import { job } from '../hub/builders.ts';
import { eventually } from '../kube/eventually.ts';
import { createMemoryApi } from '../kube/memory-client.ts';
import { anExpert, aRun, startMemoryWorld } from './memory-world.ts';

const limit = 30_000;
const jobName = 'run-0-e0-p1';
const quiet = { normal: () => {}, warning: () => {} };
const common = { clock, random, log: silentLog, prefix: 'test', events: quiet };
const stop = new AbortController();
const running: Promise<unknown>[] = [];
let nats: NatsServer;
let standby: ReturnType<typeof createHubLink>;
let world: Awaited<ReturnType<typeof startMemoryWorld>>;
const wrote = Promise.withResolvers<void>();

const bus = (name: string, more: object = {}) =>
  createNatsTransport({ servers: [nats.url], name, clock, log: silentLog, ...more });
const managerOf = (client: KubeClient) => createManager({ client, clock, random, log: silentLog });
type Transport = ReturnType<typeof bus>;

function start(manager: Manager, transport: Transport, loops: Record<string, (signal: AbortSignal) => Promise<void>>): void {
  for (const [name, loop] of Object.entries({ nats: (signal: AbortSignal) => transport.run(signal), ...loops }))
    manager.addLoop(name, loop, { leaderOnly: false });
  running.push(manager.run(stop.signal));
}

/** A hub's side of the link; only one that leads answers islands. */
function hubLink(name: string, client: KubeClient, leads: boolean) {
  const [manager, transport] = [managerOf(client), bus(name)];
  const link = createHubLink({
    ...common,
    client,
    manager,
    transport,
    metrics: createLinkMetrics(new Registry()),
    mayAnswer: () => leads,
    admit: () => Promise.resolve({ admitted: true }),
    registry: { heard: () => undefined, get: () => undefined },
    clusterUid: 'hub',
    instance: name,
  });
  const listen = { progress: (signal: AbortSignal) => link.listen(signal) };
  start(manager, transport, leads ? { ...listen, link: (signal) => link.run(signal) } : listen);
  return link;
}

function island(): void {
  const client = createMemoryApi({ clock, random }).client();
  const [manager, transport] = [managerOf(client), bus('paris', { inboxPrefix: inboxPrefix('paris') })];
  const mirrors = manager.informer(IslandJobKind);
  const link = createIslandLink({
    ...common,
    island: 'paris',
    client,
    manager,
    transport,
    agent: { version: '0', kubernetes: 'v1.35.4' },
    clusterUid: 'paris',
    instance: 'paris-0',
    capacity: () => ({ cpu: '8', memory: '32Gi', gpus: [] }),
    admit: () => undefined,
    *progress() {
      for (const mirror of mirrors.store.list())
        yield [
          mirror.metadata.uid ?? '',
          { step: 70_007, steps: 100_000, loss: '0.125', at: new Date(clock.now()).toISOString() },
        ] as const;
    },
    async *readLogs({ job: asked, container }) {
      if (asked.name !== jobName) throw new Error(`there is no pod of ${asked.name}`);
      yield `${container ?? 'trainer'} begins`;
      await wrote.promise;
      yield 'written later';
    },
  });
  start(manager, transport, { link: (signal) => link.run(signal) });
}

before(async () => {
  nats = await startNats();
  world = await startMemoryWorld({
    progress: (uid) => standby.progress.get(uid),
    openLog: (_, { spec }, request, until) => standby.logs(spec.island, request, until),
  });
  standby = hubLink('hub-1', world.api.client(), false);
  hubLink('hub-0', world.api.client(), true);
  island();
  world.api.put(ExpertTrainingKind, aRun('run-0', 1));
  world.api.put(ExpertShardKind, anExpert('run-0', 0, 1));
  const its = job(1, { state: 'Running', attempt: 1 });
  const owner = { kind: 'ExpertTraining' as const, name: 'run-0', uid: 'uid-run-0' };
  const placed: Omit<IslandJob, 'apiVersion' | 'kind'> = {
    metadata: { ...its.metadata, name: jobName, namespace: 'research', uid: 'uid-of-the-job' },
    spec: { ...its.spec, island: 'paris', work: { ...its.spec.work, owner } },
    ...(its.status === undefined ? {} : { status: its.status }),
  };
  world.api.put(IslandJobKind, placed);
});

after(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.allSettled(running);
  await world.stop();
  await nats.stop();
});

test('it shows live progress that no status holds', async () => {
  const row = await eventually(
    'the live step is in the row',
    async () => {
      const { rows } = (await (await world.get('api/works')).json()) as Page<WorkRow>;
      return rows.find(({ step }) => step === 70_007);
    },
    limit,
  );
  assert.equal(row.loss, 0.125);
});

test('it reads a log of the island as it is written', async () => {
  const path = 'api/namespaces/research/runs/run-0/works/expert-000/log?follow=1';
  const response = await world.get(path);
  assert.equal(response.status, 200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader?.read())?.value, 'trainer begins\n');
  wrote.resolve();
  assert.equal((await reader?.read())?.value, 'written later\n');
  assert.equal((await reader?.read())?.done, true);
});
