/**
 * The HTTP server of the dashboard: lets a request in or refuses it, in one order for all routes, and writes the answer. Default is no:
 * a route that is not in the table, a caller who is not known and a right that nobody can confirm all end here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../clock.ts';
import { link } from '../../kube/abort.ts';
import { ApiError, ConnectionError, messageOf } from '../../kube/errors.ts';
import type { Log } from '../../kube/types.ts';
import type { RouteName } from '../view/routes.ts';
import { csrfHeader } from '../view/routes.ts';
import { type Assets, assetAt, writeAsset } from './assets.ts';
import { readBody } from './body.ts';
import { accessOf, asked, type Handler } from './call.ts';
import type { Caller, Gatekeeper } from './caller.ts';
import { csrfMatches, tokenOfBearer, tokenOfCookie } from './cookie.ts';
import { fromElsewhere, one, sameOrigin, securityHeaders } from './headers.ts';
import { checkParams, type Matched, match, queryOf } from './match.ts';
import type { Metrics } from './metrics.ts';
import { badRequest, notAllowed, notFound, RequestProblem, signInNeeded } from './problem.ts';
import { createRateLimit } from './rate.ts';
import { type Reply, write, writeProblem } from './reply.ts';

export interface ServerOptions {
  gatekeeper: Gatekeeper;
  /** Whether there is anything to show yet. */
  ready: () => boolean;
  handlers: Readonly<Record<Exclude<RouteName, 'live' | 'signIn'>, Handler>>;
  /** Answers the body of the route signIn. */
  signIn: (request: IncomingMessage, token: string, signal: AbortSignal) => Promise<Reply>;
  assets: Assets;
  clock: Clock;
  log: Log;
  metrics?: Metrics | undefined;
  port: number;
  /** Address to listen on; every one by default. */
  host?: string;
  limits?: Limits;
}

/** Requests a second, and how many at once after a pause: of each address without a known user, and of each user. */
export interface Limits extends Record<'strangers' | 'users', { perSecond: number; burst: number }> {
  /** How long a page may leave unread what was sent over its stream, in milliseconds. */
  patienceMs: number;
  /** How long a connection may be open without a whole head of a request, in milliseconds. */
  headMs: number;
}

export const standardLimits: Limits = {
  patienceMs: 15_000,
  headMs: 10_000,
  strangers: { perSecond: 5, burst: 40 },
  users: { perSecond: 30, burst: 150 },
};

export interface RunningServer {
  readonly port: number;
  /** Resolves when the signal is aborted and every connection has ended. */
  run(signal: AbortSignal): Promise<void>;
}

