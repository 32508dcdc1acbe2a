/** A process of the operator that loses its lease, on a real API server: it stands by and leads again, without ending. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { startApiServer } from '../../local/apiserver.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { leases } from '../../src/kube/core.ts';
import { runOperator } from '../../src/operator.ts';
import { parseSettings } from '../../src/settings.ts';
import { eventually } from '../kube/eventually.ts';

const namespace = 'default';
const limitMs = 60_000;

const settings = parseSettings(
  `
role: standalone
images: { atoll: atoll:test, workload: workload:test }
stores: [{ name: default, bucket: bucket, secretName: store, credentialsDir: /none }]
agentKeyFile: /none
lease: { namespace: ${namespace} }
http: { port: 0 }
`,
  'settings.yaml',
);

describe('a process that loses its lease', () => {
  it('stops leading, stands by, and leads again when the lease is free, all without ending', async () => {
    await using api = await startApiServer();
    const client = createKubeClient({ kubeconfig: api.kubeconfigPath, clock, random });
    const stop = new AbortController();
    const led: string[] = [];
    let lives = 0;
    const role = {
      settings,
      kubeconfig: api.kubeconfigPath,
      identity: 'us',
      version: '0',
      log: pino({ enabled: false }),
      signal: stop.signal,
    };
    const running = runOperator(role, async ({ manager }) => {
      const life = ++lives;
      manager.addLoop('work of the leader', async (signal) => {
        led.push(`${life} begins`);
        await clock.sleep(1e9, signal).catch(() => undefined);
        led.push(`${life} ends`);
      });
      return undefined;
    });
    const give = (spec: object) => client.patch(leases, { namespace, name: 'atoll' }, { spec }, { contentType: 'merge' });
    try {
      await eventually('it leads', () => led.length === 1, limitMs);
      await give({ holderIdentity: 'someone', leaseDurationSeconds: 3600 });
      await eventually('it stands by', () => lives === 2, limitMs);
      assert.deepEqual(led, ['1 begins', '1 ends']);
      await give({ holderIdentity: '', leaseDurationSeconds: 1 });
      await eventually('it leads again', () => led.length === 3, limitMs);
    } finally {
      stop.abort(new Error('stop'));
      await running;
      await client.close();
    }
    assert.deepEqual(led, ['1 begins', '1 ends', '2 begins', '2 ends']);
    assert.equal(lives, 2);
  });
});
