/** A hub and its islands: clusters side by side on this machine, one object store, and Atoll in each of them. */
import { join } from 'node:path';
import { createObjectStore } from '../src/store/client.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { type BinariesOptions, binaries } from './binaries.ts';
import { type Cluster, clusterPrograms, startCluster } from './cluster.ts';
import { temporaryFolder } from './guard.ts';
import { buildImages, type ImageName } from './images.ts';
import { allOf, Installation } from './installation.ts';
import { type ObjectStorage, startObjectStorage } from './object-storage.ts';
import { silent } from './progress.ts';

export interface IslandsOptions extends BinariesOptions {
  /** Names of the islands; default west and east. */
  islands?: readonly string[];
  /** GPUs of each node of an island; default 2. */
  gpus?: number;
  /** Nodes of each island; default 1. */
  nodes?: number;
  /** Namespaces that train, made in every cluster with the Secret of the store; default research. */
  namespaces?: readonly string[];
  /** Name of the bucket; default atoll. */
  bucket?: string;
  /** Further values of the chart, in every release. */
  values?: object;
  /** Where logs, credentials and objects go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
}

const hubImages: readonly ImageName[] = ['base', 'atoll', 'nats'];
const islandImages: readonly ImageName[] = ['base', 'atoll', 'atoll-ddm'];

interface Parts {
  hub: Cluster;
  islands: ReadonlyMap<string, Cluster>;
  storage: ObjectStorage;
  bucket: string;
  installation: Installation;
  stop: () => Promise<void>;
}

/** Everything ends with `stop()`, or with this process however that ends. The hub is called `hub` wherever a cluster is named. */
export class Islands implements AsyncDisposable {
  readonly hub: Cluster;
  readonly islands: ReadonlyMap<string, Cluster>;
  readonly storage: ObjectStorage;
  readonly bucket: string;
  /** The bucket, with all rights. */
  readonly store: ObjectStore;
  readonly #installation: Installation;
  readonly #stop: () => Promise<void>;

  constructor({ hub, islands, storage, bucket, installation, stop }: Parts) {
    this.hub = hub;
    this.islands = islands;
    this.storage = storage;
    this.bucket = bucket;
    const { endpoint, region, credentials } = storage;
    this.store = createObjectStore({ name: 'default', endpoint, region, bucket, pathStyle: true }, credentials);
    this.#installation = installation;
    this.#stop = stop;
  }

  cluster(name: string): Cluster {
    const found = name === this.hub.name ? this.hub : this.islands.get(name);
    if (found) return found;
    throw new Error(`cannot find the cluster ${name}: there are ${[this.hub.name, ...this.islands.keys()].join(', ')}`);
  }

  /** Runs the command line `atoll` as administrator of the hub and gives what it printed. */
  atoll(args: readonly string[]): Promise<string> {
    return this.#installation.atoll(args);
  }

  /** Runs Helm as administrator of a cluster and gives what it printed. */
  async helm(name: string, args: readonly string[]): Promise<string> {
    const releases = await this.#installation.releases(this.cluster(name));
    return (await releases.run(args, { timeoutMs: 330_000 })).stdout;
  }

  /** Upgrades the release in a cluster to the chart of this checkout, with the values it was installed with and these flags. */
  async upgrade(name: string, flags: readonly string[] = []): Promise<void> {
    await this.#installation.upgrade(this.cluster(name), flags);
  }

  /** The values that a release was installed with; the first file of an island is what `atoll island add` wrote, credentials included. */
  valuesFiles(name: string): string[] {
    return this.#installation.valuesFiles(this.cluster(name));
  }

  async stop(): Promise<void> {
    await this.#stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Boots all clusters at once, installs Atoll in the hub and then in the islands, and waits until every island is Ready. */
export async function startIslands(options: IslandsOptions = {}): Promise<Islands> {
  const { islands: names = ['west', 'east'], bucket = 'atoll', progress = silent, signal } = options;
  await binaries([...clusterPrograms, 'versitygw', 'helm', 'nats-server'], options);
  await buildImages([...new Set([...hubImages, ...islandImages, 'pause' as const])], options);
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-islands-');
  const dir = folder.path;
  const clusters: Cluster[] = [];
  let storage: ObjectStorage | undefined;
  let installation: Installation | undefined;
  const stop = async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    await Promise.all([storage?.stop(), installation?.[Symbol.asyncDispose]()]);
    await folder.remove();
  };
  try {
    const step = progress.start(`Booting ${names.length + 1} clusters: hub, ${names.join(', ')}`);
    const boot = async (name: string, images: readonly ImageName[], size: { nodes?: number; gpus: number }) => {
      const own = { ...size, name, images, dir: join(dir, name), audit: true, ...(signal ? { signal } : {}) };
      clusters.push(await startCluster(own));
      step.detail(`${clusters.map((cluster) => cluster.name).join(', ')} up`);
    };
    const size = { gpus: options.gpus ?? 2, nodes: options.nodes ?? 1 };
    try {
      await allOf([boot('hub', hubImages, { gpus: 0 }), ...names.map((name) => boot(name, islandImages, size))]);
      step.done();
    } catch (error) {
      step.failed();
      throw error;
    }
    const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    const hub = byName.get('hub');
    const islands = names.flatMap((name) => byName.get(name) ?? []);
    if (!hub) throw new Error('cannot name an island hub: the hub is called so');
    storage = await startObjectStorage({
      ...options,
      dir: join(dir, 'storage'),
      buckets: [bucket],
      hosts: ['127.0.0.1', hub.hostAddress],
    });
    installation = new Installation({
      hub,
      islands,
      store: { storage, bucket },
      namespaces: options.namespaces ?? ['research'],
      values: options.values,
      dir: join(dir, 'values'),
    });
    await installation.run(progress, signal);
    const map = new Map(islands.map((island) => [island.name, island]));
    return new Islands({ hub, islands: map, storage, bucket, installation, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}
