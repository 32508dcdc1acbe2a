/** A whole Kubernetes cluster on this machine: control plane, nodes with containerd, fake GPUs. Needs root. */
import { join } from 'node:path';
import type { ApiServer } from './apiserver.ts';
import { auditFlags } from './audit.ts';
import { type BinariesOptions, binaries } from './binaries.ts';
import { AddressTaken, bridgeAddress } from './bridge.ts';
import type { CommandOptions, CommandOutput } from './command.ts';
import { type Component, untilReady } from './component.ts';
import { type ControllerName, createApi, createControllers, createPki } from './control-plane.ts';
import { createDns, startDns } from './dns.ts';
import { temporaryFolder } from './guard.ts';
import { buildImages, type Image, type ImageName, type ImagesOptions } from './images.ts';
import { importImages } from './import.ts';
import { Machine } from './machine.ts';
import { type ClusterNode, createNode, type NodeComponent, routePods, setGpus, startContainerd } from './node.ts';
import { silent } from './progress.ts';
import { requireEverything } from './requirements.ts';

export interface ClusterOptions extends BinariesOptions {
  /** Name of the first node; the next is called `<name>-2`. Default `atoll`. */
  name?: string;
  /** How many machines it has, from 1; the control plane runs on the first. Default 1. */
  nodes?: number;
  /** GPUs that each node says it has; default 4. */
  gpus?: number;
  /** Value of the nodes' label `nvidia.com/gpu.product`. */
  gpuProduct?: string;
  /** Whether pods that use more disk than they may are evicted. Default false. */
  diskLimits?: boolean;
  /** Where logs, credentials and data go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
  /** Images that its nodes hold from the start, built when they are missing or out of date; default only `base`. */
  images?: readonly ImageName[];
  /** Flags appended to those of kube-apiserver. */
  apiServerFlags?: readonly string[];
  /** Whether its API server writes down requests about Atoll's objects: `cluster.api.audit()`. Default false. */
  audit?: boolean;
}

export type ComponentName = NodeComponent | ControllerName | 'coredns';

interface NodeCondition {
  type: string;
  status: string;
  lastHeartbeatTime: string;
}

interface Parts {
  name: string;
  dir: string;
  api: ApiServer;
  /** The first has the control plane. */
  nodes: readonly [ClusterNode, ...ClusterNode[]];
  /** The programs that only the first machine has. */
  central: Record<ControllerName | 'coredns', Component>;
  gpus: number;
  kubectl: string;
  images: readonly Image[];
  remove: () => Promise<void>;
}

