/** The undici dispatchers: one pool for calls and one for watches, made again only when certificates change. */
import type { ConnectionOptions } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { messageOf } from './errors.ts';
import type { Log } from './types.ts';

export type PoolName = 'calls' | 'watches';
export type Tls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'>;

export interface Pools {
  get(name: PoolName, tls: Tls): Dispatcher;
  close(): Promise<void>;
}

/**
 * HTTP/1.1 on purpose: with one connection per watch a stalled or slow one delays nobody else, and dropping it is plain.
 * Calls share a few connections. undici's own time limits are off; the transport's clock sets them.
 */
export function createPools(options: { connections: number; proxy: string | undefined; log: Log }): Pools {
  let current: { id: string; calls: Dispatcher; watches: Dispatcher } | undefined;

  const make = (tls: Tls, connections: number | null): Dispatcher => {
    const shared = {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
    if (options.proxy !== undefined) return new ProxyAgent({ ...shared, uri: options.proxy, requestTls: connect });
    return new Agent({ ...shared, connect });
  };

  const retire = async (end: () => Promise<void>) => {
    try {
      await end();
    } catch (error) {
      options.log.warn({ error: messageOf(error) }, 'cannot close a connection pool');
    }
  };

  return {
    get(name, tls) {
      const id = JSON.stringify(tls);
      if (current?.id !== id) {
        const old = current;
        current = { id, calls: make(tls, options.connections), watches: make(tls, null) };
        // New certificates: calls under way end in peace, watches end with an error and come back over the new pool.
        if (old) void Promise.all([retire(() => old.calls.close()), retire(() => old.watches.destroy())]);
      }
      return current[name];
    },
    async close() {
      const old = current;
      current = undefined;
      if (old) await Promise.all([retire(() => old.calls.destroy()), retire(() => old.watches.destroy())]);
    },
  };
}
