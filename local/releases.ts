/** Releases of the chart in a local cluster, by Helm as a user runs it, with homes of its own so that nobody's settings or caches matter. */
import { join } from 'node:path';
import type { CommandOptions, CommandOutput } from './command.ts';
import { type Guarded, temporaryFolder } from './guard.ts';
import { chartDir, helm } from './helm.ts';

export interface ReleaseOptions {
  namespace: string;
  /** Folder or archive; default the chart of this checkout. */
  chart?: string;
  /** Values files in order, a later one over an earlier one. */
  valuesFiles?: readonly string[];
  /** Over all files. */
  values?: object;
  /** How long `--wait` may take; default 3 minutes. */
  waitSeconds?: number;
  /** Appended as they are: `--set logLevel=debug`. */
  flags?: readonly string[];
  signal?: AbortSignal;
}

/** Every method throws CommandError with what Helm said when Helm fails. */
export class Releases implements AsyncDisposable {
  readonly #homes: Guarded;
  readonly #kubeconfig: string;

  constructor(homes: Guarded, kubeconfig: string) {
    this.#homes = homes;
    this.#kubeconfig = kubeconfig;
  }

  /** Runs any Helm command. */
  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
    const home = (name: string) => join(this.#homes.path, name);
    const homes = { HELM_CACHE_HOME: home('cache'), HELM_CONFIG_HOME: home('config'), HELM_DATA_HOME: home('data') };
    return helm(args, { ...options, env: { ...homes, KUBECONFIG: this.#kubeconfig, ...options.env } });
  }

  /** Installs a release, making its namespace when it is missing, and waits until it is ready. */
  install(release: string, options: ReleaseOptions): Promise<CommandOutput> {
    return this.#apply(['install', release], ['--create-namespace'], options);
  }

  upgrade(release: string, options: ReleaseOptions): Promise<CommandOutput> {
    return this.#apply(['upgrade', release], [], options);
  }

  uninstall(release: string, options: Omit<ReleaseOptions, 'chart'>): Promise<CommandOutput> {
    return this.#on('uninstall', release, ['--wait'], options);
  }

  /** Runs the tests of an installed release; their logs are in the output. */
  test(release: string, options: Omit<ReleaseOptions, 'chart'>): Promise<CommandOutput> {
    return this.#on('test', release, ['--logs'], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#homes.remove();
  }

  #apply(verb: readonly string[], more: readonly string[], options: ReleaseOptions): Promise<CommandOutput> {
    const { chart = chartDir, namespace, valuesFiles = [], values, flags = [], signal } = options;
    const { waitSeconds = 180 } = options;
    const files = [...valuesFiles, ...(values === undefined ? [] : ['-'])].flatMap((file) => ['--values', file]);
    const wait = ['--wait', `--timeout=${waitSeconds}s`];
    return this.run([...verb, chart, '--namespace', namespace, ...files, ...wait, ...more, ...flags], {
      ...(values === undefined ? {} : { input: JSON.stringify(values) }),
      timeoutMs: waitSeconds * 1000 + 60_000,
      ...(signal ? { signal } : {}),
    });
  }

  #on(verb: string, release: string, more: readonly string[], options: Omit<ReleaseOptions, 'chart'>): Promise<CommandOutput> {
    const { namespace, waitSeconds = 180, flags = [], signal } = options;
    const args = [verb, release, '--namespace', namespace, `--timeout=${waitSeconds}s`, ...more, ...flags];
    return this.run(args, { timeoutMs: waitSeconds * 1000 + 60_000, ...(signal ? { signal } : {}) });
  }
}

/** Helm for the cluster of a kubeconfig file. */
export async function releasesIn(cluster: { kubeconfigPath: string }): Promise<Releases> {
  return new Releases(await temporaryFolder('atoll-helm-'), cluster.kubeconfigPath);
}
