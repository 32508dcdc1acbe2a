/** A whole Kubernetes cluster on this machine: control plane, nodes with containerd, fake GPUs. Needs root. */
import type { ApiServer } from './apiserver.ts';
import { type BinariesOptions, binaries } from './binaries.ts';
import { AddressTaken, bridgeAddress } from './bridge.ts';
import type { CommandOptions, CommandOutput } from './command.ts';
import { type Component, untilReady } from './component.ts';
import { type ControllerName, createApi, createControllers, createPki } from './control-plane.ts';
import { temporaryFolder } from './guard.ts';
import { buildImages, type Image, type ImageName, type ImagesOptions } from './images.ts';
import { importImages } from './import.ts';
import { Machine } from './machine.ts';
import { createNode, type NodeComponent, setGpus, startContainerd } from './node.ts';
import { silent } from './progress.ts';
import { requireEverything } from './requirements.ts';

export interface ClusterOptions extends BinariesOptions {
  /** Name of the node; default `atoll`. */
  name?: string;
  /** GPUs that the node says it has; default 4. */
  gpus?: number;
  /** Value of the node's label `nvidia.com/gpu.product`. */
  gpuProduct?: string;
  /** Where logs, credentials and data go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
  /** Images that its containerd holds from the start, built when they are missing or out of date; default only `base`. */
  images?: readonly ImageName[];
  /** Flags appended to those of kube-apiserver. */
  apiServerFlags?: readonly string[];
}

export type ComponentName = NodeComponent | ControllerName;

interface NodeCondition {
  type: string;
  status: string;
  lastHeartbeatTime: string;
}

interface Parts {
  name: string;
  dir: string;
  api: ApiServer;
  machine: Machine;
  components: Record<ComponentName, Component>;
  gpus: number;
  kubectl: string;
  images: readonly Image[];
  remove: () => Promise<void>;
}

/** One running cluster. Everything ends with `stop()`, or with this process however that ends. */
export class Cluster implements AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  /** Its API server: `kubectl`, `restart`, `freeze`, `thaw`, `kill`, `start`. */
  readonly api: ApiServer;
  readonly machine: Machine;
  /** Address of the host as pods see it. */
  readonly hostAddress = bridgeAddress;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.name = parts.name;
    this.dir = parts.dir;
    this.api = parts.api;
    this.machine = parts.machine;
  }

  get url(): string {
    return this.api.url;
  }

  get kubeconfigPath(): string {
    return this.api.kubeconfigPath;
  }

  /** Runs kubectl as administrator. */
  kubectl(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
    return this.api.kubectl(args, options);
  }

  /** Ends one program at once and leaves it down until `start`. Pods survive the end of kubelet and containerd. */
  async kill(name: ComponentName): Promise<void> {
    await this.#parts.components[name].kill();
  }

  /** Starts a program that was killed; for the kubelet, resolves when its node is Ready with its GPUs. */
  async start(name: ComponentName, signal?: AbortSignal): Promise<void> {
    const component = this.#parts.components[name];
    if (name === 'containerd') return startContainerd(this.machine, component, signal);
    component.start();
    if (name === 'kubelet') await this.#nodeReady(signal);
  }

  /** Builds the named images when what they are made from has changed, and hands them to containerd. */
  async updateImages(names: readonly ImageName[], options: ImagesOptions = {}): Promise<void> {
    await importImages(this.machine, await buildImages(names, options), options.signal);
  }

  /** Starts what is not running, in order, and waits until the node is Ready; says what it waits for. */
  async boot(detail: (text: string) => void = () => {}, signal?: AbortSignal): Promise<void> {
    const runtime = async () => {
      await this.start('containerd', signal);
      await importImages(this.machine, this.#parts.images, signal);
    };
    detail('API server and images');
    await Promise.all([this.api.start(signal), runtime()]);
    detail('node');
    for (const name of ['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet'] as const)
      await this.start(name, signal);
    detail('service account');
    await this.#serviceAccountReady(signal);
  }

  /** Ends everything and removes the temporary folder. */
  async stop(): Promise<void> {
    await this.machine.stop();
    await this.#parts.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Waits for a report of the kubelet that is younger than its start, then says how many GPUs the node has. */
  async #nodeReady(signal?: AbortSignal): Promise<void> {
    const began = Math.floor(Date.now() / 1000) * 1000; // heartbeats carry whole seconds
    const ready = async () => {
      const found = await this.kubectl(['get', 'node', this.name, '--output=json', '--ignore-not-found']);
      const node = found.stdout ? (JSON.parse(found.stdout) as { status: { conditions?: NodeCondition[] } }) : undefined;
      const condition = node?.status.conditions?.find((one) => one.type === 'Ready');
      return condition?.status === 'True' && Date.parse(condition.lastHeartbeatTime) >= began;
    };
    await untilReady(this.#parts.components.kubelet, ready, 60_000, signal);
    if (this.#parts.gpus > 0) await setGpus(this.#parts.kubectl, this.kubeconfigPath, this.name, this.#parts.gpus);
  }

  /** Pods of a namespace can be made once it has its default service account. */
  async #serviceAccountReady(signal?: AbortSignal): Promise<void> {
    const options = { timeoutMs: 30_000, ...(signal ? { signal } : {}) };
    await this.kubectl(['wait', '--for=create', 'serviceaccount/default', '--namespace=default', '--timeout=25s'], options);
  }
}

/** Boots a cluster; about ten seconds once everything is compiled and installed. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  await requireEverything(options);
  const progress = options.progress ?? silent;
  const programs = await binaries(
    ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'],
    options,
  );
  const name = options.name ?? 'atoll';
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-cluster-');
  const dir = folder.path;
  const images = await buildImages(['pause', ...(options.images ?? ['base'])], options);
  const step = progress.start(`Booting cluster ${name}`);
  const machine = await claimMachine(name, dir);
  try {
    const url = `https://${machine.address}:6443`;
    const pki = await createPki(dir, machine.address);
    const node = await createNode({
      machine,
      pki,
      url,
      programs,
      gpus: options.gpus ?? 4,
      gpuProduct: options.gpuProduct ?? 'Atoll-Fake-GPU',
    });
    const components = { ...node, ...(await createControllers(machine, pki, url, programs)) };
    const api = await createApi(machine, pki, url, programs, options.apiServerFlags ?? []);
    const cluster = new Cluster({
      name,
      dir,
      api,
      machine,
      components,
      gpus: options.gpus ?? 4,
      kubectl: programs.kubectl,
      images,
      remove: () => folder.remove(),
    });
    await cluster.boot((text) => step.detail(text), options.signal);
    step.done();
    return cluster;
  } catch (error) {
    step.failed();
    await machine.stop();
    await folder.remove();
    throw error;
  }
}

/** The first free number from 1 to 250 becomes the cluster's: 10.99.<number>.1. */
async function claimMachine(name: string, dir: string): Promise<Machine> {
  for (let cluster = 1; cluster <= 250; cluster++) {
    const machine = new Machine({ name, cluster, machine: 1, dir });
    try {
      await machine.start();
      return machine;
    } catch (error) {
      if (!(error instanceof AddressTaken)) throw error;
    }
  }
  throw new Error('cannot start another cluster: all 250 addresses from 10.99.1.1 to 10.99.250.1 are taken');
}
