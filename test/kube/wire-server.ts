/** The API server in memory behind real HTTP on the loopback address, with a place to put faults between. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock, systemRandom } from '../../src/clock.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type MemoryApi } from './memory-client.ts';
import { widgets } from './widgets.ts';

/** True: this request has been dealt with, or will be, and is not passed on. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface WireServer extends AsyncDisposable {
  readonly url: string;
  readonly api: MemoryApi;
  /** Method and path with query of all requests so far. */
  readonly seen: string[];
  /** Connections ever accepted, and those open now. */
  readonly sockets: { total: number; open: Set<Socket> };
  /** Applied to every request, until set back to undefined. */
  fault: Fault | undefined;
  /** Stops listening and cuts all connections; `up` listens on the same port again. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Ends the body of every open watch, as the server does when its time is over. */
  endWatches(): void;
}

export function isWatch(request: IncomingMessage): boolean {
  return request.url?.includes('watch=true') ?? false;
}

export function answer(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: Record<string, string> = {},
): true {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  return true;
}

/** Serves lists, watches, gets and creations of widgets in the default namespace. */
export async function startWireServer(): Promise<WireServer> {
  const api = createMemoryApi({ clock: systemClock, random: createSeededRandom(Math.floor(systemRandom.next() * 2 ** 31)) });
  const client = api.client();
  const sockets = { total: 0, open: new Set<Socket>() };
  const watches = new Set<AbortController>();
  const seen: string[] = [];

  const stream = async (query: URLSearchParams, response: ServerResponse) => {
    const stop = new AbortController();
    response.on('close', () => stop.abort());
    watches.add(stop);
    try {
      const resourceVersion = query.get('resourceVersion') ?? '';
      const events = client.watch(widgets, { resourceVersion, signal: stop.signal });
      response.writeHead(200).flushHeaders();
      for await (const event of events) {
        const object = event.type === 'BOOKMARK' ? { metadata: { resourceVersion: event.resourceVersion } } : event.object;
        response.write(`${JSON.stringify({ type: event.type, object })}\n`);
      }
    } catch (error) {
      if (error instanceof ApiError)
        response.write(
          `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: error.status, reason: error.reason } })}\n`,
        );
    } finally {
      watches.delete(stop);
      response.end();
    }
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    if (isWatch(request)) return stream(url.searchParams, response);
    const limit = Number(url.searchParams.get('limit') ?? 500);
    const next = url.searchParams.get('continue');
    const list = await client.list(widgets, { limit, ...(next ? { continue: next } : {}) });
    const { items, ...metadata } = list;
    // As on the wire: items without the fields that say what they are.
    const bare = items.map(({ apiVersion: _apiVersion, kind: _kind, ...item }) => item);
    answer(response, 200, { kind: 'WidgetList', metadata, items: bare });
  };
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (wire.fault?.(request, response)) return;
    serve(request, response).catch((error: unknown) => {
      const status = error instanceof ApiError ? error.status : 500;
      answer(response, status, { kind: 'Status', code: status, reason: error instanceof ApiError ? error.reason : '' });
    });
  });
  server.on('connection', (socket) => {
    sockets.total++;
    sockets.open.add(socket);
    socket.on('close', () => sockets.open.delete(socket));
  });
  let port = 0;
  const up = () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets.open) socket.destroy();
    });
  await up();
  port = (server.address() as AddressInfo).port;
  const wire: WireServer = {
    url: `http://127.0.0.1:${port}`,
    api,
    seen,
    sockets,
    fault: undefined,
    up,
    down,
    endWatches() {
      for (const stop of watches) stop.abort();
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await down();
    },
  };
  return wire;
}
