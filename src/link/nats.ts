/** The message bus of a real installation: one NATS connection that is made again for ever, with credentials that are read anew each time. */
import { readFileSync } from 'node:fs';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  Events,
  type Msg,
  type NatsConnection,
  NatsError,
} from 'nats';
import type { Clock } from '../clock.ts';
import { messageOf } from '../kube/errors.ts';
import type { Log } from '../kube/types.ts';
import type { LinkMetrics } from './metrics.ts';
import { type IncomingMessage, LinkError, type LinkFailure, type LinkTransport } from './transport.ts';

export interface NatsOptions {
  servers: readonly string[];
  /** Credentials file; absent for servers that ask for none, which only tests have. */
  credentialsFile?: string | undefined;
  /** PEM file of the authority of the servers' certificates; absent for one that the system trusts. */
  caFile?: string | undefined;
  /** Start of the subjects that replies come to; the credentials of an island allow its own only. */
  inboxPrefix?: string;
  /** How the server's logs call this connection. */
  name: string;
  clock: Clock;
  log: Log;
  metrics?: LinkMetrics | undefined;
}

/** A wire that is cut is noticed after three of these. */
const pingMs = 3_000;
const connectMs = 3_000;
const againMs = 1_000;

interface Subscriber {
  subject: string;
  onMessage: (message: IncomingMessage) => void;
  /** Ends the present subscription at the server. */
  end: () => void;
  refuse: (error: Error) => void;
}

export function createNatsTransport(options: NatsOptions): LinkTransport {
  const { clock, log, metrics } = options;
  const listeners: (() => void)[] = [];
  const subscribers = new Set<Subscriber>();
  /** Ends the requests that are under way: over a lost connection no answer comes. */
  const waiting = new Set<(error: Error) => void>();
  let connection: NatsConnection | undefined;
  let connected = false;

  function setConnected(value: boolean): void {
    if (connected !== value) log.info({ servers: options.servers }, value ? 'connected to NATS' : 'disconnected from NATS');
    connected = value;
    metrics?.connected.set(value ? 1 : 0);
    if (value) metrics?.connections.inc();
    if (value) for (const listener of listeners) listener();
    else
      for (const fail of waiting)
        fail(new LinkError('Disconnected', 'cannot wait for an answer: NATS is not connected any more'));
  }

  function subscribeNow(to: NatsConnection, subscriber: Subscriber): void {
    const { subject, onMessage } = subscriber;
    const subscription = to.subscribe(subject, {
      callback: (error, message) => {
        // The only error that reaches a subscription without a limit is that the server refuses it.
        if (error) subscriber.refuse(linkError(subject, error));
        else onMessage(incoming(message));
      },
    });
    subscriber.end = () => subscription.unsubscribe();
  }

  /** Follows one connection until it is closed; reconnecting inside is the library's, and endless. */
  async function follow(current: NatsConnection, signal: AbortSignal): Promise<void> {
    const close = () => void current.close().catch(() => undefined);
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      connection = current;
      for (const subscriber of subscribers) subscribeNow(current, subscriber);
      setConnected(true);
      // The statuses of a connection do not end with it: only `closed` tells.
      const closed = current.closed();
      const gone = closed.then(() => undefined);
      const statuses = current.status()[Symbol.asyncIterator]();
      for (let next = await Promise.race([statuses.next(), gone]); next?.done === false; ) {
        const { type, data } = next.value;
        if (type === Events.Disconnect) setConnected(false);
        else if (type === Events.Reconnect) setConnected(true);
        else if (type === Events.Error) log.warn({ error: data }, 'NATS reports an error');
        next = await Promise.race([statuses.next(), gone]);
      }
      const ended = await closed;
      if (!signal.aborted)
        log.error({ error: ended ? messageOf(ended) : 'no reason' }, 'the NATS connection was closed; a new one is made');
    } finally {
      signal.removeEventListener('abort', close);
      connection = undefined;
      setConnected(false);
    }
  }

  return {
    async run(signal) {
      setConnected(false);
      let told: string | undefined;
      while (!signal.aborted) {
        try {
          const current = await connect(connectionOptions(options));
          told = undefined;
          await follow(current, signal);
        } catch (error) {
          const message = messageOf(error);
          if (message !== told) log.warn({ servers: options.servers, error: message }, 'cannot connect to NATS; trying again');
          told = message;
        }
        await clock.sleep(againMs, signal).catch(() => undefined);
      }
    },
    get connected() {
      return connected;
    },
    onConnect: (listener) => void listeners.push(listener),

    async request(subject, data, { timeoutMs, signal }) {
      signal.throwIfAborted();
      // A connection that is down would keep the request and send it when nobody waits for it any more.
      if (!connection || !connected) throw new LinkError('Disconnected', `cannot send to ${subject}: NATS is not connected`);
      const ended = Promise.withResolvers<never>();
      const abort = () => ended.reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      waiting.add(ended.reject);
      try {
        const answer = connection.request(subject, data, { timeout: timeoutMs });
        answer.catch(() => undefined);
        return (await Promise.race([answer, ended.promise])).data;
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof LinkError ? error : linkError(subject, error);
      } finally {
        waiting.delete(ended.reject);
        signal.removeEventListener('abort', abort);
      }
    },

    publish(subject, data) {
      if (!connection || !connected) return;
      try {
        connection.publish(subject, data);
      } catch (error) {
        log.warn({ subject, error: messageOf(error) }, 'cannot publish a message; it is lost');
      }
    },

    async subscribe(subject, onMessage, signal) {
      const ended = Promise.withResolvers<void>();
      const subscriber: Subscriber = { subject, onMessage, end: () => {}, refuse: ended.reject };
      const stop = () => ended.resolve();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      subscribers.add(subscriber);
      if (connection) subscribeNow(connection, subscriber);
      try {
        await ended.promise;
      } finally {
        signal.removeEventListener('abort', stop);
        subscribers.delete(subscriber);
        subscriber.end();
      }
    },
  };
}

function connectionOptions(options: NatsOptions): ConnectionOptions {
  const { credentialsFile, caFile } = options;
  const secure = caFile !== undefined || options.servers.some((server) => server.startsWith('tls:'));
  return {
    servers: [...options.servers],
    name: options.name,
    timeout: connectMs,
    pingInterval: pingMs,
    maxPingOut: 2,
    // Without it the library gives up after ten tries and every loop over it ends as if all were well.
    maxReconnectAttempts: -1,
    reconnectTimeWait: againMs,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(() => new Uint8Array(readFileSync(credentialsFile))) }),
    ...(secure ? { tls: caFile === undefined ? {} : { caFile } } : {}),
  };
}

function incoming(message: Msg): IncomingMessage {
  const { subject, data, reply } = message;
  return reply ? { subject, data, inbox: reply, respond: (answer) => void message.respond(answer) } : { subject, data };
}

/** The library's codes, which it types as text. */
const failures = new Map<string, [LinkFailure, string]>([
  [ErrorCode.NoResponders, ['NobodyAnswers', 'nobody answers there']],
  [ErrorCode.Timeout, ['Timeout', 'no answer came in time']],
  [ErrorCode.MaxPayloadExceeded, ['TooLarge', 'the message is larger than the server allows']],
  [ErrorCode.PermissionsViolation, ['Refused', 'the credentials do not allow it']],
]);

function linkError(subject: string, cause: unknown): LinkError {
  const known = cause instanceof NatsError ? failures.get(cause.code) : undefined;
  const [failure, why] = known ?? ['Disconnected', messageOf(cause)];
  return new LinkError(failure, `cannot send to ${subject}: ${why}`, { cause });
}
