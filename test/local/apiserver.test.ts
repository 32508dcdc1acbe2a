/** A real API server of one's own: what it offers, and that nothing of it outlives its owner. */
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { checkout } from '../../local/paths.ts';
import { processesWith, source, startNode, until } from './alive.ts';

const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );

describe('an API server of one’s own', () => {
  let server: ApiServer;
  before(async () => {
    server = await startApiServer();
  });
  after(async () => server.stop());

  it('takes objects from its administrator', async () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default' }, data: { a: 'b' } };
    await server.kubectl(['apply', '-f', '-'], { input: JSON.stringify(config) });
    const { stdout } = await server.kubectl(['get', 'configmap/one', '--output=jsonpath={.data.a}']);
    assert.equal(stdout, 'b');
  });

  it('refuses callers without credentials', async () => {
    await assert.rejects(
      server.kubectl(['get', 'secrets', '--kubeconfig=/dev/null', `--server=${server.url}`, '--insecure-skip-tls-verify']),
    );
  });

  it('has the same objects at the same address after it was killed and restarted', async () => {
    const { url } = server;
    await server.restart({ signal: 'SIGKILL' });
    const { stdout } = await server.kubectl(['get', 'configmap/one', '--output=jsonpath={.data.a}']);
    assert.deepEqual([stdout, server.url], ['b', url]);
  });

  it('does not answer while it is frozen and goes on when it is thawed', async () => {
    server.freeze();
    try {
      await assert.rejects(server.kubectl(['get', '--raw=/readyz'], { timeoutMs: 500 }), /did not end within 500 ms/);
    } finally {
      server.thaw();
    }
    assert.equal((await server.kubectl(['get', '--raw=/readyz'])).stdout, 'ok');
  });
});

describe('the end of an API server', () => {
  it('leaves no process and no folder after stop()', async () => {
    const server = await startApiServer();
    const port = new URL(server.url).port;
    assert.equal((await processesWith(`--secure-port=${port}`)).length, 1);
    await server.stop();
    assert.deepEqual(await processesWith(`--secure-port=${port}`), []);
    assert.ok(await gone(server.dir));
  });

  it('comes with the death of its owner by SIGKILL', async () => {
    const owner = startNode(
      source(`import { startApiServer } from ${JSON.stringify(join(checkout, 'local/apiserver.ts'))};
        const server = await startApiServer();
        console.log('READY', server.dir, new URL(server.url).port);
        setInterval(() => {}, 1000);`),
    );
    await until('the server is up', async () => owner.printed().includes('READY'), 60_000);
    const [, dir = '', port = ''] = owner.printed().trim().split(' ');
    assert.equal((await processesWith(`--secure-port=${port}`)).length, 1);
    owner.child.kill('SIGKILL');
    await until('its processes are gone', async () => (await processesWith(`--secure-port=${port}`)).length === 0);
    await until('its folder is gone', () => gone(dir));
  });

  it('says what its log says when it cannot start', async () => {
    await assert.rejects(
      startApiServer({ flags: ['--no-such-flag'] }),
      /cannot start kube-apiserver: it ended[^]*unknown flag: --no-such-flag/,
    );
  });
});
