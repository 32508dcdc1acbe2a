/** An informer over a real API server that is put back to an older copy of its data. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startApiServer } from '../../local/apiserver.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { createInformer } from '../../src/kube/informer.ts';
import { silentLog } from '../../src/kube/types.ts';
import { eventually } from './eventually.ts';
import { defineWidgets, widgets } from './widgets.ts';

const namespace = 'default';

describe('an informer whose API server is put back', () => {
  it('holds what the server holds then, and sees what comes after, though versions begin again where they were', async () => {
    await using api = await startApiServer();
    const client = createKubeClient({ kubeconfig: api.kubeconfigPath, clock, random });
    const stop = new AbortController();
    await defineWidgets(client);
    const informer = createInformer(widgets, { namespace }, { client, clock, random, log: silentLog });
    const running = informer.run(stop.signal);
    const create = (name: string) => client.create(widgets, { metadata: { namespace, name }, spec: { size: 1 } });
    const names = () => informer.store.list().map(({ metadata }) => metadata.name);
    const holds = (...wanted: string[]) =>
      eventually(`it holds ${wanted.join(', ')}`, () => assert.deepEqual(names().toSorted(), wanted) ?? true, 60_000);
    try {
      await create('kept');
      const backup = await api.backup();
      for (let round = 0; round < 30; round++)
        await client.patch(widgets, { namespace, name: 'kept' }, { spec: { size: round + 2 } }, { contentType: 'merge' });
      await create('lost');
      await holds('kept', 'lost');
      await api.restore(backup);
      await holds('kept');
      assert.equal(informer.store.get({ namespace, name: 'kept' })?.spec.size, 1);
      await create('later');
      await holds('kept', 'later');
    } finally {
      stop.abort();
      await running;
      await client.close();
    }
  });
});
