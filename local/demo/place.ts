/** Where the demo runs: a hub with two islands, or one cluster that is both. */
import { join } from 'node:path';
import { createObjectStore } from '../../src/store/client.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type Cluster, startCluster } from '../cluster.ts';
import { installAtoll } from '../install.ts';
import { startIslands } from '../islands.ts';
import { type ObjectStorage, startObjectStorage } from '../object-storage.ts';
import type { Progress } from '../progress.ts';

export interface Place extends AsyncDisposable {
  /** Holds the user's resources. */
  hub: Cluster;
  /** Where experts run, by name. */
  islands: ReadonlyMap<string, Cluster>;
  storage: ObjectStorage;
  store: ObjectStore;
}

export interface PlaceOptions {
  namespace: string;
  bucket: string;
  /** Where logs, credentials and objects go. */
  folder: string;
  progress: Progress;
  signal: AbortSignal;
}

/** Three clusters, joined by NATS, with Atoll in each by `helm install`; each island has two GPUs. */
export async function hubAndIslands({ namespace, bucket, folder, progress, signal }: PlaceOptions): Promise<Place> {
  return startIslands({ gpus: 2, namespaces: [namespace], bucket, dir: folder, progress, signal });
}

/** One cluster with four GPUs, and Atoll in the standalone role by `kubectl apply`. */
export async function oneCluster({ namespace, bucket, folder, progress, signal }: PlaceOptions): Promise<Place> {
  await using started = new AsyncDisposableStack();
  const images = ['atoll', 'atoll-ddm'] as const;
  const dir = join(folder, 'cluster');
  const cluster = started.use(await startCluster({ name: 'demo', gpus: 4, dir, images, progress, signal }));
  const hosts = ['127.0.0.1', cluster.hostAddress];
  const storage = started.use(
    await startObjectStorage({ dir: join(folder, 'storage'), buckets: [bucket], hosts, progress, signal }),
  );
  const step = progress.start('Installing Atoll');
  try {
    await installAtoll({ cluster, storage, bucket, namespaces: [namespace] });
    step.done();
  } catch (error) {
    step.failed();
    throw error;
  }
  const { endpoint, region, credentials } = storage;
  const store = createObjectStore({ name: 'default', endpoint, region, bucket, pathStyle: true }, credentials);
  const all = started.move();
  const islands = new Map([['local', cluster]]);
  return { hub: cluster, islands, storage, store, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
