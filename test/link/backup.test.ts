/** Either side put back to an older copy of its database: nothing runs twice, nothing is stopped, and numbers go on upwards. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { markText } from '../../src/api/islandmarks.ts';
import { annotations, islandAnnotations } from '../../src/api/labels.ts';
import { createWorld, namespace, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

async function running(names: string[]) {
  world = createWorld();
  const hub = world.hub();
  const paris = world.island('paris');
  hub.start();
  paris.start();
  for (const name of names) await hub.create(name);
  await world.until('all run', () => hub.jobs().every(({ status }) => status?.state === 'Running'), [paris]);
  await world.clock.advance(6_000);
  return { hub, paris, both: [paris] };
}
const marked = (job: { metadata: { annotations?: Record<string, string> } } | undefined) =>
  job?.metadata.annotations?.[annotations.unknownToHub] !== undefined;
const output = {
  manifest: 'atoll/m',
  digest: `sha256:${'a'.repeat(64)}`,
  step: 9,
  bytes: 1,
  attempt: 1,
  at: '2026-01-01T00:00:00Z',
  final: true,
  kind: 'Export' as const,
};

describe('a hub that was put back to an older copy', () => {
  it('does not stop what it does not know: it is named, starts no attempt, and is adopted under a new uid', async () => {
    const { hub, paris, both } = await running(['old']);
    const backup = hub.backup();
    const lost = await hub.create('new');
    await world.until('it runs', () => hub.job('new')?.status?.state === 'Running', both);
    const uid = paris.job('new')?.metadata.uid;
    await hub.restore(backup);
    hub.start();
    await world.until('the mark', () => marked(paris.job('new')), both);
    await world.until('its name', () => hub.reports.get('paris')?.unknown.length === 1, both);
    assert.deepEqual(hub.reports.get('paris')?.unknown, [{ namespace, name: 'new', uid: lost.metadata.uid }]);
    assert.equal(hub.reports.get('paris')?.held, 1);
    await world.clock.advance(600_000);
    assert.equal(paris.job('new')?.metadata.deletionTimestamp, undefined);
    assert.equal(marked(paris.job('old')), false);
    // Suspend works at once for what it knows.
    await hub.change('old', { suspend: true });
    await world.until('suspend', () => paris.job('old')?.spec.suspend === true, both, 2);
    // Made again with the same spec: the same mirror, and its status comes back.
    const again = await hub.create('new');
    await world.until('its status', () => hub.job('new')?.status?.state === 'Running', both);
    await world.until('no mark', () => !marked(paris.job('new')), both);
    assert.equal(paris.job('new')?.metadata.uid, uid);
    assert.equal(paris.job('new')?.metadata.annotations?.[annotations.hubUid], again.metadata.uid);
    await world.until('no name', () => hub.reports.get('paris')?.unknown.length === 0, both);
    assert.deepEqual(paris.started, ['old', 'new']);
    assert.ok(world.events.some((event) => event.startsWith('new Adopted')));
  });

  it('has the island remove what an administrator said to forget, and that alone', async () => {
    const { hub, paris, both } = await running([]);
    const backup = hub.backup();
    const [one, other] = [await hub.create('one'), await hub.create('other')];
    await world.until('both run', () => hub.jobs().every(({ status }) => status?.state === 'Running'), both);
    await hub.restore(backup);
    hub.start();
    await world.until('their names', () => hub.reports.get('paris')?.unknown.length === 2, both);
    const known = await hub.create('known');
    await world.until('it runs', () => hub.job('known')?.status?.state === 'Running', both);
    // What the hub knows is not removed by a mark that was left behind.
    const forget = markText([one, known].map(({ metadata: { name, uid = '' } }) => ({ namespace, name, uid })));
    const marks = { [islandAnnotations.forget]: forget ?? '' };
    hub.api.put(ComputeIslandKind, {
      metadata: { name: 'paris', annotations: marks },
      spec: { approved: true, cordoned: false, drain: false },
    });
    await world.until('it is gone', () => paris.job('one') === undefined, both);
    await world.clock.advance(60_000);
    assert.deepEqual(
      paris.jobs().map(({ metadata }) => metadata.name),
      ['known', 'other'],
    );
    assert.deepEqual(
      hub.reports.get('paris')?.unknown.map(({ uid }) => uid),
      [other.metadata.uid],
    );
    assert.equal(hub.job('known')?.status?.state, 'Running');
  });

  it('lifts a revision that the island was told already, and is obeyed', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = hub.backup();
    await hub.change('e1', { suspend: true });
    await hub.change('e1', { retry: { maxRestarts: 7 } });
    await world.until('told', () => paris.job('e1')?.spec.revision === 3, both);
    await hub.restore(backup);
    hub.start();
    await world.until('lifted', () => (paris.job('e1')?.spec.revision ?? 0) > 3, both);
    assert.equal(paris.job('e1')?.spec.suspend, false);
    assert.equal(paris.job('e1')?.spec.retry.maxRestarts, hub.job('e1')?.spec.retry.maxRestarts);
    assert.equal(hub.job('e1')?.spec.revision, paris.job('e1')?.spec.revision);
    assert.ok(world.events.some((event) => event.startsWith('e1 StateWentBack')));
  });

  it('notices that the same revision meant something else', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = hub.backup();
    await hub.change('e1', { retry: { maxRestarts: 7 } });
    await world.until('told', () => paris.job('e1')?.spec.revision === 2, both);
    await hub.restore(backup);
    await hub.change('e1', { suspend: true });
    hub.start();
    await world.until('suspended', () => paris.job('e1')?.spec.suspend === true, both);
    await world.clock.advance(30_000);
    const versions = [hub.api.resourceVersion, paris.api.resourceVersion];
    await world.clock.advance(60_000);
    assert.deepEqual([hub.api.resourceVersion, paris.api.resourceVersion], versions);
  });

  it('gets the statuses that it had lost, even when its process went on', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = hub.backup();
    await paris.report('e1', { state: 'Succeeded', output });
    await world.until('stored', () => hub.job('e1')?.status?.state === 'Succeeded', both);
    const [older] = backup;
    assert.ok(older);
    const { resourceVersion: _, ...metadata } = older.metadata;
    hub.api.put(IslandJobKind, { ...older, metadata });
    assert.equal(hub.job('e1')?.status?.state, 'Running');
    await world.until('stored again', () => hub.job('e1')?.status?.state === 'Succeeded', both, 60);
  });
});

describe('an island that was put back to an older copy', () => {
  it('goes on above the numbers that the hub has stored', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = paris.backup();
    for (const attempt of [2, 3]) await paris.report('e1', { attempt, restarts: attempt - 1 });
    await world.until('stored', () => hub.job('e1')?.status?.attempt === 3, both);
    await paris.restore(backup);
    paris.start();
    await world.until('lifted', () => (paris.job('e1')?.status?.attempt ?? 0) === 3, both);
    assert.equal(paris.job('e1')?.status?.restarts, 2);
    await world.until('stored again', () => hub.job('e1')?.status?.revision === paris.job('e1')?.status?.revision, both);
    assert.ok(world.events.some((event) => event.startsWith('e1 StateWentBack')));
  });

  it('does not run again what it had finished', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = paris.backup();
    await paris.report('e1', { state: 'Succeeded', output });
    await world.until('stored', () => hub.job('e1')?.status?.output !== undefined, both);
    await paris.restore(backup);
    paris.start();
    await world.until('lifted', () => paris.job('e1')?.status?.state === 'Succeeded', both);
    assert.deepEqual(paris.job('e1')?.status?.output, output);
  });

  it('gets back a mirror that it had lost, with the attempts used up, and nothing starts before they are', async () => {
    const { hub, paris, both } = await running(['e1', 'e2']);
    await paris.report('e2', { state: 'Succeeded', output });
    await world.until('stored', () => hub.job('e2')?.status?.output !== undefined, both);
    await paris.restore([]);
    paris.start();
    await world.until('the mirror', () => paris.job('e1') !== undefined && !marked(paris.job('e1')), both);
    assert.equal(paris.job('e1')?.status?.attempt, 1);
    assert.deepEqual(paris.started, ['e1', 'e2']);
    await world.clock.advance(60_000);
    assert.equal(paris.job('e2'), undefined, 'what is finished is not handed out again');
  });

  it('compares the numbers even when it was killed between making such a mirror and lifting it', async () => {
    const { hub, paris, both } = await running(['e1']);
    await paris.restore([]);
    let made = false;
    paris.start({
      intercept: async (call, proceed) => {
        if (made && call.verb !== 'watch' && call.verb !== 'list') throw new Error('killed');
        const result = await proceed();
        if (call.verb === 'create' && call.type.kind === 'IslandJob') made = true;
        return result;
      },
    });
    await world.until('the mirror', () => paris.job('e1') !== undefined, [], 20);
    await paris.stop();
    // Its controllers write a status of their own meanwhile.
    await paris.report('e1', { state: 'Pending', reason: 'UnknownJobs' });
    paris.start();
    await world.until('lifted', () => paris.job('e1')?.status?.attempt === 1 && !marked(paris.job('e1')), both);
    assert.deepEqual(paris.started, ['e1']);
    await world.until('stored', () => hub.job('e1')?.status?.revision === paris.job('e1')?.status?.revision, both);
  });
});

describe('a name that is taken on the island', () => {
  it('by another work is refused, and that work is left alone', async () => {
    const { hub, paris, both } = await running(['e1']);
    const backup = hub.backup();
    await hub.create('e2', { placement: 2 });
    await world.until('it runs', () => hub.job('e2')?.status?.state === 'Running', both);
    await hub.restore(backup);
    hub.start();
    await hub.create('e2', { placement: 3 });
    await world.until('the refusal', () => hub.reports.get('paris')?.refused[0]?.reason === 'NameTaken', both);
    await hub.remove('e2');
    await world.until('the end', () => hub.job('e2') === undefined, both);
    assert.equal(paris.job('e2')?.spec.placement, 2);
    assert.equal(paris.job('e2')?.metadata.deletionTimestamp, undefined);
  });
});
