/** Credentials: every way a kubeconfig can give them, read again when they are old or refused. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAccess } from '../../src/kube/auth.ts';
import { createFakeClock } from './fake-clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-auth-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'main', context: { cluster: 'here', user: 'me' } },
      { name: 'broken', context: { cluster: 'nowhere', user: 'me' } },
    ],
    clusters: [{ name: 'here', cluster: { server: 'https://hub.example:6443', ...cluster } }],
    users: [{ name: 'me', user }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}
const access = async (user: object, cluster?: object) =>
  createAccess({ kubeconfig: await kubeconfig(user, cluster) }, createFakeClock());
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  it('with a token gives a bearer header, and says where the server is', async () => {
    const { server, credentials } = await access({ token: 'secret' });
    assert.equal(server, 'https://hub.example:6443');
    assert.deepEqual(await credentials(), { headers: { authorization: 'Bearer secret' }, tls: {} });
  });

  it('with certificates in it or beside it gives them as text', async () => {
    await writeFile(join(folder, 'key.pem'), 'KEY');
    const user = { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' };
    const { credentials } = await access(user, { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'api' });
    assert.deepEqual(await credentials(), { headers: {}, tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'api' } });
  });

  it('with a token file, named relative to it, reads it without its line end and again when it is old', async () => {
    const clock = createFakeClock();
    await writeFile(join(folder, 'token'), 'one\n');
    const { credentials } = createAccess({ kubeconfig: await kubeconfig({ tokenFile: 'token' }) }, clock);
    assert.equal((await credentials()).headers['authorization'], 'Bearer one');
    await writeFile(join(folder, 'token'), 'two\n');
    assert.equal((await credentials()).headers['authorization'], 'Bearer one');
    await clock.advance(60_000);
    assert.equal((await credentials()).headers['authorization'], 'Bearer two');
  });

  it('with a command asks it once, and again when the server refused what it gave', async () => {
    const count = join(folder, 'count');
    const program = join(folder, 'login');
    const reply = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$(wc -l < ${count})'"}}`;
    await writeFile(program, `#!/bin/sh\necho >> ${count}\necho '${reply}'\n`, { mode: 0o755 });
    const { credentials, invalidate } = await access({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: program },
    });
    assert.equal((await credentials()).headers['authorization'], 'Bearer 1');
    assert.equal((await credentials()).headers['authorization'], 'Bearer 1');
    invalidate();
    assert.equal((await credentials()).headers['authorization'], 'Bearer 2');
  });

  it('with a user and a password gives a basic header', async () => {
    const { credentials } = await access({ username: 'ada', password: 'pw' });
    assert.deepEqual((await credentials()).headers, { authorization: `Basic ${base64('ada:pw')}` });
  });

  it('that says to skip the verification of certificates is obeyed', async () => {
    const { credentials } = await access({ token: 't' }, { 'insecure-skip-tls-verify': true });
    assert.equal((await credentials()).tls.rejectUnauthorized, false);
  });

  it('that is replaced is read again after a refusal; one that is gone for a moment is an error for that moment', async () => {
    const { credentials, invalidate } = await access({ token: 'old' });
    await credentials();
    await rm(join(folder, 'kubeconfig'));
    invalidate();
    await assert.rejects(credentials(), /ENOENT/);
    await kubeconfig({ token: 'new' });
    assert.equal((await credentials()).headers['authorization'], 'Bearer new');
  });

  it('whose context names no cluster is told so at once', async () => {
    const path = await kubeconfig({});
    assert.throws(
      () => createAccess({ kubeconfig: path, context: 'broken' }, createFakeClock()),
      /context broken names no cluster/,
    );
  });
});

describe('several kubeconfigs, as in KUBECONFIG', () => {
  const write = async (name: string, content: object): Promise<string> => {
    const path = join(folder, name, 'config');
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...content }));
    return path;
  };
  const server = (name: string, host: string) => ({ name, cluster: { server: `https://${host}` } });
  const context = (name: string, namespace: string) => ({ name, context: { cluster: name, user: name, namespace } });
  const open = (path: string, chosen?: string) =>
    createAccess({ kubeconfig: path, ...(chosen === undefined ? {} : { context: chosen }) }, createFakeClock());

  it('are merged: the first that says something wins, files beside one are found, and those that are not there are passed over', async () => {
    const one = await write('one', {
      clusters: [server('hub', 'hub.one')],
      users: [{ name: 'hub', user: { tokenFile: 'token' } }],
    });
    await writeFile(join(folder, 'one/token'), 'of-one\n');
    const two = await write('two', {
      'current-context': 'hub',
      clusters: [server('hub', 'hub.two'), server('west', 'west.two')],
      users: [
        { name: 'hub', user: { token: 'of-two' } },
        { name: 'west', user: { token: 'west-of-two' } },
      ],
      contexts: [context('hub', 'research'), context('west', 'training')],
    });
    const both = [join(folder, 'missing'), one, '', two].join(delimiter);
    const hub = open(both);
    assert.deepEqual([hub.server, hub.namespace], ['https://hub.one', 'research']);
    assert.deepEqual((await hub.credentials()).headers, { authorization: 'Bearer of-one' });
    const west = open(both, 'west');
    assert.deepEqual([west.server, west.namespace], ['https://west.two', 'training']);
    assert.deepEqual((await west.credentials()).headers, { authorization: 'Bearer west-of-two' });
  });

  it('none of which is there are an error', () => {
    assert.throws(() => open(['/nowhere/a', '/nowhere/b'].join(delimiter)), /none of these files exists/);
  });

  it('are not seen in one file whose name has the delimiter', async () => {
    const path = await write(`with${delimiter}it`, {
      'current-context': 'hub',
      clusters: [server('hub', 'hub.one')],
      contexts: [context('hub', 'research')],
    });
    assert.equal(open(path).server, 'https://hub.one');
  });
});

describe('access to the API server', () => {
  it('needs exactly one source', () => {
    assert.throws(() => createAccess({}, createFakeClock()), /give one of kubeconfig, inCluster and direct/);
    assert.throws(() => createAccess({ kubeconfig: 'a', inCluster: true }, createFakeClock()), /give one of/);
  });

  it('from inside a pod says so when it is in none', { skip: 'KUBERNETES_SERVICE_HOST' in process.env }, () => {
    assert.throws(() => createAccess({ inCluster: true }, createFakeClock()), /KUBERNETES_SERVICE_HOST is not set/);
  });
});
