/** Old checkpoints under policy Replace: they stay while the agent does not allow to delete them, against a real versitygw. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mayDeleteHeader } from '../../src/api/courier.ts';
import { Permission } from '../../src/courier/permission.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { gatewayMissing } from '../store/gateway.ts';
import { TOKEN, until } from './pod.ts';
import { Scene } from './scene.ts';

describe('permission to delete', () => {
  test('lasts as long as the agent says, and its last word holds', async () => {
    const clock = createFakeClock();
    const permission = new Permission('WhileHeard', clock);
    assert.equal(permission.given, false);
    permission.hear(60_000);
    assert.equal(permission.given, true);
    await clock.advance(60_000);
    assert.equal(permission.given, false);
    permission.hear('unlimited');
    await clock.advance(1e9);
    assert.equal(permission.given, true);
    permission.hear(0);
    assert.equal(permission.given, false);
  });

  test('is needed from nobody where the work waits for its island', () => {
    assert.equal(new Permission('Always', createFakeClock()).given, true);
  });
});

describe('a courier under Replace', { skip: gatewayMissing }, () => {
  const scene = new Scene();
  const say = async (port: number, permit: string, token = TOKEN) => {
    const headers = { authorization: `Bearer ${token}`, [mayDeleteHeader]: permit };
    return (await fetch(`http://127.0.0.1:${port}/v1/progress`, { headers })).status;
  };
  const steps = async () => (await scene.keys()).filter((key) => key.endsWith('manifest.json')).length;

  test('keeps every checkpoint until the agent allows to delete, and again when it takes that back', async () => {
    const config = scene.config({ deletions: 'WhileHeard', checkpoint: { keep: 1 } });
    const { pod, trainer, sidecar } = await scene.running(config);
    const port = await sidecar.port;
    assert.equal(await say(port, 'unlimited', 'wrong'), 401);
    assert.equal(await say(port, 'for ever'), 200);
    for (const step of [1, 2]) await scene.isPublished(await trainer.save(step));
    assert.equal(await steps(), 2);
    // Whoever wonders why the bucket grows finds both in the log.
    const logged = (words: string) => pod.logged.some((line) => line.includes(words));
    assert.ok(logged('the agent does not allow to delete them now'));
    assert.equal(await say(port, '60000'), 200);
    await scene.isPublished(await trainer.save(3));
    await until('two old ones are deleted', async () => (await steps()) === 1);
    await until('that is in the log', async () => logged('removed old checkpoints from the store'));
    assert.equal(await say(port, '0'), 200);
    await scene.isPublished(await trainer.save(4));
    assert.equal(await sidecar.stop(), 0);
    assert.equal(await steps(), 2);
  });
});
