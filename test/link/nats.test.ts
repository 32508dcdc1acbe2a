/** The link over a real nats-server, between two real API servers: what is killed, emptied or spoiled there changes nothing that matters. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect } from 'nats';
import { Registry } from 'prom-client';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { type NatsServer, startNats } from '../../local/nats.ts';
import { IslandJobKind, type IslandJobStatus, islandJobStatus } from '../../src/api/islandjob.ts';
import type { IslandReport } from '../../src/api/islandreport.ts';
import { annotations, finalizers } from '../../src/api/labels.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createHubLink } from '../../src/link/hub.ts';
import { createIslandLink } from '../../src/link/island.ts';
import { createLinkMetrics } from '../../src/link/metrics.ts';
import { createNatsTransport } from '../../src/link/nats.ts';
import { inboxPrefix, islandSubjects } from '../../src/link/subjects.ts';
import { spec } from '../island/builders.ts';
import { eventually } from '../kube/eventually.ts';

const namespace = 'research';
const prefix = 'test';
const key = (name: string) => ({ namespace, name });
const limit = 60_000;
const quiet = { normal: () => {}, warning: () => {} };
const stop = new AbortController();

interface Cluster {
  server: ApiServer;
  client: RealKubeClient;
}
let nats: NatsServer;
let hub: Cluster;
let paris: Cluster;
let running: Promise<unknown>[] = [];
const reports = new Map<string, IslandReport>();
const registry = new Registry();
let links: { hub: ReturnType<typeof createHubLink>; paris: ReturnType<typeof createIslandLink> };

async function cluster(): Promise<Cluster> {
  const server = await startApiServer();
  await server.kubectl(['apply', '-f', 'crds/']);
  await established(server, ['islandjobs.atoll.dev']);
  return { server, client: createKubeClient({ kubeconfig: server.kubeconfigPath, clock, random }) };
}
const makeNamespace = ({ server }: Cluster, name: string) => server.kubectl(['create', 'namespace', name]);

before(async () => {
  [nats, hub, paris] = await Promise.all([startNats(), cluster(), cluster()]);
  await Promise.all([makeNamespace(hub, namespace), makeNamespace(paris, namespace), makeNamespace(hub, 'elsewhere')]);
  const run = ({ client }: Cluster) => createManager({ client, clock, random, log: silentLog });
  const [atHub, atParis] = [run(hub), run(paris)];
  const common = { clock, random, log: silentLog, prefix, events: quiet };
  const bus = (name: string, more: object = {}) =>
    createNatsTransport({ servers: [nats.url], name, clock, log: silentLog, ...more });
  const [hubBus, parisBus] = [bus('hub'), bus('paris', { inboxPrefix: inboxPrefix('paris') })];
  links = {
    hub: createHubLink({
      ...common,
      client: hub.client,
      manager: atHub,
      metrics: createLinkMetrics(registry),
      transport: hubBus,
      mayAnswer: () => true,
      admit: () => Promise.resolve({ admitted: true }),
      registry: { heard: (island, report) => void reports.set(island, report), get: (island) => reports.get(island) },
      clusterUid: 'hub',
      instance: random.uuid(),
    }),
    paris: createIslandLink({
      ...common,
      island: 'paris',
      client: paris.client,
      manager: atParis,
      transport: parisBus,
      agent: { version: '0', kubernetes: 'v1.35.4' },
      clusterUid: 'paris',
      instance: random.uuid(),
      capacity: () => ({ cpu: '8', memory: '32Gi', gpus: [] }),
      admit: () => undefined,
      progress: function* () {
        for (const mirror of mirrors.values()) yield [mirror, { step: 7, at: '2026-01-01T00:00:00Z' }];
      },
      readLogs: async function* ({ job, follow }, signal) {
        if (job.name !== 'e1') throw new Error(`there is no pod of ${job.name}`);
        for (let line = 0; line < 5000; line++) yield `line ${line}`;
        if (follow)
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('closed')), { once: true }));
      },
    }),
  };
  const parts = [
    { manager: atHub, transport: hubBus, link: links.hub },
    { manager: atParis, transport: parisBus, link: links.paris },
  ];
  running = parts.map(({ manager, transport, link }) => {
    manager.addLoop('nats', (signal) => transport.run(signal), { leaderOnly: false });
    manager.addLoop('link', (signal) => link.run(signal));
    if ('listen' in link) manager.addLoop('progress', (signal) => link.listen(signal), { leaderOnly: false });
    return manager.run(stop.signal);
  });
});

after(async () => {
  stop.abort();
  await Promise.allSettled(running);
  await Promise.all([hub?.client.close(), paris?.client.close()]);
  await Promise.all([hub?.server.stop(), paris?.server.stop(), nats?.stop()]);
});

/** Uids of mirrors that report progress. */
const mirrors = new Map<string, string>();
const at = ({ client }: Cluster, name: string) => client.get(IslandJobKind, key(name));
const create = (name: string, over: object = {}, where = namespace) =>
  hub.client.create(IslandJobKind, {
    metadata: { name, namespace: where, finalizers: [finalizers.island] },
    spec: spec({ island: 'paris', ...over }),
  });
const mirrorOf = (name: string) => eventually(`the mirror of ${name}`, () => at(paris, name), limit);
const stateAtHub = (name: string, state: string) =>
  eventually(
    `${name} ${state} at the hub`,
    async () => ((await at(hub, name))?.status?.state === state ? true : undefined),
    limit,
  );
