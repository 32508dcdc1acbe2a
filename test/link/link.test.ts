/** Hub and island over a bus in memory: what is made arrives, what runs is told, what is deleted goes, and nothing else ever does. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { annotations, finalizers } from '../../src/api/labels.ts';
import { createWorld, namespace, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

/** A hub and the island paris, started. */
function start(how: { hub?: Parameters<World['hub']>[0]; island?: Parameters<World['island']>[1]; seed?: number } = {}) {
  world = createWorld(how.seed === undefined ? {} : { seed: how.seed });
  const hub = world.hub(how.hub);
  const paris = world.island('paris', how.island);
  hub.start();
  paris.start();
  return { hub, paris, both: [paris] };
}

describe('an IslandJob at the hub', () => {
  it('becomes a mirror with the same name, spec and labels, and the hub in its annotations', async () => {
    const { hub, paris } = start();
    await world.clock.advance(1000);
    const job = await hub.create('e1');
    await world.until('the mirror', () => paris.job('e1') !== undefined, [], 2);
    const mirror = paris.job('e1');
    assert.deepEqual(mirror?.spec, job.spec);
    assert.deepEqual(mirror?.metadata.labels, job.metadata.labels);
    assert.equal(mirror?.metadata.annotations?.[annotations.hubUid], job.metadata.uid);
    assert.equal(mirror?.metadata.annotations?.[annotations.hubGeneration], '1');
    assert.equal(mirror?.metadata.ownerReferences, undefined);
    assert.notEqual(mirror?.metadata.uid, job.metadata.uid);
  });

  it('is told from the island within a second, with the generation of the hub', async () => {
    const { hub, paris, both } = start();
    await hub.create('e1');
    await world.until('the first status', () => hub.job('e1')?.status?.state === 'Running', both);
    await hub.change('e1', { suspend: true });
    await world.until('suspend', () => paris.job('e1')?.spec.suspend === true, both, 2);
    await paris.report('e1', { state: 'Suspended' });
    await world.until('the status', () => hub.job('e1')?.status?.state === 'Suspended', both, 1);
    assert.equal(hub.job('e1')?.status?.observedGeneration, 2);
    assert.equal(paris.job('e1')?.metadata.annotations?.[annotations.hubGeneration], '2');
  });

  it('goes only when its mirror is gone, by uid', async () => {
    const { hub, paris, both } = start();
    await hub.create('e1');
    await hub.create('e2');
    await world.until('both run', () => hub.jobs().every(({ status }) => status?.state === 'Running'), both);
    await hub.remove('e1');
    await world.until('the mirror is deleted', () => paris.job('e1')?.metadata.deletionTimestamp !== undefined, [], 2);
    await world.clock.advance(20_000);
    assert.deepEqual(hub.job('e1')?.metadata.finalizers, [finalizers.island]);
    await world.until('the end', () => hub.job('e1') === undefined, both, 2);
    assert.equal(paris.job('e1'), undefined);
    assert.equal(paris.job('e2')?.metadata.deletionTimestamp, undefined);
  });

  it('that is deleted before the island ever saw it is never put', async () => {
    const { hub, paris, both } = start();
    world.bus.cut('paris');
    await hub.create('e1');
    await hub.remove('e1');
    await world.clock.advance(30_000);
    assert.ok(hub.job('e1'));
    world.bus.mend('paris');
    await world.until('the end', () => hub.job('e1') === undefined, both);
    assert.equal(paris.jobs().length, 0);
    assert.deepEqual(paris.started, []);
  });

  it('of another island is neither put nor known', async () => {
    const { hub, paris } = start();
    await hub.create('e1', { island: 'oslo' });
    await world.clock.advance(10_000);
    assert.deepEqual(paris.jobs(), []);
  });

  it('without the finalizer gets it before it is handed out', async () => {
    const { hub, paris } = start();
    const job = await hub.create('e1');
    await hub
      .users()
      .patch(
        { group: 'atoll.dev', version: 'v1alpha1', kind: 'IslandJob', plural: 'islandjobs', namespaced: true },
        { namespace, name: 'e1' },
        { metadata: { uid: job.metadata.uid, finalizers: [] } },
        { contentType: 'merge' },
      );
    await world.until('the mirror', () => paris.job('e1') !== undefined);
    assert.deepEqual(hub.job('e1')?.metadata.finalizers, [finalizers.island]);
  });

  it('reaches the island at once when another hub process leads, though one that ended still owes an answer', async () => {
    let answers = false;
    const { hub, paris } = start({ hub: { mayAnswer: () => answers } });
    await hub.create('e1');
    await world.clock.advance(1000);
    await hub.stop();
    answers = true;
    hub.start();
    await world.until('the mirror', () => paris.job('e1') !== undefined, [], 2);
  });

  it('may be withheld: it is not put, and mayHold says so', async () => {
    const { hub, paris } = start();
    await world.clock.advance(1000);
    world.bus.cut('paris');
    const job = await hub.create('e1');
    await world.clock.advance(1000);
    assert.equal(hub.link?.mayHold(job), false);
    hub.link?.withhold(job.metadata.uid ?? '');
    world.bus.mend('paris');
    await world.clock.advance(20_000);
    assert.deepEqual(paris.jobs(), []);
    assert.equal(hub.link?.mayHold(job), false);
  });

  it('may be held once it was handed out, or when it is older than this leadership', async () => {
    const { hub, both } = start();
    const job = await hub.create('e1');
    await world.until('it runs', () => hub.job('e1')?.status?.state === 'Running', both);
    assert.equal(hub.link?.mayHold(job), true);
    await hub.stop();
    hub.start();
    await world.clock.advance(100);
    assert.equal(hub.link?.mayHold(job), true);
  });
});

