/** The client's HTTP: connections, retries, time limits, expired tokens, and what its errors know. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { type Clock, systemClock, systemRandom } from '../../src/clock.ts';
import { createKubeClient, type KubeClientOptions, type RealKubeClient } from '../../src/kube/client.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { widgets } from './widgets.ts';
import { answer, startWireServer, type WireServer } from './wire-server.ts';

let server: WireServer;
let client: RealKubeClient;
let slept: number[];
let registry: Registry;
let offset: number;

/** Real timers for the network, but what the client chooses to wait is only written down. */
const clock: Clock = {
  ...systemClock,
  now: () => systemClock.now() + offset,
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    slept.push(ms);
  },
};

function connect(options: Partial<KubeClientOptions> = {}): RealKubeClient {
  registry.clear();
  const metrics = createKubeMetrics(registry);
  return createKubeClient({ direct: { server: server.url }, clock, random: systemRandom, metrics, ...options });
}

beforeEach(async () => {
  slept = [];
  offset = 0;
  registry = new Registry();
  server = await startWireServer();
  client = connect();
});
afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

const create = () => client.create(widgets, { metadata: { namespace: 'default', name: 'a' }, spec: {} });
const unknownOutcome = (error: unknown) => error instanceof ConnectionError && error.sent;

describe('the client over HTTP', () => {
  it('makes five hundred calls over two connections at most, and many at once over no more than sixteen', async () => {
    for (let call = 0; call < 500; call++) await client.list(widgets);
    // The next call may begin before the connection of the one before is free again.
    assert.ok(server.sockets.total <= 2, `${server.sockets.total} connections`);
    await Promise.all(Array.from({ length: 200 }, () => client.list(widgets)));
    assert.ok(server.sockets.total <= 16, `${server.sockets.total} connections`);
  });

  it('waits as long as a 429 asks and tries again, whatever the verb', async () => {
    let refusals = 2;
    server.fault = (_, response) =>
      refusals-- > 0
        ? answer(response, 429, { kind: 'Status', reason: 'TooManyRequests' }, { 'retry-after': '3' })
        : answer(response, 201, { metadata: {} });
    await create();
    assert.equal(server.seen.length, 3);
    assert.ok(slept.length === 2 && slept.every((ms) => ms >= 3000 && ms < 3200), String(slept));
  });

  it('gives up after four more tries and says what the server said', async () => {
    server.fault = (_, response) =>
      answer(response, 503, { kind: 'Status', reason: 'ServiceUnavailable', message: 'shutting down' });
    await assert.rejects(
      client.list(widgets),
      (error) => error instanceof ApiError && error.status === 503 && /cannot list widgets: shutting down/.test(error.message),
    );
    assert.equal(server.seen.length, 5);
    assert.ok(
      slept.every((ms, index) => ms >= 50 * 2 ** index && ms <= 150 * 2 ** index),
      String(slept),
    );
    assert.match(await registry.metrics(), /rest_client_requests_total\{code="503",method="GET",host="[^"]+"\} 5/);
  });

  it('does not sleep in a request for longer than fifteen seconds: the caller has its own back-off', async () => {
    server.fault = (_, response) => answer(response, 429, {}, { 'retry-after': '60' });
    await assert.rejects(client.list(widgets), (error) => error instanceof ApiError && error.retryAfterMs === 60_000);
    assert.deepEqual(slept, []);
  });

  it('never sends a creation twice when its reply was lost, and says that the outcome is unknown', async () => {
    server.fault = (request) => {
      request.socket.destroy();
      return true;
    };
    await assert.rejects(create(), unknownOutcome);
    assert.equal(server.seen.length, 1);
  });

  it('repeats an apply whose reply was lost, but not one that compares and sets', async () => {
    let cut = 1;
    server.fault = (request, response) => {
      if (cut-- <= 0) return answer(response, 200, { metadata: {} });
      request.socket.destroy();
      return true;
    };
    const metadata = { namespace: 'default', name: 'a' };
    await client.apply(widgets, { metadata, spec: {} }, { fieldManager: 'us' });
    assert.equal(server.seen.length, 2);
    cut = 1;
    const compared = client.apply(widgets, { metadata: { ...metadata, uid: 'u', resourceVersion: '1' } }, { fieldManager: 'us' });
    await assert.rejects(compared, unknownOutcome);
    assert.equal(server.seen.length, 3);
  });

  it('knows that a refused connection sent nothing, tries it again for every verb and then says so', async () => {
    await server.down();
    await assert.rejects(create(), (error) => error instanceof ConnectionError && !error.sent);
    assert.equal(slept.length, 4);
  });

  it('gives a silent server its time and no more', async () => {
    client = connect({ timeoutMs: 50, retries: 1 });
    server.fault = () => true;
    await assert.rejects(client.list(widgets), /cannot list widgets: no answer from 127.0.0.1:\d+ within 0.05 s/);
    assert.equal(server.seen.length, 2);
  });

  it('does not count the wait for a connection as silence, and takes calls in their order', async () => {
    client = connect({ timeoutMs: 200, retries: 0, connections: 2 });
    server.fault = (_, response) => Boolean(setTimeout(() => answer(response, 200, { metadata: {}, items: [] }), 20));
    const ended: number[] = [];
    const stop = new AbortController();
    const given = client.list(widgets, { signal: stop.signal });
    const calls = Array.from({ length: 40 }, (_, index) => client.list(widgets).then(() => ended.push(index)));
    const impatient = assert.rejects(client.list(widgets, { signal: stop.signal }), /enough/);
    await given;
    stop.abort(new Error('enough'));
    await Promise.all([...calls, impatient]);
    assert.deepEqual(
      ended,
      ended.toSorted((a, b) => a - b),
    );
    assert.equal(server.seen.length, 41, 'who gave up in the queue was never sent');
  });

  it('counts a body that stops in the middle as silence too', async () => {
    client = connect({ timeoutMs: 50, retries: 0 });
    server.fault = (_, response) => response.writeHead(200).write('{"items":');
    await assert.rejects(client.list(widgets), /within 0.05 s/);
  });

  it("ends with the caller's reason when the caller aborts", async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    server.fault = () => {
      stop.abort(reason);
      return true;
    };
    await assert.rejects(client.list(widgets, { signal: stop.signal }), reason);
  });

  it('shows an answer in plain text as it is', async () => {
    server.fault = (_, response) => answer(response, 404, '404 page not found\n');
    await assert.rejects(
      client.get(widgets, { namespace: 'default', name: 'a' }),
      /cannot get widgets default\/a: 404 page not found/,
    );
  });

  it('takes a conflict over another uid as gone, and any other conflict of a deletion as an error', async () => {
    server.fault = (request, response) =>
      request.method === 'GET'
        ? answer(response, 200, { metadata: { name: 'a', uid: 'theirs' } })
        : answer(response, 409, { kind: 'Status', reason: 'Conflict' });
    assert.equal(await client.delete(widgets, { namespace: 'default', name: 'a' }, { uid: 'ours' }), 'gone');
    const same = client.delete(widgets, { namespace: 'default', name: 'a' }, { uid: 'theirs' });
    await assert.rejects(same, (error) => error instanceof ApiError && error.isConflict);
  });
});

