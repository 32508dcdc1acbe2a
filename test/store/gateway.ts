/** A real versitygw for tests, with a client for its bucket; the bucket is a folder, so objects can be damaged behind its back. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { binaries } from '../../local/binaries.ts';
import { startObjectStorage } from '../../local/object-storage.ts';
import type { StoreConfig } from '../../src/api/stores.ts';
import { createObjectStore, type ObjectStoreOptions } from '../../src/store/client.ts';
import type { Credentials } from '../../src/store/object-store.ts';
import type { ProbedStore } from '../../src/store/probe.ts';

export interface Gateway {
  port: number;
  endpoint: string;
  credentials: Credentials;
  config: StoreConfig;
  /** The folder that holds the bucket's objects as files. */
  folder: string;
  store(options?: ObjectStoreOptions & { endpoint?: string }): ProbedStore;
  /** Takes the store away, and `start` brings it back on the same port with the same objects. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The reason why no versitygw can be started here, for `skip`; false when one can. */
export const gatewayMissing: string | false = await binaries(['versitygw']).then(
  () => false as const,
  (error: Error) => error.message,
);

export async function startGateway(): Promise<Gateway> {
  const storage = await startObjectStorage();
  const { endpoint, port, credentials } = storage;
  const config: StoreConfig = { name: 'default', endpoint, region: storage.region, bucket: 'atoll', pathStyle: true };
  return {
    port,
    endpoint,
    credentials,
    config,
    folder: join(storage.objects, config.bucket),
    store: ({ endpoint: other, ...options } = {}) =>
      createObjectStore({ ...config, endpoint: other ?? endpoint }, credentials, options),
    start: () => storage.start(),
    kill: () => storage.kill(),
    stop: () => storage.stop(),
  };
}

/** Damages one bit of a file, in the middle when `at` is absent. */
export async function flipBit(path: string, at?: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const offset = at ?? size >> 1;
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
}
