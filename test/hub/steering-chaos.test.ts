/** Retries and moves asked for at any moment, from a seed, by a user who is often wrong, of a hub that dies at any write: the invariants hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExpertShard } from '../../src/api/expertshard.ts';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { requestAnnotations } from '../../src/api/labels.ts';
import { moveOf, retryOf, withMove, withRetry } from '../../src/api/requests.ts';
import { hasEnded } from '../../src/hub/islands.ts';
import { workKey } from '../../src/hub/templates.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import { createSeededRandom } from '../kube/fake-clock.ts';
import type { Interceptor } from '../kube/memory-client.ts';
import { expert } from './looking.ts';
import { createWorld, type World } from './world.ts';

const seeds = Number(process.env['ATOLL_CHAOS_SEEDS'] ?? 8);
const first = Number(process.env['ATOLL_CHAOS_FIRST'] ?? 1);
const { retry, move } = requestAnnotations;
const experts = 3;

/** Looks at every write: what is broken is told, with the objects. */
function watchInvariants(world: World, asked: ReadonlySet<string>) {
  const broken: string[] = [];
  const seen = { replaced: 0, retried: 0, moved: 0 };
  const accepted = new Map<string, string>();
  const placed = new Map<string, number>();
  world.api.observe(({ change, object }) => {
    const { name } = object.metadata;
    if (object.kind === 'IslandJob' && change === 'ADDED') {
      const job = object as IslandJob;
      const older = world.jobs.filter(
        (one) => workKey(one.spec) === workKey(job.spec) && one.spec.placement < job.spec.placement && !hasEnded(one),
      );
      // Invariants 3 and 4: the next placement comes after the stop proof of every older one.
      for (const one of older) broken.push(`${name} was made while ${one.metadata.name} is ${one.status?.state}`);
    }
    if (object.kind !== 'ExpertShard') return;
    const { spec, status } = object as ExpertShard;
    const before = accepted.get(name);
    const digest = status?.accepted?.digest;
    if (before !== undefined && digest !== before) {
      seen.replaced++;
      // Invariant 1: only a request that names the old result replaces it.
      if (!asked.has(before)) broken.push(`${name}: ${before} was replaced and nobody asked for that`);
    }
    if (digest !== undefined) accepted.set(name, digest);
    // Invariant 12.
    const number = status?.placement ?? 0;
    if (number < (placed.get(name) ?? 0))
      broken.push(`${name}: placement ${placed.get(name)} → ${number} (expert ${spec.index})`);
    placed.set(name, number);
  });
  return { broken, seen };
}

async function trouble(seed: number) {
  const random = createSeededRandom(seed);
  const chance = (share: number) => random.next() < share;
  const any = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
  const world = createWorld();
  const asked = new Set<string>();
  const { broken, seen } = watchInvariants(world, asked);
  let peace = false;
  const lose: Interceptor = async (call, proceed) => {
    if (peace || call.verb === 'watch') return proceed();
    if (chance(0.05)) throw new ConnectionError(call.verb, 'chaos', false);
    const reply = await proceed();
    if (chance(0.05)) throw new ConnectionError(call.verb, 'chaos', true);
    return reply;
  };
  const late = async (signal: AbortSignal) => {
    if (!peace && chance(0.3)) await world.clock.sleep(random.next() * 4000, signal);
  };
  const fates = new Map<string, 'succeed' | 'fail' | 'run'>();
  world.island.fate = ({ metadata, spec }) => {
    if (spec.role === 'Partition' || peace) return 'succeed';
    // The run must not end while there is trouble.
    if (spec.role === 'Evaluate') return 'run';
    const known = fates.get(metadata.name) ?? any(['succeed', 'fail', 'run'] as const);
    fates.set(metadata.name, known);
    return spec.role === 'Router' && known === 'fail' ? 'succeed' : known;
  };
  world.apply({ dataset: { partition: { experts } }, islands: ['east', 'west'] });
  let hub = world.start(lose, late);
  const annotations = () => world.training?.metadata.annotations ?? {};
  const index = () => Math.floor(random.next() * experts);
  const acts = [
    async () => {
      const one = index();
      const request = retryOf(one, expert(world, one));
      if (request.replaces !== undefined) asked.add(request.replaces);
      await world.annotate({ [retry]: withRetry(annotations()[retry], request) });
    },
    async () => {
      const one = index();
      const to = any([undefined, 'east', 'west', 'nowhere']);
      await world.annotate({ [move]: withMove(annotations()[move], moveOf(one, expert(world, one), to)) });
    },
    () => world.annotate({ [retry]: any(['0@1,1@1,2@1', 'rubbish', '0@7,9@1,router@1']) }),
    () => world.annotate({ [move]: any(['0@1,1@2=east', '2@=x', '0@0=west,router@1']) }),
    async () => world.api.breakWatches(),
    async () => {
      await hub.stop();
      hub = world.start(lose, late);
    },
  ];
  for (let round = 0; round < 80; round++) {
    await world.clock.settle();
    // Stopping takes its time, so that a next placement that does not wait for it is seen.
    world.island.stuck = chance(0.4);
    if (chance(0.4) && world.shards.length === experts) await any(acts)();
    if (chance(0.7)) await world.island.step();
    await world.clock.advance(1000);
  }
  peace = true;
  world.island.stuck = false;
  await world.annotate({ [move]: null });
  const blocked = () => world.shards.filter(({ status }) => status?.state === 'Blocked').map(({ spec }) => spec.index);
  await world.until(() => world.training?.status?.experts.running === 0, `nothing running with seed ${seed}`, 600);
  const all = blocked().reduce((value, one) => withRetry(value, retryOf(one, expert(world, one))), '');
  await world.annotate({ [retry]: all });
  await world.until(() => world.state() === 'Complete', `Complete with seed ${seed}`, 1500);
  await world.rest(20);
  const before = world.writes;
  await world.rest(60);
  assert.equal(world.writes, before, `seed ${seed}: at rest nothing is written`);
  await hub.stop();
  seen.retried = world.told.filter((line) => line.includes(' Retried ')).length;
  seen.moved = world.told.filter((line) => line.includes(' MoveRequested ')).length;
  return { world, broken, seen };
}

const total = { replaced: 0, retried: 0, moved: 0 };
for (let seed = first; seed < first + seeds; seed++) {
  test(`retries, moves and crashes with seed ${seed} break nothing, and the run ends whole`, async () => {
    const { world, broken, seen } = await trouble(seed);
    assert.deepEqual(broken, []);
    assert.deepEqual(world.island.overlaps, []);
    assert.deepEqual(world.training?.status?.experts, { total: experts, running: 0, accepted: experts, blocked: 0 });
    const evaluated = world.jobs
      .filter(({ spec }) => spec.role === 'Evaluate')
      .toSorted((a, b) => b.spec.placement - a.spec.placement)[0];
    const inputs = evaluated?.spec.inputs.filter(({ name }) => name.startsWith('expert-')).map(({ digest }) => digest);
    assert.deepEqual(
      inputs,
      world.shards.map(({ status }) => status?.accepted?.digest),
    );
    for (const what of ['replaced', 'retried', 'moved'] as const) total[what] += seen[what];
  });
}

test('the seeds have retried, replaced and moved', () => {
  for (const what of ['replaced', 'retried', 'moved'] as const) assert.ok(total[what] > 0, `${what}: ${JSON.stringify(total)}`);
});
