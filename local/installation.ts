/** Atoll in a hub and its islands, by `helm install` of the chart of this checkout, joined by `atoll island add`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { bundlePath } from './build.ts';
import { hubValues, islandValues, namespaces, type Store } from './chart-values.ts';
import type { Cluster } from './cluster.ts';
import { command } from './command.ts';
import { systemNamespace } from './install.ts';
import { type Progress, silent } from './progress.ts';
import { type Releases, releasesIn } from './releases.ts';

export interface InstallationOptions {
  hub: Cluster;
  islands: readonly Cluster[];
  store: Store;
  /** Namespaces that train, made in every cluster with the Secret of the store. */
  namespaces: readonly string[];
  /** Further values, in every release. */
  values?: object | undefined;
  /** Where values files go. */
  dir: string;
}

const release = 'atoll';

export class Installation implements AsyncDisposable {
  readonly #options: InstallationOptions;
  readonly #releases = new Map<Cluster, Releases>();

  constructor(options: InstallationOptions) {
    this.#options = options;
  }

  /** Installs in the hub, then in all islands at once, and waits until every island is Ready. */
  async run(progress: Progress = silent, signal?: AbortSignal): Promise<void> {
    const { hub, islands, store } = this.#options;
    const step = progress.start('Installing Atoll by helm');
    try {
      await mkdir(this.#options.dir, { recursive: true });
      step.detail('in the hub');
      await this.#install(hub, hubValues(hub, store), signal);
      const addAndInstall = async (island: Cluster) => {
        await this.#add(island.name, signal);
        await this.#install(island, islandValues(island, store), signal);
      };
      step.detail('in the islands');
      await allOf(islands.map(addAndInstall));
      step.detail('waiting until the islands have joined');
      const names = islands.map(({ name }) => `computeisland/${name}`);
      const wait = ['wait', '--for=jsonpath={.status.state}=Ready', '--timeout=120s', ...names];
      await hub.kubectl(wait, { timeoutMs: 130_000, ...(signal ? { signal } : {}) });
      step.done();
    } catch (error) {
      step.failed();
      throw error;
    }
  }

  /** Runs the command line `atoll` as administrator of the hub and gives what it printed. */
  async atoll(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const env = { KUBECONFIG: this.#options.hub.kubeconfigPath };
    return (await command(process.execPath, [bundlePath, ...args], { env, timeoutMs: 120_000, ...(signal ? { signal } : {}) }))
      .stdout;
  }

  async releases(cluster: Cluster): Promise<Releases> {
    const held = this.#releases.get(cluster) ?? (await releasesIn(cluster));
    this.#releases.set(cluster, held);
    return held;
  }

  /** Upgrades to the chart of this checkout as it is now, with the values it was installed with and these flags. */
  async upgrade(cluster: Cluster, flags: readonly string[] = []): Promise<void> {
    const releases = await this.releases(cluster);
    await releases.upgrade(release, { namespace: systemNamespace, valuesFiles: this.valuesFiles(cluster), flags });
  }

  /** What the release in a cluster was installed with; the first file of an island is what `atoll island add` wrote. */
  valuesFiles({ name }: Cluster): string[] {
    const own = join(this.#options.dir, `${name}.yaml`);
    return name === this.#options.hub.name ? [own] : [this.#linkFile(name), own];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#releases.values()].map((releases) => releases[Symbol.asyncDispose]()));
  }

  #linkFile(island: string): string {
    return join(this.#options.dir, `${island}.link.yaml`);
  }

  async #add(island: string, signal?: AbortSignal): Promise<void> {
    const file = this.#linkFile(island);
    await this.atoll(['island', 'add', island, '--namespace', systemNamespace, '--out', file], signal);
  }

  async #install(cluster: Cluster, values: object, signal?: AbortSignal): Promise<void> {
    const objects = namespaces(this.#options.namespaces, this.#options.store).map((object) => stringify(object));
    await cluster.kubectl(['apply', '-f', '-'], { input: objects.join('---\n') });
    const valuesFiles = this.valuesFiles(cluster);
    await writeFile(valuesFiles.at(-1) ?? '', stringify({ ...values, ...this.#options.values }));
    const releases = await this.releases(cluster);
    const options = { namespace: systemNamespace, valuesFiles, ...(signal ? { signal } : {}) };
    await releases.install(release, options).catch(async (error: unknown) => {
      throw new Error(`cannot install Atoll in ${cluster.name}${await lastWords(cluster)}`, { cause: error });
    });
  }
}

/** What its pods say, when they say anything. */
async function lastWords(cluster: Cluster): Promise<string> {
  const pods = ['logs', '--selector=app.kubernetes.io/part-of=atoll', '--tail=3', '--prefix', '--ignore-errors'];
  const args = ['--namespace', systemNamespace, ...pods];
  const said = await cluster.kubectl(args, { timeoutMs: 10_000 }).catch(() => ({ stdout: '' }));
  return said.stdout === '' ? '' : `; its pods said last:\n${said.stdout.trimEnd()}`;
}

/** Waits for all, even when one fails, so that nothing goes on behind the back of whoever clears up; throws the first failure. */
export async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
