/** A real NATS server on one address: core NATS without any storage, so that every start is an empty one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BinariesOptions, binaries } from './binaries.ts';
import { Component, untilReady } from './component.ts';
import { temporaryFolder } from './guard.ts';
import { accepts, freePort } from './ports.ts';

export interface NatsServerOptions extends BinariesOptions {
  /** Where configuration and log go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
  /** Address it listens on; default 127.0.0.1. */
  host?: string;
  port?: number;
  /** Further configuration in the server's own format, such as accounts or TLS. */
  config?: string;
}

/** One running server. It ends with `stop()`, or with this process however that ends. */
export class NatsServer implements AsyncDisposable {
  /** `nats://<host>:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly logPath: string;
  readonly #host: string;
  readonly #configPath: string;
  readonly #component: Component;
  readonly #remove: () => Promise<void>;

  constructor(parts: { host: string; port: number; configPath: string; component: Component; remove: () => Promise<void> }) {
    this.url = `nats://${parts.host}:${parts.port}`;
    this.port = parts.port;
    this.logPath = parts.component.spec.log;
    this.#host = parts.host;
    this.#configPath = parts.configPath;
    this.#component = parts.component;
    this.#remove = parts.remove;
  }

  /** Starts it (again, after `kill`) and waits until it takes connections; it remembers nothing of the run before. */
  async start(signal?: AbortSignal): Promise<void> {
    this.#component.start();
    await untilReady(this.#component, () => accepts(this.#host, this.port), 20_000, signal);
  }

  /** Ends it at once; `start` brings it back on the same address. */
  async kill(): Promise<void> {
    await this.#component.kill();
  }

  /** Replaces the further configuration and has the running server read it. */
  async configure(config: string): Promise<void> {
    await writeFile(this.#configPath, config);
    this.#component.signal('SIGHUP');
  }

  async stop(): Promise<void> {
    await this.#component.kill();
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a server; ready in well under a second. */
export async function startNats(options: NatsServerOptions = {}): Promise<NatsServer> {
  const { 'nats-server': program } = await binaries(['nats-server'], options);
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-nats-');
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort());
  const configPath = join(folder.path, 'nats.conf');
  await writeFile(configPath, options.config ?? '');
  const component = new Component({
    name: 'nats-server',
    program,
    args: ['--addr', host, '--port', String(port), '--config', configPath],
    cwd: folder.path,
    log: join(folder.path, 'nats-server.log'),
  });
  const server = new NatsServer({ host, port, configPath, component, remove: () => folder.remove() });
  try {
    await server.start(options.signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
