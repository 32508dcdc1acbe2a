/** The connection pools: shared while certificates stay the same, replaced in peace when they change. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import { type Dispatcher, request } from 'undici';
import { createPools, type Pools } from '../../src/kube/pools.ts';
import { silentLog } from '../../src/kube/types.ts';
import { answer, startWireServer, type WireServer } from './wire-server.ts';

let server: WireServer;
let pools: Pools;
beforeEach(async () => {
  server = await startWireServer();
  pools = createPools({ connections: 2, proxy: undefined, log: silentLog });
});
afterEach(async () => {
  await pools.close();
  await server[Symbol.asyncDispose]();
});

const ask = async (dispatcher: Dispatcher) => (await request(server.url, { dispatcher })).statusCode;

it('equal certificates share a pool, calls and watches have one each', () => {
  assert.equal(pools.get('calls', { ca: 'A' }), pools.get('calls', { ca: 'A' }));
  assert.notEqual(pools.get('calls', { ca: 'A' }), pools.get('watches', { ca: 'A' }));
});

it('new certificates get new pools: a call under way ends in peace, a watch ends', async () => {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  let waiting = 0;
  server.fault = (_, response) => {
    if (++waiting === 2) arrived.resolve();
    void release.promise.then(() => answer(response, 200, {}));
    return true;
  };
  const call = ask(pools.get('calls', { ca: 'A' }));
  const watch = assert.rejects(ask(pools.get('watches', { ca: 'A' })));
  await arrived.promise;
  const next = ask(pools.get('calls', { ca: 'B' }));
  await watch;
  release.resolve();
  assert.deepEqual(await Promise.all([call, next]), [200, 200]);
});
