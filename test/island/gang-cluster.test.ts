/** Gangs on a cluster in memory, end to end: they start, end and go on together, whatever befalls one of them or the agent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { configMaps, jobs, pods, services } from '../../src/kube/core.ts';
import { createWorld } from './agent.ts';
import { NAME } from './builders.ts';
import type { Script } from './fake-cluster.ts';

const succeed: Script = { afterMs: 60_000, exitCode: 0, final: true, checkpointStep: 500 };
const crash: Script = { afterMs: 30_000, exitCode: 3 };
/** Pod 1 of the first attempt crashes. */
const oneCrash = (attempt: number, index: number) => (attempt === 1 && index === 1 ? crash : succeed);
const gang = { nodes: 3 };

describe('a gang of three', () => {
  it('trains in three pods and succeeds with the final of pod 0', async () => {
    const world = createWorld(() => succeed);
    world.apply(gang);
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    assert.equal(world.api.all(services)[0]?.metadata.name, `${NAME}-a1`);
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual([world.cluster.trained.length, world.status()?.attempt, world.cluster.violations], [3, 1, []]);
    await world.clock.until(() => world.api.all(services).length + world.api.all(configMaps).length === 0);
    await world.clock.advance(10_000);
    const before = world.api.resourceVersion;
    await world.clock.advance(600_000);
    assert.equal(world.api.resourceVersion, before, 'nothing is written at rest');
    await world.kill();
  });

  it('is stopped as a whole when one pod crashes, blames that pod, and all go on in the next attempt', async () => {
    const world = createWorld(oneCrash);
    world.apply(gang);
    world.start();
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    const { attempts = [], restarts } = world.status() ?? {};
    assert.deepEqual(
      attempts.map(({ number, class: end, rule, exitCode }) => [number, end, rule, exitCode]),
      [
        [1, 'Crash', 'gang-member-failed', 3],
        [2, 'Succeeded', 'final-published', 0],
      ],
    );
    assert.match(attempts[0]?.message ?? '', /^pod 1 of 3 on node-1 \(crash\): /);
    assert.deepEqual([restarts, world.cluster.trained.length, world.cluster.violations], [1, 6, []]);
    await world.kill();
  });

  it('does so whenever the agent dies meanwhile', async () => {
    // Through the crash, the end of the others, and the start of the next attempt.
    for (let ms = 29_900; ms < 31_200; ms += 50) {
      const world = createWorld(oneCrash);
      world.apply(gang);
      world.start();
      await world.clock.until(() => world.status()?.state === 'Running');
      await world.clock.advance(ms);
      await world.kill();
      await world.clock.advance(5_000);
      world.start();
      await world.clock.until(() => world.status()?.state === 'Succeeded');
      const ends = world.status()?.attempts.map(({ rule }) => rule);
      assert.deepEqual(ends, ['gang-member-failed', 'final-published'], `killed after ${ms} ms`);
      assert.deepEqual([world.status()?.restarts, world.cluster.violations], [1, []]);
      await world.kill();
    }
  });

  it('suspends and resumes as a whole', async () => {
    const world = createWorld(() => succeed);
    world.apply(gang);
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    world.change({ suspend: true });
    await world.clock.until(() => world.status()?.state === 'Suspended');
    assert.deepEqual([world.api.all(pods), world.status()?.checkpoint?.step], [[], 500]);
    world.change({ suspend: false });
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    assert.deepEqual([world.status()?.attempt, world.status()?.restarts, world.cluster.violations], [2, 0, []]);
    await world.kill();
  });

  it('loses one pod to somebody who deletes it: a disruption of all', async () => {
    const world = createWorld(() => succeed);
    world.apply(gang);
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    const victim = world.api.all(pods)[2];
    const key = { namespace: 'research', name: victim?.metadata.name ?? '' };
    await world.api.client().delete(pods, key, { uid: victim?.metadata.uid ?? '' });
    await world.clock.until(() => world.status()?.state === 'Succeeded');
    const first = world.status()?.attempts[0];
    assert.deepEqual([first?.class, world.status()?.restarts, world.cluster.violations], ['Disruption', 0, []]);
    await world.kill();
  });

  it('leaves nothing behind when it is deleted', async () => {
    const world = createWorld(() => succeed);
    world.apply(gang);
    world.start();
    await world.clock.until(() => world.status()?.state === 'Running');
    const job = world.job();
    await world.api.client().delete(IslandJobKind, world.key, {
      uid: job?.metadata.uid ?? '',
    });
    await world.clock.until(() => world.job() === undefined);
    assert.deepEqual(
      [...world.api.all(jobs), ...world.api.all(pods), ...world.api.all(services), ...world.api.all(configMaps)],
      [],
    );
    await world.kill();
  });
});
