/** Hub and island over a bus in memory: what is made arrives, what runs is told, what is deleted goes, and nothing else ever does. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
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