const longestUrl = 2048;

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { gatekeeper, handlers, assets, clock, log, metrics, limits = standardLimits } = options;
  const life = new AbortController();
  /** For requests that come with no known user, by address; behind a port-forward all have the same. */
  const strangers = createRateLimit(clock, limits.strangers);
  const users = createRateLimit(clock, limits.users);

  async function callerOf(request: IncomingMessage): Promise<Caller> {
    const address = request.socket.remoteAddress ?? '';
    const bearer = request.headers.authorization;
    const token = bearer === undefined ? tokenOfCookie(request.headers.cookie) : tokenOfBearer(bearer);
    const identity = token === undefined ? undefined : await gatekeeper.whoIs(token, life.signal);
    if (token !== undefined && identity) {
      const id = JSON.stringify([identity.user, identity.uid]);
      if (!users.take(id)) throw new RequestProblem('TooMany', 'too many requests; wait a second');
      return { identity, id, token, byCookie: bearer === undefined };
    }
    if (!strangers.take(address))
      throw new RequestProblem('TooMany', 'too many requests without a valid token; wait a few seconds');
    throw signInNeeded();
  }

  /** Requests that a browser may have been made to send by a page from elsewhere. */
  function expectOwnPage(request: IncomingMessage, { route }: Matched, caller: Caller | undefined): void {
    const elsewhere = () => new RequestProblem('NotAllowed', 'the request comes from another page than this dashboard');
    if (fromElsewhere(request.headers)) throw elsewhere();
    if (route.method === 'GET' || !caller?.byCookie) return;
    if (!sameOrigin(request.headers)) throw elsewhere();
    if (!csrfMatches(caller.token, one(request.headers[csrfHeader])))
      throw new RequestProblem('NotAllowed', `the header ${csrfHeader} of the session is missing or wrong; load the page again`);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    matched: Matched,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { name, route } = matched;
    const url = new URL(request.url ?? '/', 'http://dashboard');
    if (name === 'live') return { type: 'text', text: 'ok\n' };
    if (!options.ready()) throw new RequestProblem('Unavailable', 'the dashboard is starting; try again in a second');
    if (name === 'signIn') {
      expectOwnPage(request, matched, undefined);
      if (!strangers.take(request.socket.remoteAddress ?? ''))
        throw new RequestProblem('TooMany', 'too many sign-ins; wait a few seconds');
      queryOf(route, url.searchParams);
      const { token } = await readBody(request, route);
      if (token === undefined) throw badRequest('token is missing', 'token');
      return await options.signIn(request, token, signal);
    }
    const caller = await callerOf(request);
    expectOwnPage(request, matched, caller);
    checkParams(matched);
    const query = queryOf(route, url.searchParams);
    const access = accessOf(gatekeeper, caller, life.signal);
    if (typeof route.rights !== 'string') {
      for (const right of route.rights) {
        if (right.in === 'each') continue;
        const namespace = right.in === 'path' ? matched.params['namespace'] : undefined;
        if (right.in === 'path' && namespace === undefined) throw notAllowed();
        if (!(await access.may(asked(right, namespace)))) throw notAllowed();
      }
    }
    const body = route.method === 'GET' ? {} : await readBody(request, route);
    return await handlers[name]({ request, response, params: matched.params, query, body, caller, access, signal });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = clock.now();
    const linked = link(life.signal);
    response.once('close', () => linked.abort(new Error('the reader has left')));
    let routeName = 'none';
    try {
      const path = (request.url ?? '').split('?')[0] ?? '';
      if ((request.url ?? '').length > longestUrl || !path.startsWith('/'))
        throw badRequest(`the URL must begin with / and have at most ${longestUrl} characters`);
      const asset = request.method === 'GET' || request.method === 'HEAD' ? assetAt(assets, path) : undefined;
      if (asset) {
        routeName = 'page';
        return writeAsset(request, response, asset);
      }
      const matched = match(request.method ?? '', path);
      if (matched === undefined) throw notFound('this page: the address is not one of the dashboard');
      if ('allow' in matched) {
        response.setHeader('allow', matched.allow.join(', '));
        throw badRequest(`this address takes ${matched.allow.join(', ')} only`);
      }
      routeName = matched.name;
      await write(request, response, await answer(request, response, matched, linked.signal), clock);
    } catch (error) {
      await refuse(request, response, error, routeName);
    } finally {
      linked.unlink();
      metrics?.request(routeName, response.statusCode, clock.now() - began);
    }
  }

  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, route: string): Promise<void> {
    // Whoever has left is not told anything.
    if (response.destroyed || response.closed) return;
    const problem = problemOf(error);
    if (problem.code === 'Failed') log.error({ err: error, route }, 'a request to the dashboard failed');
    if (response.headersSent) return void response.destroy();
    await writeProblem(request, response, problem);
  }

  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: limits.headMs,
      requestTimeout: 30_000,
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: limits.headMs / 2,
    },
    (request, response) => {
      handle(request, response).catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'cannot write an answer of the dashboard');
        response.destroy();
      });
    },
  );
  server.maxConnections = 1024;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A browser opens connections before it needs them, and would take this for the answer to the request that it sends over one later.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      socket.destroy();
      return;
    }
    if (!socket.writable) return;
    const headers = Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 400 Bad Request\r\n${headers.join('')}connection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    async run(signal) {
      const stop = Promise.withResolvers<void>();
      const abort = () => stop.resolve();
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      await stop.promise;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      life.abort(new Error('the dashboard ends'));
      server.closeIdleConnections();
      // Streams say goodbye first; whoever does not read it is cut off.
      const cancel = clock.timer(1_000, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

/** What the outside is told of an error. The API server's own words are shown: they are about what this user asked for. */
function problemOf(error: unknown): RequestProblem {
  if (error instanceof RequestProblem) return error;
  if (error instanceof ApiError) {
    if (error.isForbidden) return notAllowed();
    if (error.isUnauthorized)
      return new RequestProblem(
        'NotAllowed',
        'the API server does not accept this token for actions; sign in with one of its own audience',
      );
    if (error.isNotFound) return notFound('what was asked for: it is gone');
    if (error.isConflict) return new RequestProblem('Conflict', `${error.message}; look again and repeat`);
    if (error.status < 500) return new RequestProblem('Refused', error.message);
    return new RequestProblem('Unavailable', 'the API server cannot do it now; try again');
  }
  if (error instanceof ConnectionError) return new RequestProblem('Unavailable', 'the API server does not answer; try again');
  return new RequestProblem('Failed', 'the dashboard could not do it; its log says why');
}
