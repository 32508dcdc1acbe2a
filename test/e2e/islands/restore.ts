/** Either side put back to an older copy of its etcd while experts train. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ComputeIslandKind } from '../../../src/api/computeisland.ts';
import type { Run } from './run.ts';
import { checkpointEvery } from './trainings.ts';
import { islandNames, type World } from './world.ts';

export function hubRestored(world: () => World): void {
  it('runs on when the hub is put back to an older copy; what it forgot is named, what it knows can be suspended at once', async () => {
    const known = await world().train('known', { seconds: 240 });
    await known.reached(checkpointEvery);
    // A change that the copy has and a change that it has not: the hub's number will be behind the island's.
    const backup = await world().hub.api.backup();
    await suspend(world(), 'known', true);
    await known.until('Suspended', async () => (await known.training()).status?.state === 'Suspended');
    await suspend(world(), 'known', false);
    const forgotten = await world().train('forgotten', { seconds: 240 });
    await forgotten.reached(1);
    await known.until('its second attempts', async () => (await running(known)) === 2);
    const jobs = [(await forgotten.job(0)).metadata.name, (await forgotten.job(1)).metadata.name].toSorted();
    const before = await Promise.all([known, forgotten].map(identities));

    await world().hub.api.restore(backup);
    const named = await world().until('the forgotten jobs named', async () => {
      const all = (await world().client.list(ComputeIslandKind)).items.flatMap(({ status }) => status?.unknownJobs ?? []);
      return all.length === 2 && all.map(({ name }) => name).toSorted();
    });
    assert.deepEqual(named, jobs);
    const conditions = (await world().client.list(ComputeIslandKind)).items.flatMap(({ status }) => status?.conditions ?? []);
    assert.ok(conditions.some(({ type, status }) => type === 'UnknownJobs' && status === 'True'));
    assert.deepEqual(await Promise.all([known, forgotten].map(identities)), before, 'nothing that runs was stopped');

    await suspend(world(), 'known', true);
    await known.until('Suspended again', async () => (await running(known)) === 0);
    for (const island of islandNames) {
      const mine = (await world().client.get(ComputeIslandKind, { name: island }))?.status?.unknownJobs ?? [];
      await world().atoll(['island', 'forget', island, ...mine.map(({ namespace, name }) => `${namespace}/${name}`)]);
    }
    await forgotten.until('its pods gone', async () => {
      const left = await Promise.all(islandNames.map((island) => forgotten.pods(island)));
      return left.flat().length === 0;
    });
    await world().until('no unknown job', async () => {
      const all = (await world().client.list(ComputeIslandKind)).items.flatMap(({ status }) => status?.unknownJobs ?? []);
      return all.length === 0;
    });
    await known.remove();
  });
}

export function islandRestored(world: () => World): void {
  it('runs on when an island is put back to an older copy; what the copy lacks is made again and resumes', async () => {
    const kept = await world().train('kept', { seconds: 600 });
    const keptIndex = await kept.expertOn('west');
    await kept.reached(1);
    const identity = await kept.identities('west');
    const backup = await world().cluster('west').api.backup();
    const lacked = await world().train('lacked', { seconds: 30 });
    const index = await lacked.expertOn('west');
    await lacked.until('a checkpoint', async () => (await lacked.expert(index)).status?.checkpoint);

    await world().cluster('west').api.restore(backup);
    await lacked.until('another attempt', async () => ((await lacked.expert(index)).status?.attempt ?? 0) >= 2);
    await lacked.complete();
    assert.equal((await lacked.expert(index)).status?.placement, 1);
    assert.deepEqual(
      (await kept.identities('west')).map((pod) => (pod as unknown[])[1]),
      identity.map((pod) => (pod as unknown[])[1]),
      'its pod was not replaced',
    );
    assert.equal((await kept.expert(keptIndex)).status?.attempt, 1);
    await lacked.remove();
    await kept.remove();
  });
}

const suspend = (world: World, name: string, value: boolean) =>
  world.kubectl(['patch', `et/${name}`, '--type=merge', '-p', JSON.stringify({ spec: { suspend: value } })]);

async function running(run: Run): Promise<number> {
  const all = await Promise.all(islandNames.map((island) => run.pods(island)));
  return all.flat().filter(({ status, metadata }) => status?.phase === 'Running' && !metadata.deletionTimestamp).length;
}

async function identities(run: Run): Promise<unknown[]> {
  return Promise.all(islandNames.map((island) => run.identities(island)));
}
