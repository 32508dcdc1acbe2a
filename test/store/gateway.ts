/** A real versitygw on a folder, for tests: its bucket is a folder, so objects can be looked at and damaged behind its back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createObjectStore, type ObjectStoreOptions } from '../../src/store/client.ts';
import type { ObjectStore, StoreConfig } from '../../src/store/object-store.ts';

const CREDENTIALS = { accessKeyId: 'atoll-test', secretAccessKey: 'atoll-test-secret' };
const BUCKET = 'atoll';

export interface Gateway {
  port: number;
  endpoint: string;
  credentials: typeof CREDENTIALS;
  config: StoreConfig;
  /** The folder that holds the bucket's objects as files. */
  folder: string;
  store(options?: ObjectStoreOptions & { endpoint?: string }): ObjectStore;
  /** Takes the store away, and brings it back on the same port with the same objects. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The reason why no gateway can be started here, or undefined. */
export function gatewayMissing(): string | undefined {
  return binary() === undefined ? 'no versitygw: name the folder that holds it in ATOLL_ASSETS' : undefined;
}

function binary(): string | undefined {
  const folders = [process.env.ATOLL_ASSETS ?? '', ...(process.env.PATH ?? '').split(delimiter)];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'versitygw'))
    .find((path) => existsSync(path));
}

export async function startGateway(): Promise<Gateway> {
  const root = await mkdtemp(join(tmpdir(), 'atoll-gateway-'));
  await mkdir(join(root, 'data', BUCKET), { recursive: true });
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const config: StoreConfig = { name: 'default', endpoint, region: 'us-east-1', bucket: BUCKET, pathStyle: true };
  let child: ChildProcess | undefined;

  const gateway: Gateway = {
    port,
    endpoint,
    credentials: CREDENTIALS,
    config,
    folder: join(root, 'data', BUCKET),
    store: ({ endpoint: other, ...options } = {}) =>
      createObjectStore({ ...config, ...(other === undefined ? {} : { endpoint: other }) }, CREDENTIALS, options),
    async start() {
      const path = binary();
      if (path === undefined) throw new Error(gatewayMissing());
      const keys = ['--access', CREDENTIALS.accessKeyId, '--secret', CREDENTIALS.secretAccessKey];
      const flags = ['--quiet', '--keep-alive', '--region', config.region, '--port', `127.0.0.1:${port}`];
      child = spawn(path, [...keys, ...flags, 'posix', join(root, 'data')], { stdio: 'ignore' });
      await listening(port);
    },
    async kill() {
      const ending = child;
      child = undefined;
      if (ending === undefined || ending.exitCode !== null) return;
      const ended = new Promise((resolve) => ending.once('exit', resolve));
      ending.kill('SIGKILL');
      await ended;
    },
    async stop() {
      await gateway.kill();
      await rm(root, { recursive: true, force: true });
    },
  };
  await gateway.start();
  return gateway;
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('cannot find a free port');
  return address.port;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.end());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`cannot reach versitygw on port ${port}`);
}
