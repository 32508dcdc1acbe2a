/** Two islands behind a bus that loses, doubles, delays and reorders, API servers that fail, and processes that are killed: all converges. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IslandJobStatus } from '../../src/api/islandjob.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import { createSeededRandom } from '../kube/fake-clock.ts';
import type { Interceptor } from '../kube/memory-client.ts';
import { createWorld } from './world.ts';

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

async function play(seed: number): Promise<void> {
  const world = createWorld({ seed });
  const { clock, bus } = world;
  const dice = createSeededRandom(seed * 7919);
  const chance = (share: number) => dice.next() < share;
  const hub = world.hub();
  const islands = ['paris', 'oslo'].map((name) => world.island(name));
  let calm = false;
  const failing: Interceptor = async (call, proceed) => {
    if (calm || call.verb === 'watch' || !chance(0.05)) return proceed();
    if (chance(0.5)) throw new ConnectionError(call.verb, 'reset', false);
    await proceed();
    throw new ConnectionError(call.verb, 'reset', true);
  };
  const lag = (signal: AbortSignal) => (calm ? Promise.resolve() : clock.sleep(400 * dice.next(), signal));
  hub.start({ intercept: failing, lag });
  for (const island of islands) island.start({ intercept: failing, lag });
  bus.faults = { loss: 0.1, duplication: 0.1, delayMs: 1500 };

  /** What was ever asked to be deleted, by name: no other mirror may be deleted. */
  const removed = new Set<string>();
  const problems: string[] = [];
  const highest = new Map<string, number>();
  hub.api.observe(({ type, object, change }) => {
    if (type.kind !== 'IslandJob' || change === 'DELETED') return;
    const { revision = 0 } = (object as { status?: IslandJobStatus }).status ?? {};
    const uid = object.metadata.uid ?? '';
    if (revision < (highest.get(uid) ?? 0)) problems.push(`status of ${object.metadata.name} went back`);
    highest.set(uid, revision);
  });
  for (const island of islands)
    island.api.observe(({ object }) => {
      if (object.metadata.deletionTimestamp !== undefined && !removed.has(object.metadata.name))
        problems.push(`${object.metadata.name} was deleted and nobody asked for it`);
    });

  let made = 0;
  for (let round = 0; round < 120; round++) {
    const names = hub.jobs().flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : []));
    const some = names[Math.floor(dice.next() * names.length)];
    if (chance(0.2) && made < 16) await hub.create(`e${made++}`, { island: chance(0.5) ? 'paris' : 'oslo' });
    else if (some !== undefined && chance(0.15)) await hub.change(some, { suspend: chance(0.5) });
    else if (some !== undefined && chance(0.05)) {
      removed.add(some);
      await hub.remove(some);
    }
    for (const island of islands) {
      await island.step();
      const [mirror] = island
        .jobs()
        .filter(({ status, metadata }) => status?.attempt && metadata.deletionTimestamp === undefined);
      if (mirror && chance(0.3)) await island.report(mirror.metadata.name, { attempt: (mirror.status?.attempt ?? 0) + 1 });
      if (chance(0.02)) {
        await island.stop();
        island.start({ intercept: failing, lag });
      }
    }
    if (chance(0.02)) {
      await hub.stop();
      hub.start({ intercept: failing, lag });
    }
    if (chance(0.05)) bus.cut(chance(0.5) ? 'paris' : 'oslo');
    if (chance(0.2)) for (const name of ['paris', 'oslo']) bus.mend(name);
    await clock.advance(700);
  }

  calm = true;
  bus.faults = { loss: 0, duplication: 0, delayMs: 5 };
  for (const name of ['paris', 'oslo']) bus.mend(name);
  const agreed = () =>
    hub.jobs().every((job) => {
      const mirror = islands.find((_, index) => ['paris', 'oslo'][index] === job.spec.island)?.job(job.metadata.name);
      return (
        job.metadata.deletionTimestamp === undefined &&
        mirror?.spec.revision === job.spec.revision &&
        mirror.spec.suspend === job.spec.suspend &&
        mirror.status?.revision === job.status?.revision &&
        mirror.status?.attempt === job.status?.attempt
      );
    }) && islands.reduce((sum, island) => sum + island.jobs().length, 0) === hub.jobs().length;
  await world.until('agreement', agreed, islands, 180);
  await clock.advance(20_000);
  assert.deepEqual(problems, []);
  for (const island of islands) assert.equal(new Set(island.started).size, island.started.length, 'nothing was started twice');
  const versions = () => [hub, ...islands].map(({ api }) => api.resourceVersion);
  const rest = versions();
  await clock.advance(60_000);
  assert.deepEqual(versions(), rest, 'nothing is written at rest');
  await world.stop();
}

describe('the link under faults', () => {
  for (const seed of seeds) it(`converges, and nothing is dropped by mistake (seed ${seed})`, () => play(seed));
});
