/** Runs over two islands elsewhere: spread, drained, cut off, given up, refusing, and deleted while one is away. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { markText } from '../../src/api/islandmarks.ts';
import { islandAnnotations } from '../../src/api/labels.ts';
import { islandJobName } from '../../src/api/names.ts';
import { expert, jobOf } from './looking.ts';
import { createWorld, type World } from './world.ts';

const isle = (world: World, name: string): ComputeIsland | undefined => world.api.get(ComputeIslandKind, { name });
const says = (world: World, name: string, type: string) =>
  isle(world, name)?.status?.conditions.find((condition) => condition.type === type);
const whereAre = (world: World) => world.shards.map(({ status }) => `p${status?.placement} ${status?.island} ${status?.state}`);
const set = (world: World, name: string, spec: object) =>
  world.users.patch(ComputeIslandKind, { name }, { spec }, { contentType: 'merge' });

/** Two experts, one on each island, that train until they are let go. */
async function twoExperts(spec: object = {}) {
  const world = createWorld({ elsewhere: [{ name: 'east' }, { name: 'west' }] });
  let busy = true;
  world.island.fate = ({ spec: { role, placement } }) => (role === 'Expert' && placement === 1 && busy ? 'run' : 'succeed');
  world.apply({
    dataset: { partition: { experts: 2 } },
    training: { router: undefined, evaluation: undefined, ...spec },
  });
  const hub = world.start();
  await world.until(() => world.shards.filter(({ status }) => status?.checkpoint).length === 2, 'two experts with a checkpoint');
  assert.deepEqual(whereAre(world), ['p1 east Running', 'p1 west Running']);
  return { world, hub, letGo: () => void (busy = false) };
}

