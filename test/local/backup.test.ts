/** An API server put back to a copy of what it held, and its account of who asked for what. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { applyCrds } from '../../local/install.ts';

describe('an API server that is put back', () => {
  let server: ApiServer;
  before(async () => {
    server = await startApiServer();
  });
  after(async () => server.stop());

  const write = async (name: string, value: string) => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } };
    await server.kubectl(['apply', '-f', '-'], { input: JSON.stringify(config) });
  };
  const read = async (what: string, path: string) =>
    (await server.kubectl(['get', what, `--output=jsonpath=${path}`, '--ignore-not-found'])).stdout;
  const revision = async () => Number(await read('configmap/one', '{.metadata.resourceVersion}'));

  it('holds what it held then, with the resource versions of then, and takes writes', async () => {
    await write('one', 'before');
    const then = await revision();
    const backup = await server.backup();
    await write('one', 'after');
    await write('two', 'after');
    assert.ok((await revision()) > then);
    await server.restore(backup);
    assert.deepEqual(
      [await read('configmap/one', '{.data.value}'), await read('configmap/two', '{.metadata.name}'), await revision()],
      ['before', '', then],
    );
    await write('two', 'again');
    assert.equal(await read('configmap/two', '{.data.value}'), 'again');
  });

  it('can be put back to the same copy twice, and goes on after a copy was made', async () => {
    await write('one', 'kept');
    const backup = await server.backup();
    for (const value of ['first', 'second']) {
      await write('one', value);
      assert.equal(await read('configmap/one', '{.data.value}'), value);
      await server.restore(backup);
      assert.equal(await read('configmap/one', '{.data.value}'), 'kept');
    }
  });
});

describe('the audit log of an API server', () => {
  it('names who made and read which of Atoll’s objects, over restarts, and says nothing of others', async () => {
    await using server = await startApiServer({ audit: true });
    await applyCrds(server);
    const island = (name: string) => ({
      apiVersion: 'atoll.dev/v1alpha1',
      kind: 'ComputeIsland',
      metadata: { name },
      spec: {},
    });
    await server.kubectl(['create', '-f', '-'], { input: JSON.stringify(island('west')) });
    await server.kubectl(['create', 'configmap', 'other']);
    await server.restart({ signal: 'SIGKILL' });
    await server.kubectl(['create', '-f', '-'], { input: JSON.stringify(island('east')) });
    await assert.rejects(server.kubectl(['create', '-f', '-'], { input: JSON.stringify(island('east')) }));
    const events = (await server.audit()).filter(({ verb }) => verb === 'create');
    assert.deepEqual(
      events.map(({ user, objectRef, responseStatus }) => [
        user.username,
        objectRef?.resource,
        objectRef?.name,
        responseStatus?.code,
      ]),
      [
        ['admin', 'computeislands', 'west', 201],
        ['admin', 'computeislands', 'east', 201],
        ['admin', 'computeislands', 'east', 409],
      ],
    );
  });
});