describe('at rest', () => {
  it('nothing is written on either side, and a sync is a few hundred bytes', async () => {
    const { hub, paris, both } = start();
    for (let index = 0; index < 20; index++) await hub.create(`e${index}`);
    await world.until('all run', () => hub.jobs().every(({ status }) => status?.state === 'Running'), both);
    await world.clock.advance(10_000);
    const [before, at] = [[hub.api.resourceVersion, paris.api.resourceVersion], world.bus.sent.length];
    await world.clock.advance(120_000);
    assert.deepEqual([hub.api.resourceVersion, paris.api.resourceVersion], before);
    const syncs = world.bus.sent.slice(at);
    assert.ok(syncs.length >= 20 && syncs.length <= 30, `${syncs.length} messages in two minutes`);
    assert.ok(syncs.every(({ data }) => data.length < 600));
  });
});

describe('an island that is cut off', () => {
  it('deletes, stops and changes nothing, and catches up by itself', async () => {
    const { hub, paris, both } = start();
    await hub.create('e1');
    await world.until('it runs', () => hub.job('e1')?.status?.state === 'Running', both);
    await world.clock.advance(10_000);
    world.bus.cut('paris');
    const before = paris.job('e1');
    await world.clock.advance(3_600_000);
    assert.deepEqual(paris.job('e1'), before);
    await paris.report('e1', { state: 'Publishing' });
    await hub.change('e1', { retry: { maxRestarts: 9 } });
    world.bus.mend('paris');
    await world.until(
      'both sides',
      () => hub.job('e1')?.status?.state === 'Publishing' && paris.job('e1')?.spec.retry.maxRestarts === 9,
      both,
      5,
    );
  });

  it('rebuilds everything from its mirrors when its agent starts again', async () => {
    const { hub, paris, both } = start();
    await hub.create('e1');
    await world.until('it runs', () => hub.job('e1')?.status?.state === 'Running', both);
    await paris.stop();
    await paris.report('e1', { state: 'Publishing' });
    await hub.remove('e1');
    paris.start();
    await world.until('the end', () => hub.job('e1') === undefined, both, 10);
    assert.deepEqual(paris.started, ['e1']);
  });
});