describe('two islands elsewhere', () => {
  test('share the experts, are Ready, and at rest only say once a minute that they were heard', async () => {
    const { world, hub, letGo } = await twoExperts();
    assert.deepEqual([isle(world, 'west')?.status?.state, says(world, 'west', 'Reachable')?.status], ['Ready', 'True']);
    assert.equal(isle(world, 'west')?.status?.jobs, 1);
    letGo();
    await world.until(() => world.state() === 'Complete', 'Complete');
    await world.rest(60);
    const before = world.writes;
    await world.rest(300);
    assert.ok(world.writes - before <= 2 * 5, `${world.writes - before} writes in five minutes`);
    assert.ok(world.writes > before);
    await hub.stop();
  });

  test('one that holds a work which the hub lost gets it back under its number, once an administrator says adopt', async () => {
    const world = createWorld({ elsewhere: [{ name: 'east' }, { name: 'west' }] });
    world.island.fate = ({ spec: { role } }) => (role === 'Expert' ? 'run' : 'succeed');
    world.apply({ dataset: { partition: { experts: 2 } }, training: { router: undefined, evaluation: undefined } });
    const [run] = world.api.all(ExpertTrainingKind);
    const { name = '', namespace = '', uid = '' } = run?.metadata ?? {};
    const held = (index: number) => islandJobName({ name, uid }, { role: 'Expert', index }, 4);
    const mark = markText([
      { namespace, name: held(0), uid: 'uid-of-before' },
      { namespace: 'elsewhere', name: held(1), uid: 'uid-of-another' },
    ]);
    const annotations = { [islandAnnotations.adopt]: mark };
    await world.users.patch(ComputeIslandKind, { name: 'west' }, { metadata: { annotations } }, { contentType: 'merge' });
    const hub = world.start();
    await world.until(() => world.shards.filter(({ status }) => status?.state === 'Running').length === 2, 'two experts running');
    assert.deepEqual(whereAre(world), ['p4 west Running', 'p1 east Running']);
    assert.equal(jobOf(world, 'Expert', 0)?.metadata.name, held(0));
    await hub.stop();
  });

  test('move an expert from the one that is drained, by stop proof, to its newest checkpoint', async () => {
    const { world, hub, letGo } = await twoExperts();
    const { manifest, digest } = expert(world, 1)?.checkpoint ?? assert.fail();
    await set(world, 'west', { drain: true });
    await world.until(() => expert(world, 1)?.placement === 2, 'the second placement');
    assert.equal(expert(world, 1)?.island, 'east');
    assert.deepEqual(jobOf(world, 'Expert', 1)?.spec.resume, [{ manifest, digest }]);
    letGo();
    await world.until(() => world.state() === 'Complete', 'Complete');
    assert.deepEqual(world.island.overlaps, []);
    assert.ok(world.told.includes('Warning ExpertShard IslandDraining expert 1: island west is being drained'));
    assert.ok(world.told.some((line) => /Normal ExpertShard Moved expert 1: placement 2 on island east/.test(line)));
    await hub.stop();
  });

  test('one cut off for a day: it is said with its age, nothing moves, nothing is written about it, and then all goes on', async () => {
    const { world, hub, letGo } = await twoExperts();
    world.elsewhere.away.add('west');
    await world.until(() => expert(world, 1)?.reason === 'IslandUnreachable', 'IslandUnreachable');
    assert.equal(says(world, 'west', 'Reachable')?.status, 'Unknown');
    assert.match(says(world, 'west', 'Reachable')?.message ?? '', /has not been heard since 2026-01-01T00:0/);
    letGo();
    await world.until(() => expert(world, 0)?.state === 'Accepted', 'the expert on the other island');
    await world.rest(120);
    const before = world.jobs;
    for (let hour = 0; hour < 24; hour++) {
      await world.clock.advance(3_600_000);
      world.elsewhere.speak();
    }
    assert.deepEqual(world.jobs, before);
    assert.deepEqual(whereAre(world), ['p1 east Accepted', 'p1 west Running']);
    world.elsewhere.away.clear();
    await world.until(() => world.state() === 'Complete', 'Complete');
    assert.equal(expert(world, 1)?.accepted?.placement, 1);
    await hub.stop();
  });

  test('one that is given up by Replace: what it publishes afterwards never counts', async () => {
    const { world, hub } = await twoExperts({ placement: { islandLost: { policy: 'Replace', after: '10m' } } });
    const first = jobOf(world, 'Expert', 1) ?? assert.fail();
    world.elsewhere.away.add('west');
    await world.rest(590);
    assert.equal(expert(world, 1)?.placement, 1);
    await world.until(() => expert(world, 1)?.placement === 2, 'the second placement');
    assert.ok(world.told.some((line) => /Warning ExpertShard IslandLost expert 1: island west has not been heard/.test(line)));
    const old = () => world.jobs.find(({ metadata }) => metadata.uid === first.metadata.uid);
    await world.until(() => old()?.spec.stop === true, 'the stop of the first');
    await world.until(() => expert(world, 1)?.state === 'Accepted', 'Accepted');
    // The old island comes back with a result that it has finished meanwhile.
    await world.island.finish(old() ?? assert.fail());
    world.elsewhere.away.clear();
    await world.rest(60);
    assert.equal(old()?.status?.state, 'Succeeded');
    assert.equal(expert(world, 1)?.accepted?.placement, 2);
    assert.match(expert(world, 1)?.accepted?.manifest ?? '', /experts\/001\/p2a1\/final/);
    assert.ok([...world.store.objects.keys()].some((key) => key.includes('experts/001/p1a1/final')));
    await hub.stop();
  });

  test('after a restart of the hub silence counts anew before an island is given up', async () => {
    const { world, hub } = await twoExperts({ placement: { islandLost: { policy: 'Replace', after: '10m' } } });
    world.elsewhere.away.add('west');
    await world.rest(500);
    await hub.stop();
    const again = world.start();
    await world.rest(500);
    assert.equal(expert(world, 1)?.placement, 1);
    await world.until(() => expert(world, 1)?.placement === 2, 'the second placement', 200);
    await again.stop();
  });

  test("after an outage of the hub's own the first island that is heard is not given the work of the others", async () => {
    const { world, hub } = await twoExperts({ placement: { islandLost: { policy: 'Replace', after: '10m' } } });
    for (const name of ['east', 'west']) world.elsewhere.away.add(name);
    await world.rest(1200);
    world.elsewhere.away.delete('east');
    await world.rest(590);
    assert.deepEqual(whereAre(world), ['p1 east Running', 'p1 west Running']);
    await world.until(() => expert(world, 1)?.placement === 2, 'the second placement', 60);
    await hub.stop();
  });

  test('one that refuses the namespace: its work goes to the other, and the reason is said', async () => {
    const world = createWorld({ elsewhere: [{ name: 'east' }, { name: 'west' }] });
    const no = { reason: 'NamespaceNotAdmitted', message: 'namespace research is not admitted' } as const;
    world.elsewhere.refuses = ({ spec }) => (spec.island === 'west' ? no : undefined);
    world.apply();
    const hub = world.start();
    await world.until(() => world.state() === 'Complete', 'Complete');
    assert.ok(world.shards.every(({ status }) => status?.island === 'east'));
    assert.ok(world.told.some((line) => /NamespaceNotAdmitted expert \d: island west refused it: namespace research/.test(line)));
    assert.ok(world.jobs.every(({ spec }) => spec.island === 'east'));
    await hub.stop();
  });

  test('both refuse: the work waits with their reason and asks again ever more rarely', async () => {
    const world = createWorld({ elsewhere: [{ name: 'east' }] });
    const no = { reason: 'ImageNotAdmitted', message: 'image ddm is not admitted' } as const;
    world.elsewhere.refuses = () => no;
    world.apply();
    const hub = world.start();
    await world.rest(3600);
    const { work } = world.dataset?.status ?? {};
    assert.equal(work?.reason, 'ImageNotAdmitted');
    assert.match(work?.message ?? '', /east: island east refused it: image ddm is not admitted/);
    assert.ok((work?.placement ?? 0) >= 4 && (work?.placement ?? 0) <= 9, `placement ${work?.placement} after an hour`);
    world.elsewhere.refuses = () => undefined;
    await world.until(() => world.state() === 'Complete', 'Complete', 4000);
    await hub.stop();
  });
});

