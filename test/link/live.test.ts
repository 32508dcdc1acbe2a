/** What may change of a work that runs: each such field reaches a mirror that is there already, as a table, and the rest never does. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { IslandJobKind, type IslandJobSpec, islandJobSpec } from '../../src/api/islandjob.ts';
import { liveDigest } from '../../src/link/digest.ts';
import { spec } from '../island/builders.ts';
import { createWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.stop());

/** A change of each live field, all of its parts at once. */
const changes = {
  suspend: true,
  stop: true,
  revision: 7,
  retry: { maxRestarts: 9, backoff: { initial: '1s', max: '2s' } },
  checkpoint: { keep: 9 },
  islandLost: { policy: 'Replace', after: '7m' },
} as const satisfies Partial<IslandJobSpec>;
type Live = keyof typeof changes;
const fields = Object.keys(changes) as Live[];

/** What they are set back to; what only grows is not. */
const back = {
  suspend: false,
  retry: { maxRestarts: 0, backoff: { initial: '3s', max: '4s' } },
  checkpoint: { keep: 1 },
  islandLost: { policy: 'Wait', after: '1h' },
} as const satisfies Partial<IslandJobSpec>;

async function running() {
  const made = createWorld();
  world = made;
  const hub = made.hub();
  const paris = made.island('paris');
  hub.start();
  paris.start();
  await hub.create('e1');
  await made.until('a mirror', () => paris.job('e1') !== undefined, [paris]);
  const until = (what: string, done: () => boolean) => made.until(what, done, [paris], 5);
  return { hub, paris, until };
}

describe('a live field of an IslandJob', () => {
  it('is one of those in this table', () => {
    assert.deepEqual(fields.toSorted(), Object.keys(IslandJobKind.freeze.live).toSorted());
  });

  for (const field of fields) {
    it(`${field}: its change reaches a mirror that is there already, and changes nothing else`, async () => {
      const { hub, paris, until } = await running();
      const before = paris.job('e1')?.spec;
      if (field === 'revision') await hub.change('e1', {});
      else await hub.change('e1', { [field]: changes[field] });
      await until('the change', () => (paris.job('e1')?.spec.revision ?? 0) === 2);
      const wanted = field === 'revision' ? {} : { [field]: changes[field] };
      assert.deepEqual(paris.job('e1')?.spec, { ...before, ...wanted, revision: 2 });
      if (!(field in back)) return;
      const old = { [field]: back[field as keyof typeof back] };
      await hub.change('e1', old);
      await until('the change back', () => (paris.job('e1')?.spec.revision ?? 0) === 3);
      assert.deepEqual(paris.job('e1')?.spec, { ...before, ...old, revision: 3 });
    });

    it(`${field}: is whole in whatever the API server stores, so that a merge leaves nothing old in it`, () => {
      const { [field]: stored } = islandJobSpec.parse({ ...spec(), [field]: undefined });
      const leaves = (value: unknown): string[] =>
        typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, inner]) => leaves(inner).map((leaf) => `${key}.${leaf}`))
          : [''];
      assert.deepEqual(leaves(stored).toSorted(), leaves(changes[field]).toSorted());
    });
  }

  it('that differs under one revision is noticed, but for stop and the revision itself', () => {
    const digest = liveDigest(spec());
    for (const field of fields) {
      const same = liveDigest(spec({ [field]: changes[field] })) === digest;
      assert.equal(same, field === 'stop' || field === 'revision', field);
    }
  });
});

describe('any other field of an IslandJob', () => {
  it('never reaches a mirror that is there already', async () => {
    const { hub, paris, until } = await running();
    const before = paris.job('e1')?.spec;
    await hub.change('e1', { params: { steps: 9 }, seed: 5, stall: { step: '1m' }, grace: { save: '1s', publish: '2s' } });
    await until('the revision', () => (paris.job('e1')?.spec.revision ?? 0) === 2);
    assert.deepEqual(paris.job('e1')?.spec, { ...before, revision: 2 });
  });
});