describe('a job that the island refuses', () => {
  it('is held with its reason, is not made, and is let go when the hub takes it back', async () => {
    const { hub, paris } = start({ island: { admit: () => ({ reason: 'ImageNotAdmitted', message: 'not from our registry' }) } });
    const job = await hub.create('e1');
    await world.until('the refusal', () => hub.reports.get('paris')?.refused.length === 1);
    assert.deepEqual(hub.reports.get('paris')?.refused, [
      { namespace, name: 'e1', uid: job.metadata.uid, reason: 'ImageNotAdmitted', message: 'not from our registry' },
    ]);
    assert.equal(hub.reports.get('paris')?.held, 0);
    assert.deepEqual(paris.jobs(), []);
    await hub.remove('e1');
    await world.until('the end', () => hub.job('e1') === undefined, [], 5);
    await world.until('no refusal', () => hub.reports.get('paris')?.refused.length === 0, [], 10);
  });

  it('is made when the island admits it later', async () => {
    let open = false;
    const { hub, paris } = start({
      island: { admit: () => (open ? undefined : { reason: 'NamespaceNotAdmitted', message: 'no' }) },
    });
    await hub.create('e1');
    await world.until('the refusal', () => hub.reports.get('paris')?.refused.length === 1);
    open = true;
    await world.until('the mirror', () => paris.job('e1') !== undefined, [], 45);
    await world.until('no refusal', () => hub.reports.get('paris')?.refused.length === 0, [], 10);
  });
});

describe('an island that the hub does not admit', () => {
  it('is told why and gets nothing, and holds on to what it has', async () => {
    let open = true;
    const { hub, paris, both } = start({
      hub: {
        admit: () => (open ? { admitted: true } : { admitted: false, reason: 'ClusterChanged', message: 'another cluster' }),
      },
    });
    await hub.create('e1');
    await world.until('it runs', () => hub.job('e1')?.status?.state === 'Running', both);
    open = false;
    await hub.create('e2');
    await hub.remove('e1');
    await world.clock.advance(20_000);
    assert.deepEqual(paris.link?.refused, { reason: 'ClusterChanged', message: 'another cluster' });
    assert.deepEqual(
      paris.jobs().map(({ metadata }) => [metadata.name, metadata.deletionTimestamp]),
      [['e1', undefined]],
    );
  });
});

