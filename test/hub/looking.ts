/** What tests look at in a world. */
import assert from 'node:assert/strict';
import type { IslandJob } from '../../src/api/islandjob.ts';
import type { World } from './world.ts';

export const named = (jobs: IslandJob[]) => jobs.map(({ metadata }) => metadata.name.replace(/-[0-9a-f]{8}-/, '-')).toSorted();
export const jobOf = (world: World, role: string, index?: number) =>
  world.jobs
    .filter(({ spec }) => spec.role === role && spec.work.index === index)
    .toSorted((a, b) => b.spec.placement - a.spec.placement)[0];
export const expert = (world: World, index: number) => world.shards.find(({ spec }) => spec.index === index)?.status;

/** Comes to rest, and stays there without a write. */
export async function atRest(world: World): Promise<void> {
  await world.rest(30);
  const before = world.writes;
  await world.rest(120);
  assert.equal(world.writes, before, 'at rest nothing is written');
}
