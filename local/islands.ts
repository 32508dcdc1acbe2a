/** A hub and its islands: clusters side by side on this machine, one object store, and Atoll in each of them. */
import { join } from 'node:path';
import { createObjectStore } from '../src/store/client.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { type BinariesOptions, binaries } from './binaries.ts';
import { type Cluster, type ClusterOptions, clusterPrograms, startCluster } from './cluster.ts';
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

const hubName = 'hub';
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
  const { islands: names = ['west', 'east'], bucket = 'atoll', progress, signal } = options;
  await binaries([...clusterPrograms, 'versitygw', 'helm', 'nats-server'], options);
  await buildImages([...new Set([...hubImages, ...islandImages, 'pause' as const])], options);
  await using started = new AsyncDisposableStack();
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-islands-');
  const dir = folder.path;
  started.defer(() => folder.remove());
  const clusters = started.use(new Clusters());
  await clusters.boot(names, { ...options, dir });
  const hub = clusters.get(hubName);
  const islands = new Map(names.map((name) => [name, clusters.get(name)]));
  const hosts = ['127.0.0.1', hub.hostAddress];
  const storage = started.use(await startObjectStorage({ ...options, dir: join(dir, 'storage'), buckets: [bucket], hosts }));
  const installation = started.use(
    new Installation({
      hub,
      islands: [...islands.values()],
      store: { storage, bucket },
      namespaces: options.namespaces ?? ['research'],
      values: options.values,
      dir: join(dir, 'values'),
    }),
  );
  await installation.run(progress, signal);
  const all = started.move();
  return new Islands({ hub, islands, storage, bucket, installation, stop: () => all.disposeAsync() });
}

/** Those that are up, also when others did not come up. */
class Clusters implements AsyncDisposable {
  readonly #up = new Map<string, Cluster>();

  get(name: string): Cluster {
    const found = this.#up.get(name);
    if (found) return found;
    throw new Error(`cannot find the cluster ${name}: there are ${[...this.#up.keys()].join(', ')}`);
  }

  async boot(names: readonly string[], options: IslandsOptions & { dir: string }): Promise<void> {
    const { gpus = 2, nodes = 1, progress = silent, signal } = options;
    const step = progress.start(`Booting ${names.length + 1} clusters: ${[hubName, ...names].join(', ')}`);
    const boot = async (name: string, size: Pick<ClusterOptions, 'nodes' | 'gpus' | 'images'>) => {
      const own = { ...size, name, dir: join(options.dir, name), audit: true, ...(signal ? { signal } : {}) };
      this.#up.set(name, await startCluster(own));
      step.detail(`${[...this.#up.keys()].join(', ')} up`);
    };
    try {
      const hub = boot(hubName, { gpus: 0, images: hubImages });
      await allOf([hub, ...names.map((name) => boot(name, { nodes, gpus, images: islandImages }))]);
      step.done();
    } catch (error) {
      step.failed();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#up.values()].map((cluster) => cluster.stop()));
  }
}