/** One running cluster. Everything ends with `stop()`, or with this process however that ends. */
export class Cluster implements AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  /** Its API server: `kubectl`, `restart`, `freeze`, `thaw`, `kill`, `start`, `backup`, `restore`, `audit`. */
  readonly api: ApiServer;
  /** The first machine, with the control plane: NodePorts are reached at its address. */
  readonly machine: Machine;
  readonly nodes: readonly [ClusterNode, ...ClusterNode[]];
  /** Address of the host as pods see it. */
  readonly hostAddress = bridgeAddress;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.name = parts.name;
    this.dir = parts.dir;
    this.api = parts.api;
    this.machine = parts.nodes[0].machine;
    this.nodes = parts.nodes;
    this.api.onRestored = (signal) => this.#restartAll(signal);
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
  async kill(name: ComponentName, node: ClusterNode = this.nodes[0]): Promise<void> {
    await this.#component(name, node).kill();
  }

  /** Starts a program that was killed; for the kubelet, resolves when its node is Ready with its GPUs. */
  async start(name: ComponentName, signal?: AbortSignal, node: ClusterNode = this.nodes[0]): Promise<void> {
    const component = this.#component(name, node);
    if (name === 'containerd') return startContainerd(node.machine, component, signal);
    if (name === 'coredns') return startDns(component, this.machine, this.api, signal);
    component.start();
    if (name === 'kubelet') await this.#nodeReady(node, signal);
  }

  /** Builds the named images when what they are made from has changed, and hands them to the nodes. */
  async updateImages(names: readonly ImageName[], options: ImagesOptions = {}): Promise<void> {
    const images = await buildImages(names, options);
    await Promise.all(this.nodes.map(({ machine }) => importImages(machine, images, options.signal)));
  }

  /** Starts what is not running, in order, and waits until the nodes are Ready; says what it waits for. */
  async boot(detail: (text: string) => void = () => {}, signal?: AbortSignal): Promise<void> {
    const { nodes } = this;
    const runtime = async (node: ClusterNode) => {
      await this.start('containerd', signal, node);
      await importImages(node.machine, this.#parts.images, signal);
      await routePods(node, nodes);
    };
    detail('API server and images');
    await Promise.all([this.api.start(signal), ...nodes.map(runtime)]);
    detail(nodes.length > 1 ? 'nodes' : 'node');
    for (const name of ['kube-controller-manager', 'kube-scheduler'] as const) await this.start(name, signal);
    const agents = async (node: ClusterNode) => {
      for (const name of ['kube-proxy', 'kubelet'] as const) await this.start(name, signal, node);
    };
    await Promise.all([this.start('coredns', signal), ...nodes.map(agents)]);
    detail('service account');
    await this.#serviceAccountReady(signal);
  }

  /** Ends everything and removes the temporary folder. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ machine }) => machine.stop()));
    await this.#parts.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Every program of Kubernetes beside the API server, as its documentation asks for after etcd was put back; pods run on. */
  async #restartAll(signal?: AbortSignal): Promise<void> {
    const central = ['kube-controller-manager', 'kube-scheduler', 'coredns'] as const;
    const restart = async (name: ComponentName, node?: ClusterNode) => {
      await this.kill(name, node);
      await this.start(name, signal, node);
    };
    const agents = this.nodes.flatMap((node) => (['kube-proxy', 'kubelet'] as const).map((name) => restart(name, node)));
    await Promise.all([...central.map((name) => restart(name)), ...agents]);
  }

  #component(name: ComponentName, node: ClusterNode): Component {
    const { central } = this.#parts;
    return name in node.components ? node.components[name as NodeComponent] : central[name as keyof typeof central];
  }

  /** Waits for a report of the kubelet that is younger than its start, then says how many GPUs the node has. */
  async #nodeReady({ machine, components }: ClusterNode, signal?: AbortSignal): Promise<void> {
    const { name } = machine.spec;
    const { gpus, kubectl } = this.#parts;
    const began = Math.floor(Date.now() / 1000) * 1000; // heartbeats carry whole seconds
    const ready = async () => {
      const found = await this.kubectl(['get', 'node', name, '--output=json', '--ignore-not-found']);
      const node = found.stdout ? (JSON.parse(found.stdout) as { status: { conditions?: NodeCondition[] } }) : undefined;
      const condition = node?.status.conditions?.find((one) => one.type === 'Ready');
      return condition?.status === 'True' && Date.parse(condition.lastHeartbeatTime) >= began;
    };
    await untilReady(components.kubelet, ready, 60_000, signal);
    if (gpus > 0) await setGpus(kubectl, this.kubeconfigPath, name, gpus);
  }

  /** Pods of a namespace can be made once it has its default service account. */
  async #serviceAccountReady(signal?: AbortSignal): Promise<void> {
    const options = { timeoutMs: 30_000, ...(signal ? { signal } : {}) };
    await this.kubectl(['wait', '--for=create', 'serviceaccount/default', '--namespace=default', '--timeout=25s'], options);
  }
}

/** What a cluster's machines run that Debian does not bring. */
export const clusterPrograms = [
  'etcd',
  'kube-apiserver',
  'kubectl',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
] as const;

/** Boots a cluster; about ten seconds once everything is compiled and installed. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  await requireEverything(options);
  const progress = options.progress ?? silent;
  const programs = await binaries(clusterPrograms, options);
  const name = options.name ?? 'atoll';
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-cluster-');
  const dir = folder.path;
  const images = await buildImages(['pause', ...(options.images ?? ['base'])], options);
  const step = progress.start(`Booting cluster ${name}`);
  const machines: Machine[] = [];
  try {
    const machine = await claimMachine(name, dir);
    machines.push(machine);
    for (let number = 2; number <= (options.nodes ?? 1); number++) {
      const node = `${name}-${number}`;
      const next = new Machine({ ...machine.spec, name: node, machine: number, dir: join(dir, node) });
      machines.push(next);
      await next.start();
    }
    const url = `https://${machine.address}:6443`;
    const pki = await createPki(dir, machine.address);
    const gpus = options.gpus ?? 4;
    const { gpuProduct = 'Atoll-Fake-GPU', diskLimits = false } = options;
    const spec = { pki, url, programs, gpus, gpuProduct, diskLimits, dns: machine.address };
    const first = await createNode({ ...spec, machine });
    const others: ClusterNode[] = [];
    for (const other of machines.slice(1)) others.push(await createNode({ ...spec, machine: other }));
    const central = {
      ...(await createControllers(machine, pki, url, programs)),
      coredns: await createDns(machine, pki, url, programs.coredns),
    };
    const flags = [...(options.audit ? await auditFlags(dir) : []), ...(options.apiServerFlags ?? [])];
    const cluster = new Cluster({
      name,
      dir,
      api: await createApi(machine, pki, url, programs, flags),
      nodes: [first, ...others],
      central,
      gpus,
      kubectl: programs.kubectl,
      images,
      remove: () => folder.remove(),
    });
    await cluster.boot((text) => step.detail(text), options.signal);
    step.done();
    return cluster;
  } catch (error) {
    step.failed();
    await Promise.all(machines.map((machine) => machine.stop()));
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