describe('a token in a file', () => {
  let folder: string;
  let tokenFile: string;
  let valid: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atoll-token-'));
    tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one\n');
    valid = 'one';
    client = connect({ direct: { server: server.url, tokenFile } });
    server.fault = ({ headers }, response) =>
      headers.authorization === `Bearer ${valid}` ? false : answer(response, 401, { kind: 'Status', reason: 'Unauthorized' });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read again after a minute', async () => {
    await client.list(widgets);
    await writeFile(tokenFile, 'two');
    await client.list(widgets);
    offset = 61_000;
    valid = 'two';
    await client.list(widgets);
    assert.equal(server.seen.length, 3, 'no request was refused');
  });

  it('is read again at once when the server refuses it', async () => {
    await client.list(widgets);
    await writeFile(tokenFile, 'two');
    valid = 'two';
    await client.list(widgets);
    assert.equal(server.seen.length, 3);
  });

  it('that stays refused is an error after one more try', async () => {
    valid = 'other';
    await assert.rejects(client.list(widgets), (error) => error instanceof ApiError && error.isUnauthorized);
    assert.equal(server.seen.length, 2);
  });

  it('that is missing or empty is an error that names the file', async () => {
    await writeFile(tokenFile, ' ');
    await assert.rejects(client.list(widgets), /cannot list widgets: no credentials: .*token file .*token is empty/);
    await rm(tokenFile);
    await assert.rejects(
      create(),
      (error) => error instanceof ConnectionError && !error.sent && error.message.includes(tokenFile),
    );
    assert.equal(server.seen.length, 0);
  });
});
