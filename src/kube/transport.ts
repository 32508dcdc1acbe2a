/** HTTP to one API server: two shared connection pools, a limit on every request, bounded retries, Retry-After, metrics. */
import { type Dispatcher, request as send } from 'undici';
import type { Clock, Random } from '../clock.ts';
import { link } from './abort.ts';
import type { Access } from './auth.ts';
import { ApiError, ConnectionError, messageOf, SilenceError, type StatusBody } from './errors.ts';
import { createGate } from './gate.ts';
import type { KubeMetrics } from './metrics.ts';
import { createPools } from './pools.ts';
import type { Log } from './types.ts';

export interface HttpRequest {
  /** What it is for, as the errors say it: "create jobs research/digits". */
  what: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  /** May be sent again when nobody knows whether it arrived. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  access: Access;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  userAgent?: string;
  /** Milliseconds for one try of a call, body included, and for the head of a watch. Default 30 s. */
  timeoutMs?: number;
  /** Tries after the first. Default 4. */
  retries?: number;
  /** Connections for calls; each watch has one of its own besides. Default 16, opened only as needed. */
  connections?: number;
}

export interface Transport {
  /** The parsed body of a successful answer. */
  call(request: HttpRequest): Promise<unknown>;
  /** The body of a successful answer, as it comes; ends or throws when the connection does. No retries. */
  stream(request: HttpRequest & { signal: AbortSignal }): Promise<AsyncIterator<Uint8Array>>;
  close(): Promise<void>;
}

/** The server waits longer than this: the caller's own back-off is better informed than a sleeping request. */
const longestWaitMs = 15_000;

/** Codes of errors raised before a single byte of the request was sent. */
const notSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ERR_TLS.*|CERT_.*|.*_CERT.*)$/;

export function createTransport(options: TransportOptions): Transport {
  const { access, clock, random, log, metrics, timeoutMs = 30_000, retries = 4 } = options;
  const base = access.server.replace(/\/+$/, '');
  const host = new URL(base).host;
  const connections = options.connections ?? 16;
  const pools = createPools({ connections, proxy: access.proxy, log });
  /** Waiting for a connection is no silence of the server: the time limit begins when there is one. */
  const gate = createGate(connections);

  /** One try: the response, or an `ApiError` or `ConnectionError`. */
  async function attempt(request: HttpRequest, pool: 'calls' | 'watches', signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const started = clock.now();
    let code = '<error>';
    try {
      const { headers, tls } = await access.credentials().catch((error: unknown) => {
        throw new ConnectionError(request.what, `no credentials: ${messageOf(error)}`, false, error);
      });
      const response = await send(urlOf(base, request), {
        method: request.method,
        dispatcher: pools.get(pool, tls),
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': options.userAgent ?? 'atoll-kube',
          ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal,
      });
      code = String(response.statusCode);
      if (response.statusCode < 300) return response;
      const text = await response.body.text();
      throw new ApiError(request.what, response.statusCode, statusOf(text), retryAfterOf(response.headers['retry-after']));
    } catch (error) {
      throw asKnown(request, error, signal);
    } finally {
      metrics?.requests.inc({ code, method: request.method, host });
      metrics?.requestSeconds.observe({ verb: request.method, host }, (clock.now() - started) / 1000);
    }
  }

  /** Milliseconds until the next try of a failed request, or undefined when it must not be tried again. */
  function delayOf(error: unknown, request: HttpRequest, tried: number): number | undefined {
    const jittered = 100 * 2 ** tried * (0.5 + random.next());
    if (error instanceof ConnectionError) return error.sent && !request.repeatable ? undefined : jittered;
    if (!(error instanceof ApiError)) return undefined;
    // 429 and any answer with Retry-After mean that the request was turned away before it did anything.
    const turnedAway = error.status === 429 || (error.status >= 500 && error.retryAfterMs !== undefined);
    const unsure = [502, 503, 504].includes(error.status) && request.repeatable;
    if (!turnedAway && !unsure) return undefined;
    const ms = error.retryAfterMs === undefined ? jittered : error.retryAfterMs + 100 * random.next();
    return ms <= longestWaitMs ? ms : undefined;
  }

  /** Runs one try under the time limit; `use` reads the body, which counts too. */
  async function limited<R>(request: HttpRequest, use: (response: Dispatcher.ResponseData) => Promise<R>): Promise<R> {
    const leave = await gate.enter(request.signal);
    const linked = link(request.signal);
    const late = new SilenceError(request.what, `no answer from ${host} within ${timeoutMs / 1000} s`);
    const stop = clock.timer(timeoutMs, () => linked.abort(late));
    try {
      const response = await attempt(request, 'calls', linked.signal);
      return await use(response).catch((error: unknown) => {
        throw asKnown(request, error, linked.signal);
      });
    } finally {
      stop();
      linked.unlink();
      leave();
    }
  }

  return {
    async call(request) {
      let refreshed = false;
      for (let tried = 0; ; tried++) {
        try {
          return await limited(request, (response) => response.body.json());
        } catch (error) {
          request.signal?.throwIfAborted();
          // An expired token: the file on disk or the exec plugin may have a newer one.
          if (error instanceof ApiError && error.isUnauthorized && !refreshed) {
            refreshed = true;
            access.invalidate();
            continue;
          }
          const ms = tried < retries ? delayOf(error, request, tried) : undefined;
          if (ms === undefined) throw error;
          metrics?.requestRetries.inc({
            code: error instanceof ApiError ? String(error.status) : '<error>',
            verb: request.method,
            host,
          });
          log.debug({ what: request.what, tried, ms, error: messageOf(error) }, 'request is tried again');
          await clock.sleep(ms, request.signal);
        }
      }
    },

    async stream(request) {
      const head = link(request.signal);
      const late = new SilenceError(request.what, `no answer from ${host} within ${timeoutMs / 1000} s`);
      const stop = clock.timer(timeoutMs, () => head.abort(late));
      try {
        const response = await attempt(request, 'watches', head.signal);
        const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
        return {
          async next() {
            try {
              return await chunks.next();
            } catch (error) {
              throw asKnown(request, error, request.signal);
            }
          },
          async return() {
            // Destroying the body closes its connection, which belongs to this watch alone.
            head.unlink();
            response.body.on('error', () => {}).destroy();
            return { done: true, value: undefined };
          },
        };
      } catch (error) {
        head.unlink();
        if (error instanceof ApiError && error.isUnauthorized) access.invalidate();
        throw error;
      } finally {
        stop();
      }
    },

    close: () => pools.close(),
  };
}

function urlOf(base: string, request: HttpRequest): string {
  const query = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  );
  return base + request.path + (query.length > 0 ? `?${query.join('&')}` : '');
}

/** The abort reason if it was us, our own errors as they are, and everything below as a `ConnectionError`. */
function asKnown(request: HttpRequest, error: unknown, signal: AbortSignal): unknown {
  if (error instanceof ApiError || error instanceof ConnectionError) return error;
  if (signal.aborted) return signal.reason;
  const code = (error as { code?: unknown }).code;
  const sent = !(typeof code === 'string' && notSent.test(code));
  return new ConnectionError(request.what, messageOf(error) || String(code), sent, error);
}

function statusOf(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status') return body as StatusBody;
  } catch {
    // Not JSON: a proxy or an early filter of the API server answers in plain text.
  }
  return { message: text.trim().slice(0, 300) };
}

function retryAfterOf(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return header !== undefined && Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : undefined;
}
