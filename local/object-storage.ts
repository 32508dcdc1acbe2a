/** A real S3-compatible object store beside the clusters: versitygw on a folder. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BinariesOptions, binaries } from './binaries.ts';
import { Component, untilReady } from './component.ts';
import { temporaryFolder } from './guard.ts';
import { accepts, freePort } from './ports.ts';

export interface ObjectStorageOptions extends BinariesOptions {
  /** Where objects and the log go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
  /** Buckets that exist from the start; default one named `atoll`. */
  buckets?: readonly string[];
  /** Addresses it listens on; the first is in `endpoint`. Pods reach it on a cluster's `hostAddress`. Default 127.0.0.1. */
  hosts?: readonly string[];
  port?: number;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

/** One running store. It ends with `stop()`, or with this process however that ends. */
export class ObjectStorage implements AsyncDisposable {
  /** `http://<first host>:<port>`; path-style addressing. */
  readonly endpoint: string;
  readonly port: number;
  readonly region = 'us-east-1';
  readonly credentials: { accessKeyId: string; secretAccessKey: string };
  /** Holds one folder per bucket and one file per object, so that a test can damage one. */
  readonly objects: string;
  readonly #component: Component;
  readonly #host: string;
  readonly #remove: () => Promise<void>;

  constructor(parts: {
    host: string;
    port: number;
    credentials: { accessKeyId: string; secretAccessKey: string };
    objects: string;
    component: Component;
    remove: () => Promise<void>;
  }) {
    this.endpoint = `http://${parts.host}:${parts.port}`;
    this.#host = parts.host;
    this.port = parts.port;
    this.credentials = parts.credentials;
    this.objects = parts.objects;
    this.#component = parts.component;
    this.#remove = parts.remove;
  }

  /** Makes an empty bucket; nothing happens when it exists. */
  async createBucket(name: string): Promise<void> {
    await mkdir(join(this.objects, name), { recursive: true });
  }

  /** Starts it (again, after `kill`) and waits until it takes connections. */
  async start(signal?: AbortSignal): Promise<void> {
    this.#component.start();
    await untilReady(this.#component, () => accepts(this.#host, this.port), 20_000, signal);
  }

  /** Ends it at once; `start` brings it back with the same objects, address and credentials. */
  async kill(): Promise<void> {
    await this.#component.kill();
  }

  /** Lets it hang (SIGSTOP): connections stay open and nothing answers. */
  freeze(): void {
    this.#component.signal('SIGSTOP');
  }

  thaw(): void {
    this.#component.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#component.kill();
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts an empty store, or the one whose objects `dir` holds; ready in well under a second. */
export async function startObjectStorage(options: ObjectStorageOptions = {}): Promise<ObjectStorage> {
  const { versitygw } = await binaries(['versitygw'], options);
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-store-');
  const objects = join(folder.path, 'objects');
  const hosts = options.hosts ?? ['127.0.0.1'];
  const port = options.port ?? (await freePort());
  const credentials = options.credentials ?? { accessKeyId: 'atoll', secretAccessKey: randomBytes(20).toString('hex') };
  await mkdir(objects, { recursive: true });
  const listen = hosts.flatMap((host) => ['--port', `${host}:${port}`]);
  const component = new Component({
    name: 'versitygw',
    program: versitygw,
    args: [...listen, '--region', 'us-east-1', '--quiet', '--keep-alive', 'posix', objects],
    cwd: folder.path,
    log: join(folder.path, 'versitygw.log'),
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
  });
  const storage = new ObjectStorage({
    host: hosts[0] ?? '127.0.0.1',
    port,
    credentials,
    objects,
    component,
    remove: () => folder.remove(),
  });
  try {
    for (const bucket of options.buckets ?? ['atoll']) await storage.createBucket(bucket);
    await storage.start(options.signal);
  } catch (error) {
    await storage.stop();
    throw error;
  }
  return storage;
}