describe('a run deleted while an island is away', () => {
  test('stays with a finalizer and says which island it waits for; when that is back everything goes', async () => {
    const { world, hub } = await twoExperts();
    world.elsewhere.away.add('west');
    await world.rest(60);
    await world.remove(world.training);
    await world.until(() => world.jobs.filter(({ spec }) => spec.role === 'Expert').length === 1, 'the reachable expert to go');
    await world.rest(60);
    const message = world.condition('Progressing')?.message ?? '';
    assert.match(message, /IslandJob digits-[0-9a-f]{8}-e001-p1 \(island west has not been heard since 2026-/);
    const told = world.shards[0]?.status?.conditions.find(({ type }) => type === 'Progressing');
    assert.deepEqual([told?.reason, /island west/.test(told?.message ?? '')], ['DeletionPending', true]);
    world.elsewhere.away.clear();
    await world.until(() => !world.training && world.shards.length === 0, 'nothing left');
    await hub.stop();
  });

  test('does not wait for what was never handed to the island', async () => {
    const world = createWorld({ elsewhere: [{ name: 'west' }] });
    world.apply();
    const hub = world.start();
    await world.until(() => world.dataset?.status?.state === 'Ready', 'Ready');
    world.elsewhere.away.add('west');
    await world.until(() => jobOf(world, 'Expert', 0) !== undefined, 'an IslandJob');
    await world.rest(40);
    await world.remove(world.training);
    await world.until(() => !world.training, 'nothing left', 60);
    assert.deepEqual(
      world.jobs.filter(({ spec }) => spec.role !== 'Partition'),
      [],
    );
    await hub.stop();
  });
});
