/** When all is done: nobody writes, and the operator has had nothing to complain about. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { kinds } from '../../src/api/kinds.ts';
import { systemClock as clock } from '../../src/clock.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import type { World } from './world.ts';

/** The time over which silence is observed. */
const silenceMs = 20_000;

export function rest(world: () => World): void {
  it('at rest costs no write: no object of any kind of Atoll changes for 20 seconds', async () => {
    await world().until('the island without jobs', async () => {
      const island = await world().client.get(ComputeIslandKind, { name: 'local' });
      return island?.status?.jobs === 0;
    });
    const before = await versions(world());
    assert.ok(before.size > 20);
    const lines = (await world().operatorLog()).length;
    await clock.sleep(silenceMs);
    assert.deepEqual(await versions(world()), before);
    const said = (await world().operatorLog()).slice(lines).filter(({ level }) => level !== 'info');
    assert.deepEqual(said, []);
  });

  it('left no error in the operator log, and the operator was allowed all that it tried', async () => {
    const log = await world().operatorLog();
    assert.equal(
      log.filter(({ msg }) => msg === 'standalone operator starts').length,
      2,
      'started once, and again after it was killed',
    );
    const again = log.findLastIndex(({ msg }) => msg === 'standalone operator starts');
    const running = log.findIndex(({ msg }, index) => index > again && msg === 'controllers run');
    // Between the two it waited for the restarted API server, which refuses everything until it has read its roles.
    const settled = [...log.slice(0, again), ...log.slice(running)];
    assert.deepEqual(
      settled.filter((line) => /\b403\b|forbidden/i.test(JSON.stringify(line))),
      [],
    );
    assert.deepEqual(await world().refusals(), world().refusedByStartingApiServer, 'refused since the outage');
    assert.deepEqual(
      log.filter(({ level }) => level === 'error' || level === 'fatal'),
      [],
    );
  });
}

async function versions(world: World): Promise<Map<string, string | undefined>> {
  const all = new Map<string, string | undefined>();
  for (const kind of kinds as readonly ResourceType<KubeObject>[])
    for (const { metadata } of (await world.client.list(kind)).items)
      all.set(`${kind.plural}/${metadata.name}`, metadata.resourceVersion);
  return all;
}