const change = async (name: string, fields: object) => {
  const revision = ((await at(hub, name))?.spec.revision ?? 0) + 1;
  await hub.client.patch(IslandJobKind, key(name), { spec: { ...fields, revision } }, { contentType: 'merge' });
};
async function say(name: string, over: Partial<IslandJobStatus>): Promise<void> {
  const mirror = await mirrorOf(name);
  const { uid = '', resourceVersion = '', generation = 1 } = mirror.metadata;
  const old = mirror.status ?? islandJobStatus.parse({});
  const status = { ...old, ...over, revision: old.revision + 1, observedGeneration: generation };
  const body = { metadata: { ...key(name), uid, resourceVersion }, status };
  await paris.client.applyStatus(IslandJobKind, body, { fieldManager: 'atoll-island', force: true });
}
async function dropped(reason: string): Promise<number> {
  const metric = await registry.getSingleMetric('atoll_link_messages_dropped_total')?.get();
  return metric?.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
}

describe('an IslandJob over NATS', () => {
  it('is mirrored, runs, is suspended, is deleted, and is gone on both sides', async () => {
    const job = await create('e1');
    const mirror = await mirrorOf('e1');
    assert.equal(mirror.metadata.annotations?.[annotations.hubUid], job.metadata.uid);
    assert.deepEqual(mirror.spec, job.spec);
    mirrors.set('e1', mirror.metadata.uid ?? '');
    await say('e1', { state: 'Running', attempt: 1 });
    await stateAtHub('e1', 'Running');
    await eventually('live progress', () => links.hub.progress.get(job.metadata.uid ?? '')?.step === 7, limit);
    await change('e1', { suspend: true });
    await eventually('suspend', async () => (await at(paris, 'e1'))?.spec.suspend, limit);
    await say('e1', { state: 'Suspended' });
    await stateAtHub('e1', 'Suspended');
    assert.equal((await at(hub, 'e1'))?.status?.observedGeneration, 2);
    await hub.client.delete(IslandJobKind, key('e1'), { uid: job.metadata.uid ?? '' });
    await eventually('the end', async () => ((await at(hub, 'e1')) === undefined ? true : undefined), limit);
    assert.equal(await at(paris, 'e1'), undefined);
  });

  it('is refused with a reason in a namespace that the island does not have', async () => {
    const job = await create('e2', {}, 'elsewhere');
    const refused = await eventually('the refusal', () => reports.get('paris')?.refused[0], limit);
    assert.equal(refused.reason, 'NamespaceNotAdmitted');
    assert.match(refused.message, /namespaces "elsewhere" not found/);
    await hub.client.delete(IslandJobKind, { namespace: 'elsewhere', name: 'e2' }, { uid: job.metadata.uid ?? '' });
    const key2 = { namespace: 'elsewhere', name: 'e2' };
    await eventually(
      'the end',
      async () => ((await hub.client.get(IslandJobKind, key2)) === undefined ? true : undefined),
      limit,
    );
  });

  it('goes on when NATS is killed and comes back empty', async () => {
    await create('e3');
    await say('e3', { state: 'Running', attempt: 1 });
    await stateAtHub('e3', 'Running');
    await nats.kill();
    await say('e3', { state: 'Publishing' });
    await change('e3', { retry: { maxRestarts: 9 } });
    await nats.start();
    await stateAtHub('e3', 'Publishing');
    await eventually('the change', async () => (await at(paris, 'e3'))?.spec.retry.maxRestarts === 9, limit);
  });

  it('goes on after messages that are malformed, oversized, old or of an unknown version', async () => {
    // Under a name of its own: of two syncs of one island that wait, only the newer is answered.
    const stranger = await connect({ servers: nats.url, inboxPrefix: inboxPrefix('rome') });
    const { sync, progress } = islandSubjects(prefix, 'rome');
    const refused = await stranger.request(sync, JSON.stringify({ protocol: [7, 9], sequence: 3 }), { timeout: limit });
    const reply = JSON.parse(refused.string()) as { refused: { reason: string; message: string } };
    assert.equal(reply.refused.reason, 'ProtocolUnsupported');
    assert.match(reply.refused.message, /the hub speaks versions 1 to 1 .* the agent 7 to 9/);
    stranger.publish(sync, 'no json');
    await eventually('malformed is counted', async () => (await dropped('malformed')) === 1, limit);
    stranger.publish(progress, JSON.stringify({ entries: 'many' }));
    await eventually('malformed progress is counted', async () => (await dropped('malformed')) === 2, limit);
    stranger.publish(sync, 'x'.repeat(1_000_000));
    await eventually('oversized is counted', async () => (await dropped('oversized')) === 1, limit);
    stranger.publish(islandSubjects(prefix, 'paris').askLogs, 'no json');
    stranger.publish(islandSubjects(prefix, 'paris').poke, 'anything');
    await stranger.close();
    await create('e4');
    await mirrorOf('e4');
  });
});

describe('a log over NATS', () => {
  it('comes whole and in order', async () => {
    const lines: string[] = [];
    for await (const line of links.hub.logs('paris', { job: key('e1') }, stop.signal)) lines.push(line);
    assert.equal(lines.length, 5000);
    assert.equal(lines[4999], 'line 4999');
  });

  it('is followed until the reader goes', async () => {
    let count = 0;
    for await (const line of links.hub.logs('paris', { job: key('e1'), follow: true }, stop.signal))
      if (line && ++count === 5000) break;
    assert.equal(count, 5000);
  });

  it('that does not exist is an error with the words of the island', async () => {
    const read = async () => {
      for await (const line of links.hub.logs('paris', { job: key('e9') }, stop.signal)) assert.fail(line);
    };
    await assert.rejects(read(), /cannot read the log on island paris: there is no pod of e9/);
  });
});
