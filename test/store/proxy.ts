/** A TCP proxy in front of a store that loses replies, cuts bodies and rewrites answers; it understands just enough HTTP. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
}

/** `lose`: done, but nobody hears of it. `cut`: the first bytes of the body, then nothing. `reject`: not done, connection reset. */
export type Verdict = 'pass' | 'lose' | 'cut' | 'reject' | { status: number; body: string; forward: boolean };

export class FaultProxy {
  readonly endpoint: string;
  /** Every request in order. */
  readonly seen: Seen[] = [];
  decide: (request: Seen) => Verdict = () => 'pass';
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  static async start(target: { port: number }): Promise<FaultProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('cannot listen');
    const proxy = new FaultProxy(server, address.port);
    server.on('request', (incoming, outgoing) => proxy.#handle(incoming, outgoing, target.port));
    return proxy;
  }

  /** The next request that matches gets the verdict; all others pass. */
  once(matches: (request: Seen) => boolean, verdict: Verdict): void {
    let done = false;
    this.decide = (request) => {
      if (done || !matches(request)) return 'pass';
      done = true;
      return verdict;
    };
  }

  count(matches: (request: Seen) => boolean): number {
    return this.seen.filter(matches).length;
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
    const seen = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers };
    this.seen.push(seen);
    const verdict = this.decide(seen);
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    if (verdict === 'reject') {
      incoming.socket.destroy();
      return;
    }
    if (typeof verdict === 'object' && !verdict.forward) {
      incoming.resume();
      incoming.on('end', () => outgoing.writeHead(verdict.status, { 'content-type': 'application/xml' }).end(verdict.body));
      return;
    }
    // The signature covers the Host header, so it goes on as it is.
    const onward = httpRequest({
      port,
      host: '127.0.0.1',
      method: seen.method,
      path: seen.url,
      headers: incoming.headers,
      agent: false,
    });
    onward.on('error', () => incoming.socket.destroy());
    onward.on('response', (reply) => {
      if (verdict === 'lose') {
        reply.resume();
        reply.on('end', () => incoming.socket.destroy());
      } else if (verdict === 'cut') {
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.once('data', (chunk: Buffer) => {
          outgoing.write(chunk.subarray(0, chunk.length >> 1), () => incoming.socket.destroy());
          reply.destroy();
        });
      } else if (typeof verdict === 'object') {
        reply.resume();
        reply.on('end', () => outgoing.writeHead(verdict.status, { 'content-type': 'application/xml' }).end(verdict.body));
      } else {
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(outgoing);
      }
    });
    incoming.pipe(onward);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
