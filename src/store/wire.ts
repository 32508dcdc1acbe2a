/**
 * Reads bytes of an object straight from the socket into a given buffer. The S3 client's own way makes a new 64 KiB buffer per read, which
 * costs more than the hashing and lets memory grow; here nothing is allocated per read and nothing is copied.
 */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** A request for bytes, complete with its signature. */
export interface SignedRequest {
  secure: boolean;
  hostname: string;
  port: number;
  /** Path with query. */
  path: string;
  headers: Readonly<Record<string, string>>;
}

export interface WireReply {
  status: number;
  headers: ReadonlyMap<string, string>;
  /** Of an answer that is not 2xx: its body, at most 64 KiB. */
  body: string;
}

const MAX_HEAD = 64 * 1024;
const MAX_ERROR_BODY = 64 * 1024;

/** The request as the client would send it; nothing is sent. */
export async function signedRequest(client: S3Client, command: GetObjectCommand): Promise<SignedRequest> {
  let request: unknown;
  command.middlewareStack.add(
    () => async (args) => {
      request = args.request;
      return { response: {}, output: { $metadata: {} } };
    },
    { step: 'finalizeRequest', priority: 'low', name: 'captureSignedRequest', override: true },
  );
  await client.send(command);
  const { protocol, hostname, port, path, query, headers } = request as {
    protocol: string;
    hostname: string;
    port?: number;
    path: string;
    query?: Record<string, string | string[] | null>;
    headers: Record<string, string>;
  };
  const secure = protocol === 'https:';
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`),
  );
  return {
    secure,
    hostname,
    port: port ?? (secure ? 443 : 80),
    path: pairs.length > 0 ? `${path}?${pairs.join('&')}` : path,
    headers,
  };
}

/** Kept connections of one store, and reading through them. */
export class Wire {
  #idle: Connection[] = [];
  readonly #idleTimeoutMs: number;

  constructor(idleTimeoutMs: number) {
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /**
   * Sends a GET and fills `target` when the answer is 2xx and has exactly that many bytes. Rejects when the connection breaks, stalls
   * for the idle timeout, or the signal aborts.
   */
  async read(request: SignedRequest, target: Buffer, signal?: AbortSignal): Promise<WireReply> {
    signal?.throwIfAborted();
    const address = `${request.secure}:${request.hostname}:${request.port}`;
    this.#idle = this.#idle.filter(({ usable }) => usable);
    const index = this.#idle.findIndex((idle) => idle.address === address);
    const connection = this.#idle.splice(index, index < 0 ? 0 : 1)[0] ?? new Connection(address, request, this.#idleTimeoutMs);
    const onAbort = () => connection.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const reply = await connection.get(request, target);
      if (connection.usable) this.#idle.push(connection);
      return reply;
    } catch (error) {
      connection.destroy(error as Error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

interface Exchange {
  target: Buffer;
  resolve(reply: WireReply): void;
  reject(error: Error): void;
  reply: WireReply | undefined;
  /** Bytes of the body still to come. */
  left: number;
  /** Where they go. */
  sink: Buffer;
  filled: number;
}

/** One connection with at most one exchange at a time. */
class Connection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #head = Buffer.allocUnsafeSlow(MAX_HEAD);
  #headLength = 0;
  #exchange: Exchange | undefined;
  #reusable = true;

  constructor(address: string, { secure, hostname, port }: SignedRequest, idleTimeoutMs: number) {
    this.address = address;
    const onread: OnReadOpts = { buffer: () => this.#space(), callback: (count) => this.#take(count) };
    const options: ConnectionOptions & { onread: OnReadOpts; port: number } = { host: hostname, port, onread };
    const servername = isIP(hostname) === 0 ? { servername: hostname } : {};
    this.#socket = secure ? connectTls({ ...options, ...servername, ALPNProtocols: ['http/1.1'] }) : connectTcp(options);
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(idleTimeoutMs, () => this.#socket.destroy(new Error(`no byte came for ${idleTimeoutMs} ms`)));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('end', () => this.#fail(new Error('the connection was closed in the middle')));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed in the middle')));
    this.#socket.unref();
  }

  get usable(): boolean {
    return this.#reusable && this.#exchange === undefined && !this.#socket.destroyed;
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  get(request: SignedRequest, target: Buffer): Promise<WireReply> {
    return new Promise((resolve, reject) => {
      this.#headLength = 0;
      this.#exchange = { target, resolve, reject, reply: undefined, left: 0, sink: target, filled: 0 };
      this.#socket.ref();
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      this.#socket.write(`GET ${request.path} HTTP/1.1\r\n${headers.join('')}\r\n`);
    });
  }

  /**
   * Where the next bytes of the socket go: the target itself once the head of the answer is known. Asked right after each read, so also
   * between exchanges, when the next bytes will be the first of the next answer.
   */
  #space(): Buffer {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#head;
    if (exchange.reply === undefined) return this.#head.subarray(this.#headLength);
    return exchange.left > 0 ? exchange.sink.subarray(exchange.filled, exchange.filled + exchange.left) : this.#head;
  }

  #take(count: number): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Bytes nobody asked for: whatever this server speaks, the connection cannot be trusted any more.
      this.#socket.destroy();
    } else if (exchange.reply === undefined) {
      this.#headLength += count;
      this.#readHead(exchange);
    } else {
      exchange.filled += count;
      exchange.left -= count;
      if (exchange.left === 0) this.#finish(exchange);
    }
    return true;
  }

  #readHead(exchange: Exchange): void {
    const bytes = this.#head.subarray(0, this.#headLength);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#headLength === MAX_HEAD) this.#fail(new Error(`the head of the answer has more than ${MAX_HEAD} bytes`));
      return;
    }
    const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(first)?.[1] ?? Number.NaN);
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    if (Number.isNaN(status)) return this.#fail(new Error('the answer is not HTTP'));
    const good = status >= 200 && status < 300;
    const length = Number(headers.get('content-length') ?? Number.NaN);
    if (headers.get('connection')?.toLowerCase() === 'close' || first.startsWith('HTTP/1.0')) this.#reusable = false;
    exchange.reply = { status, headers, body: '' };
    const rest = bytes.subarray(end + 4);
    if (good && length === exchange.target.length) {
      exchange.left = length;
    } else {
      // Another length, an error, or one in chunks: what it says is read as far as it came, and the connection is given up after it.
      this.#reusable = false;
      exchange.left = Math.min(Number.isNaN(length) ? rest.length : length, MAX_ERROR_BODY);
      exchange.sink = Buffer.alloc(exchange.left);
    }
    const now = Math.min(rest.length, exchange.left);
    // More than was asked for: whose bytes come next nobody could tell.
    if (rest.length > now) this.#reusable = false;
    rest.copy(exchange.sink, 0, 0, now);
    exchange.filled = now;
    exchange.left -= now;
    if (exchange.left === 0) this.#finish(exchange);
  }

  #finish(exchange: Exchange): void {
    this.#exchange = undefined;
    this.#socket.unref();
    const { reply, sink, target } = exchange;
    if (!this.#reusable) this.#socket.destroy();
    if (reply !== undefined) exchange.resolve(sink === target ? reply : { ...reply, body: sink.toString('utf8') });
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    exchange?.reject(error);
  }
}