describe('what goes wrong between them', () => {
  it('is counted by the island, too: a hub of another version, an answer that is no answer', async () => {
    world = createWorld();
    const paris = world.island('paris');
    const replies = [
      (sequence: number) => ({
        protocol: 1,
        hub: { uid: 'h', instance: 'i' },
        sequence,
        refused: { reason: 'ProtocolUnsupported', message: 'too old' },
      }),
      (sequence: number) => ({ protocol: 7, hub: { uid: 'h', instance: 'i' }, sequence, put: [{ nonsense: true }] }),
      (sequence: number) => ({
        protocol: 1,
        hub: { uid: 'h', instance: 'i' },
        sequence: sequence - 1,
        drop: [{ namespace, name: 'e1', uid: 'u' }],
      }),
      () => 'no object',
      (sequence: number) => ({
        protocol: 1,
        hub: { uid: 'h', instance: 'i' },
        sequence,
        put: [{ nonsense: true }],
        drop: ['nonsense'],
      }),
    ];
    const asked: number[] = [];
    const listening = new AbortController();
    const answering = world.bus.client('hub').subscribe(
      'atoll.hub.paris.sync',
      ({ data, respond }) => {
        const { sequence } = JSON.parse(Buffer.from(data).toString()) as { sequence: number };
        asked.push(sequence);
        respond?.(Buffer.from(JSON.stringify((replies[asked.length - 1] ?? replies.at(-1))?.(sequence))));
      },
      listening.signal,
    );
    paris.start();
    await world.until('the refusal', () => paris.link?.refused?.reason === 'ProtocolUnsupported', [], 10);
    await world.until('all answers', () => asked.length > 6, [], 60);
    assert.deepEqual(paris.jobs(), []);
    assert.equal(paris.link?.refused, undefined);
    listening.abort();
    await answering;
  });

  it('stays with the island whose API server hangs', async () => {
    world = createWorld();
    const hub = world.hub();
    const [paris, oslo] = [world.island('paris'), world.island('oslo')];
    hub.start();
    const hanging = Promise.withResolvers<void>();
    paris.start({
      intercept: async (call, proceed) => {
        if (call.verb === 'create') await hanging.promise;
        return proceed();
      },
    });
    oslo.start();
    await hub.create('e1', { island: 'paris' });
    await world.clock.advance(2000);
    await hub.create('e2', { island: 'oslo' });
    await world.until('the mirror on oslo', () => oslo.job('e2') !== undefined, [], 2);
    assert.equal(paris.job('e1'), undefined);
    hanging.resolve();
    await world.until('the mirror on paris', () => paris.job('e1') !== undefined, [], 2);
  });

  it('is not acknowledged while the hub cannot store it, and comes when it can', async () => {
    world = createWorld();
    const hub = world.hub();
    const paris = world.island('paris');
    let broken = true;
    hub.start({
      intercept: (call, proceed) => {
        if (broken && call.verb === 'applyStatus') return Promise.reject(new Error('etcd is full'));
        return proceed();
      },
    });
    paris.start();
    await hub.create('e1');
    await world.until('it runs there', () => paris.job('e1')?.status?.state === 'Running', [paris]);
    await world.clock.advance(60_000);
    assert.equal(hub.job('e1')?.status, undefined);
    broken = false;
    await world.until('the status', () => hub.job('e1')?.status?.state === 'Running', [paris], 10);
  });

  it('does not keep one status from the others when the API server of the hub refuses it', async () => {
    const { hub, paris, both } = start();
    for (const name of ['e1', 'e2']) await hub.create(name);
    await world.until('both run', () => hub.jobs().every(({ status }) => status?.state === 'Running'), both);
    // More than the schema of this hub allows, as an agent of a later version may send it.
    const huge = paris.job('e1');
    assert.ok(huge?.status);
    paris.api.put(IslandJobKind, { ...huge, status: { ...huge.status, revision: 9, message: 'x'.repeat(5000) } });
    await paris.report('e2', { state: 'Publishing' });
    await world.until('the other', () => hub.job('e2')?.status?.state === 'Publishing', both, 10);
    assert.equal(hub.job('e1')?.status?.state, 'Running');
    const syncs = world.bus.sent.length;
    await world.clock.advance(30_000);
    assert.ok(world.bus.sent.length - syncs < 10);
  });

  it('is nothing that a process that does not lead would answer', async () => {
    let leads = false;
    const { hub, paris } = start({ hub: { mayAnswer: () => leads } });
    await hub.create('e1');
    await world.clock.advance(30_000);
    assert.equal(paris.jobs().length, 0);
    leads = true;
    await world.until('the mirror', () => paris.job('e1') !== undefined, [], 30);
  });

  it('is nobody else: an island cannot report about, drop or hear of the jobs of another', async () => {
    const { hub, paris, both } = start();
    const job = await hub.create('e1');
    await world.until('it runs', () => hub.job('e1')?.status?.state === 'Running', both);
    await hub.remove('e1');
    const status = { revision: 99, attempt: 9, state: 'Succeeded' };
    const said = {
      protocol: [1, 1],
      clusterUid: 'c',
      instance: 'stranger',
      sequence: 1,
      sentAt: 'now',
      agent: { version: '1', kubernetes: '1' },
      digest: 'd',
      have: { entries: [], more: false },
      capacity: { cpu: '1', memory: '1Gi' },
      dropped: [job.metadata.uid],
      statuses: [{ uid: job.metadata.uid, namespace, name: 'e1', status }],
    };
    const answer = await world.bus.inject('atoll.hub.oslo.sync', Buffer.from(JSON.stringify(said)));
    const reply = JSON.parse(Buffer.from(answer ?? []).toString()) as Record<string, unknown[]>;
    assert.deepEqual([reply['put'], reply['drop'], reply['ack']], [[], [], []]);
    assert.ok(hub.job('e1'));
    assert.equal(hub.job('e1')?.status?.state, 'Running');
    assert.equal(paris.link?.refused, undefined);
  });

  it('does not come twice: a request that is older than one that was answered gets no answer', async () => {
    const { hub } = start();
    await world.clock.advance(12_000);
    const syncs = world.bus.sent.filter(({ subject }) => subject === 'atoll.hub.paris.sync');
    assert.equal(await world.bus.inject('atoll.hub.paris.sync', syncs[0]?.data ?? new Uint8Array()), undefined);
    assert.ok(hub.reports.has('paris'));
  });
});
