/** Reading ranges straight from sockets: answers in any cut, kept and broken connections, TLS. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { createObjectStore } from '../../src/store/client.ts';
import { DamagedObjectError } from '../../src/store/errors.ts';
import { type SignedRequest, Wire } from '../../src/store/wire.ts';

/** A server that answers the n-th request of all connections with the n-th function. */
async function serve(
  context: TestContext,
  ...answers: ((socket: Socket) => void)[]
): Promise<{ request: SignedRequest; connections: () => number }> {
  let connections = 0;
  let asked = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.endsWith('\r\n\r\n')) return;
      text = '';
      answers[asked++]?.(socket);
    });
    context.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    request: { secure: false, hostname: '127.0.0.1', port, path: '/b/k', headers: { host: 'b' } },
    connections: () => connections,
  };
}

const ok = (body: string) =>
  `HTTP/1.1 206 Partial Content\r\nContent-Length: ${body.length}\r\nContent-Range: bytes 0-1/9\r\n\r\n${body}`;
const whole = (text: string) => (socket: Socket) => void socket.write(text);
/** Byte by byte, each in a packet of its own. */
const dripping = (text: string) => (socket: Socket) => {
  socket.setNoDelay(true);
  const send = (at: number) => void (at < text.length && socket.write(text.charAt(at), () => setImmediate(send, at + 1)));
  send(0);
};

describe('the wire', () => {
  test('many answers over one kept connection, whole and in drips, end up in the right buffers', async (context) => {
    const { request, connections } = await serve(
      context,
      whole(ok('first')),
      dripping(ok('second!')),
      whole(ok('')),
      dripping(ok('x')),
      whole(ok('last')),
    );
    const wire = new Wire(1000);
    for (const expected of ['first', 'second!', '', 'x', 'last']) {
      const target = Buffer.alloc(expected.length);
      const reply = await wire.read(request, target);
      assert.equal(target.toString(), expected);
      assert.deepEqual([reply.status, reply.headers.get('content-range')], [206, 'bytes 0-1/9']);
    }
    assert.equal(connections(), 1);
  });

  test('an answer that says no is told with its body, and the connection is given up', async (context) => {
    const body = '<Error><Code>NoSuchKey</Code></Error>';
    const { request, connections } = await serve(
      context,
      whole(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      whole(ok('ab')),
    );
    const wire = new Wire(1000);
    const target = Buffer.from('--');
    assert.deepEqual({ ...(await wire.read(request, target)), headers: 0 }, { status: 404, headers: 0, body });
    assert.equal(target.toString(), '--');
    await wire.read(request, target);
    assert.equal(connections(), 2);
  });

  test('another length than asked for leaves the buffer alone', async (context) => {
    const { request } = await serve(context, whole(ok('three')), whole(ok('one')));
    const wire = new Wire(1000);
    const target = Buffer.from('....');
    assert.equal((await wire.read(request, target)).headers.get('content-length'), '5');
    assert.equal((await wire.read(request, target)).headers.get('content-length'), '3');
    assert.equal(target.toString(), '....');
  });

  const broken: [string, (socket: Socket) => void, RegExp][] = [
    [
      'a connection closed in the middle of the body',
      (socket) => void socket.end(ok('abcd').slice(0, -2)),
      /closed in the middle/,
    ],
    ['a connection reset', (socket) => void socket.resetAndDestroy(), /ECONNRESET|closed in the middle/],
    ['an answer that stalls', whole(ok('abcd').slice(0, -1)), /no byte came for 300 ms/],
    ['something that is not HTTP', whole('SSH-2.0-OpenSSH\r\n\r\n'), /not HTTP/],
    ['a head without end', whole('HTTP/1.1 200 OK\r\n'.padEnd(70_000, 'x')), /head of the answer has more than/],
  ];
  for (const [what, answer, message] of broken) {
    test(`${what} is an error, and the next read uses a new connection`, async (context) => {
      const { request } = await serve(context, answer, whole(ok('good')));
      const wire = new Wire(300);
      await assert.rejects(wire.read(request, Buffer.alloc(4)), message);
      const target = Buffer.alloc(4);
      await wire.read(request, target);
      assert.equal(target.toString(), 'good');
    });
  }

  test('bytes that nobody asked for end the connection', async (context) => {
    const { request, connections } = await serve(context, whole(`${ok('ab')}HTTP/1.1 200 OK\r\n`), whole(ok('cd')));
    const wire = new Wire(1000);
    const target = Buffer.alloc(2);
    await wire.read(request, target);
    assert.equal(target.toString(), 'ab');
    await wire.read(request, target);
    assert.equal(target.toString(), 'cd');
    assert.equal(connections(), 2);
  });

  test('an abort ends a read at once', async (context) => {
    const stop = new AbortController();
    const { request } = await serve(context, () => stop.abort(new Error('enough')));
    await assert.rejects(new Wire(60_000).read(request, Buffer.alloc(4), stop.signal), /enough/);
    await assert.rejects(new Wire(60_000).read(request, Buffer.alloc(4), stop.signal), /enough/);
  });

  test('over TLS a large object comes down whole, and an untrusted certificate is refused', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'atoll-tls-'));
    context.after(() => rm(folder, { recursive: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      ...subject,
    ]).catch((error: NodeJS.ErrnoException) => error);
    if (made instanceof Error) return context.skip(`no certificate: ${made.message}`);
    const body = randomBytes(20 * 1024 * 1024 + 7);
    const server = createHttps({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
      const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const piece = body.subarray(Number(from), Number(to) + 1);
      response
        .writeHead(206, { 'content-length': piece.length, 'content-range': `bytes ${from}-${to}/${body.length}` })
        .end(piece);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    context.after(() => server.closeAllConnections());
    context.after(() => void server.close());
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = { name: 'tls', endpoint, region: 'us-east-1', bucket: 'atoll', pathStyle: true };
    const open = () => createObjectStore(config, { accessKeyId: 'a', secretAccessKey: 'b' }, { maxAttempts: 1 });
    const sha256 = createHash('sha256').update(body).digest('hex');
    await assert.rejects(open().verifyFile('large', { size: body.length, sha256 }), /self-signed certificate/);
    const before = getCACertificates();
    setDefaultCACertificates([...before, await readFile(cert, 'utf8')]);
    context.after(() => setDefaultCACertificates(before));
    await open().verifyFile('large', { size: body.length, sha256 });
    await assert.rejects(open().verifyFile('large', { size: body.length, sha256: '0'.repeat(64) }), DamagedObjectError);
  });
});
