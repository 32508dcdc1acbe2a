/** The controller against an API server in memory: what happens end to end, and that it happens whatever write the agent dies at. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { configMaps, jobs, pods } from '../../src/kube/core.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import type { Call } from '../kube/memory-client.ts';
import { createWorld } from './agent.ts';
import { NAME } from './builders.ts';
import type { Script } from './fake-cluster.ts';

const succeed: Script = { afterMs: 60_000, exitCode: 0, final: true, checkpointStep: 500 };
const crash: Script = { afterMs: 30_000, exitCode: 1, checkpointStep: 200 };
const crashOnce = (attempt: number) => (attempt === 1 ? crash : succeed);

function leftOf({ api }: ReturnType<typeof createWorld>): string[] {
  return [...api.all(jobs), ...api.all(pods), ...api.all(configMaps), ...api.all(IslandJobKind)].map(
    ({ kind, metadata }) => `${kind} ${metadata.name}`,
  );
}

describe('the island', () => {
  it('takes a work to its final manifest, over a crash', async () => {
    const world = createWorld(crashOnce);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    const status = world.status();
    assert.deepEqual(
      status?.attempts.map(({ number, class: end, exitCode }) => [number, end, exitCode]),
      [
        [1, 'Crash', 1],
        [2, 'Succeeded', 0],
      ],
    );
    assert.deepEqual([status?.restarts, status?.output?.attempt, world.cluster.violations], [1, 2, []]);
    await world.kill();
  });

  it('writes nothing at rest', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    await world.clock.advance(10_000);
    const before = world.api.resourceVersion;
    await world.clock.advance(600_000);
    assert.equal(world.api.resourceVersion, before);
    await world.kill();
  });

  it('a restart in the middle touches no pod', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.cluster.trained.length === 1);
    await world.clock.advance(5_000);
    const before = world.api.all(pods);
    await world.kill();
    world.start();
    await world.clock.advance(10_000);
    assert.deepEqual(world.api.all(pods), before);
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.equal(world.status()?.attempt, 1);
    await world.kill();
  });

  it('suspend saves and stops, and resuming goes on with the next attempt', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    world.change({ suspend: true });
    await world.clock.until(() => world.status()?.state === 'Suspended');
    assert.deepEqual(world.api.all(pods), []);
    assert.equal(world.status()?.checkpoint?.step, 500);
    world.change({ suspend: false });
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual([world.status()?.attempt, world.status()?.restarts, world.cluster.violations], [2, 0, []]);
    await world.kill();
  });

  it('stop ends it for good, with the proof', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    world.change({ stop: true });
    await world.clock.until(() => world.status()?.stopped !== undefined);
    assert.deepEqual([world.status()?.state, world.api.all(pods).length], ['Stopped', 0]);
    await world.clock.advance(600_000);
    assert.equal(world.cluster.trained.length, 1);
    await world.kill();
  });

  it('deletion in the middle leaves no Job, pod, ConfigMap or finalizer', async () => {
    const world = createWorld(() => succeed);
    const job = world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    await world.api.client().delete(IslandJobKind, world.key, { uid: job.metadata.uid ?? '' });
    await world.clock.until(() => leftOf(world).length === 0);
    await world.kill();
  });

  it('a Job deleted by hand is followed by the next attempt, uncounted', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    const [job] = world.api.all(jobs);
    await world.api
      .client()
      .delete(
        jobs,
        { namespace: 'research', name: `${NAME}-a1` },
        { uid: job?.metadata.uid ?? '', propagationPolicy: 'Background' },
      );
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual([world.status()?.attempt, world.status()?.restarts, world.cluster.violations], [2, 0, []]);
    await world.kill();
  });

  it('a Job deleted and created again under the same name by hand trains nothing twice', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    const [job] = world.api.all(jobs);
    if (!job) throw new Error('cannot copy the Job: there is none');
    const { uid = '', ...metadata } = job.metadata;
    world.api.put(jobs, { ...job, metadata: { ...job.metadata, finalizers: [] } });
    await world.api.client().delete(jobs, world.keyOf(`${NAME}-a1`), { uid, propagationPolicy: 'Orphan' });
    await world.clock.until(() => world.api.get(jobs, world.keyOf(`${NAME}-a1`)) === undefined);
    const { resourceVersion: _, creationTimestamp: __, ...copied } = metadata;
    world.api.put(jobs, { metadata: copied, spec: job.spec });
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual(
      [world.status()?.attempts.map(({ class: end }) => end), world.cluster.violations],
      [['Disruption', 'Succeeded'], []],
    );
    assert.deepEqual([world.cluster.trained.map((each) => each[0]), [...world.cluster.bucket.keys()]], [['1', '2'], [2]]);
    await world.clock.advance(600_000);
    assert.deepEqual(
      world.api.all(jobs).map((each) => each.metadata.name),
      [`${NAME}-a2`],
    );
    await world.kill();
  });

  for (const lagMs of [1_000, 20_000])
    it(`with caches ${lagMs / 1000} s behind the truth comes to the same end with the same pods`, async () => {
      const world = createWorld(crashOnce);
      world.apply();
      world.start(undefined, lagMs);
      await world.clock.until(() => world.status()?.state === 'Succeeded', 4 * 3_600_000);
      assert.deepEqual(
        world.status()?.attempts.map(({ class: end }) => end),
        ['Crash', 'Succeeded'],
      );
      assert.deepEqual([world.cluster.violations, world.cluster.trained.length], [[], 2]);
      world.change({ stop: true });
      await world.clock.until(() => world.status()?.stopped !== undefined);
      await world.kill();
    });

  it('a pod started twice for one attempt: one of them ends with AttemptTaken, and nothing is published twice', async () => {
    const world = createWorld(() => succeed);
    world.apply();
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    const [pod] = world.api.all(pods);
    if (!pod) throw new Error('cannot copy the pod: there is none');
    const { ownerReferences: _, uid: __, ...metadata } = pod.metadata;
    world.api.put(pods, { metadata: { ...metadata, name: 'copy' }, spec: pod.spec, status: { phase: 'Pending' } });
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual([world.status()?.attempt, [...world.cluster.bucket.keys()]], [1, [1]]);
    assert.deepEqual(world.cluster.trained.length, 1);
    await world.kill();
  });

  it('says in the ComputeIsland what there is', async () => {
    const world = createWorld(() => succeed);
    world.start();
    const { ComputeIslandKind } = await import('../../src/api/computeisland.ts');
    await world.clock.until(() => world.api.get(ComputeIslandKind, { name: 'local' })?.status !== undefined);
    const status = world.api.get(ComputeIslandKind, { name: 'local' })?.status;
    assert.deepEqual(
      [status?.state, status?.capacity, status?.display.gpus],
      ['Ready', { cpu: '4', memory: '8Gi', gpus: [{ product: '', total: 2, free: 2, unhealthy: 0 }] }, '2/2'],
    );
    await world.kill();
  });
});

const writes = new Set(['create', 'apply', 'applyStatus', 'patch', 'delete']);
const isWrite = ({ verb, type }: Call) => writes.has(verb) && type.kind !== 'Event' && type.kind !== 'ComputeIsland';

/** Runs a work that crashes once, then deletes it; the agent dies at its `fatal`-th write, before or after it was stored. */
async function dieAt(fatal: number, stored: boolean): Promise<number> {
  const world = createWorld(crashOnce);
  let count = 0;
  let dead = false;
  const intercept = async (call: Call, proceed: () => Promise<unknown>) => {
    if (dead) throw new ConnectionError(call.verb, 'the process is dead', false);
    if (!isWrite(call)) return proceed();
    count++;
    if (count !== fatal) return proceed();
    dead = true;
    if (stored) await proceed();
    throw new ConnectionError(`${call.verb} ${call.type.kind}`, 'the process died', true);
  };
  const reborn = async (done: () => boolean) => {
    await world.clock.until(() => done() || dead, 3_600_000, `the end, after dying at write ${fatal}`);
    if (!dead) return;
    await world.kill();
    dead = false;
    world.start(intercept);
    await world.clock.until(done, 3_600_000, `the end, after dying at write ${fatal}`);
  };
  const job = world.apply();
  world.start(intercept);
  await reborn(() => world.status()?.state === 'Succeeded');
  const where = `dying ${stored ? 'after' : 'before'} write ${fatal} was stored`;
  assert.deepEqual(world.cluster.violations, [], where);
  assert.equal(world.cluster.trained.length, 2, where);
  assert.deepEqual([world.status()?.attempt, world.status()?.restarts, world.status()?.output?.attempt], [2, 1, 2], where);
  await world.api.client().delete(IslandJobKind, world.key, { uid: job.metadata.uid ?? '' });
  await reborn(() => leftOf(world).length === 0);
  await world.kill();
  return count;
}

describe('an agent that dies', () => {
  for (const stored of [false, true])
    it(`at any write, ${stored ? 'after' : 'before'} it was stored, comes to the same end with the same pods`, async () => {
      const total = await dieAt(Number.POSITIVE_INFINITY, stored);
      assert.ok(total >= 10, `only ${total} writes were seen`);
      for (let fatal = 1; fatal <= total; fatal++) await dieAt(fatal, stored);
    });
});
