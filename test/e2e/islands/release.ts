/** The releases of Helm: upgraded under a run, and uninstalled. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemNamespace } from '../../../local/install.ts';
import { checkpointEvery, dataset } from './trainings.ts';
import { islandNames, type World } from './world.ts';

export function upgrade(world: () => World): void {
  it('goes on, no pod touched, while hub and islands are upgraded by helm', async () => {
    const run = await world().train('upgraded', { seconds: 90 });
    await run.reached(checkpointEvery);
    const before = await Promise.all(islandNames.map((island) => run.identities(island)));
    const operators = await world().hubPods();
    for (const name of ['hub', ...islandNames] as const) await world().upgrade(name, ['--set', 'logLevel=debug']);
    const renewed = await world().hubPods();
    assert.ok(renewed.every(({ metadata }) => operators.every((old) => old.metadata.uid !== metadata.uid)));
    assert.deepEqual(await Promise.all(islandNames.map((island) => run.identities(island))), before);
    await run.complete();
    for (const index of [0, 1]) assert.equal((await run.expert(index)).status?.attempt, 1);
    await run.remove();
  });
}

/** To be run last. */
export function uninstall(world: () => World): void {
  it('uninstalled leaves the objects of users and their kinds, and says how to remove them', async () => {
    const run = await world().train('left', { seconds: 5 });
    await run.complete();
    const notes = await world().helm('hub', ['get', 'notes', 'atoll', '-n', systemNamespace]);
    assert.match(notes, /kubectl delete crd/);
    world().uninstalled = true;
    await world().helm('hub', ['uninstall', 'atoll', '-n', systemNamespace, '--wait', '--timeout', '3m']);
    assert.equal(await world().on('hub', ['-n', systemNamespace, 'get', 'deployments', '--output=name']), '');
    assert.match(await world().kubectl(['get', 'eds,et', '--output=name']), new RegExp(`${dataset}[^]*left`));
  });
}
