/** A run deleted in the middle. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkpointEvery } from './trainings.ts';
import type { World } from './world.ts';

const kinds = 'jobs,pods,configmaps,networkpolicies,islandjobs,expertshards';

export function deletion(world: () => World): void {
  it('deleted in the middle leaves no object and no finalizer, but all that it had published', async () => {
    const { bucket } = world();
    const run = await world().train('gone');
    const { uid } = (await run.training()).metadata;
    const release = await run.hold(checkpointEvery);
    const owned = () => world().kubectl(['get', kinds, '-l', `atoll.dev/training-uid=${uid}`, '--output=name']);
    assert.match(await owned(), /networkpolicy/, 'the label finds what the run is made of');
    const prefix = await run.prefix(0);
    const published = await bucket.versions(prefix);

    await world().kubectl(['delete', 'et/gone', '--wait=false']);
    await run.until('all pods told to stop', async () => (await run.pods()).every(({ metadata }) => metadata.deletionTimestamp));
    release();
    await world().kubectl(['wait', '--for=delete', 'et/gone', '--timeout=5m'], { timeoutMs: 310_000 });
    assert.equal(await owned(), '');
    const left = await world().kubectl(['get', `${kinds},experttrainings`, '--output=name']);
    assert.deepEqual(
      left.split('\n').filter((name) => name.includes('/gone')),
      [],
    );

    const after = await bucket.versions(prefix);
    const lost = [...published.keys()].filter((key) => after.get(key) !== published.get(key));
    // Stopped, a trainer saves once more, and the oldest of more than two checkpoints makes room.
    assert.ok(after.size > 0 && lost.every((key) => /\/step-/.test(key)), `changed: ${lost.join(' ')}`);
    assert.ok((await bucket.checkpoints(prefix)).length >= 1);
    assert.equal((await world().dataset())?.status?.state, 'Ready');
  });
}
