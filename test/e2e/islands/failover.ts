/** The leading hub stops answering; its standby takes over and makes nothing twice. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemNamespace } from '../../../local/install.ts';
import { IslandJobKind } from '../../../src/api/islandjob.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { leases } from '../../../src/kube/core.ts';
import { namespace } from './trainings.ts';
import type { World } from './world.ts';

/** Within how long the standby must have acted. */
const actsWithinMs = 15_000;

export function failover(world: () => World): void {
  it('is taken over by the standby when the leading hub stops, and no IslandJob is made twice', async () => {
    const lease = await world().client.get(leases, { namespace: systemNamespace, name: 'atoll' });
    const hubs = await world().hubPods();
    assert.equal(hubs.length, 2);
    const leader = hubs.find(({ metadata }) => metadata.name === lease?.spec.holderIdentity);
    assert.ok(leader, `the lease is held by ${lease?.spec.holderIdentity}`);
    world().signal(leader, 'atoll', 'SIGSTOP');
    const began = clock.now();
    const run = await world().train('failover', { seconds: 5 });
    try {
      await run.until('IslandJobs', async () => {
        const { items } = await world().client.list(IslandJobKind, { namespace, labelSelector: 'atoll.dev/training=failover' });
        return items.length === 2;
      });
      const took = clock.now() - began;
      world().note(`the standby had acted ${took} ms after the leader stopped`);
      assert.ok(took <= actsWithinMs, `the standby had acted after ${took} ms`);
    } finally {
      world().signal(leader, 'atoll', 'SIGCONT');
    }
    await run.complete();
    const made = new Map<string, number>();
    for (const { verb, objectRef, responseStatus } of await world().audit())
      if (verb === 'create' && objectRef?.resource === 'islandjobs' && responseStatus?.code === 201)
        made.set(objectRef.name ?? '', (made.get(objectRef.name ?? '') ?? 0) + 1);
    assert.ok(made.size >= 2);
    assert.deepEqual(
      [...made].filter(([, times]) => times > 1),
      [],
    );
    await run.remove();
  });
}
