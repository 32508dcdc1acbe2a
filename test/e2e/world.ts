/** What the scenarios share: one cluster with Atoll installed as a user would, its object store, and ways to look at them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import type { CommandOptions } from '../../local/command.ts';
import { installAtoll, systemNamespace } from '../../local/install.ts';
import { type ObjectStorage, startObjectStorage } from '../../local/object-storage.ts';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { type Pod, pods } from '../../src/kube/core.ts';
import { createObjectStore } from '../../src/store/client.ts';
import { Bucket } from './bucket.ts';
import { Run } from './run.ts';
import { fewDigits } from './source.ts';
import { dataset, datasetManifest, namespace, type TrainingOptions, trainingManifest } from './trainings.ts';
import { until } from './waiting.ts';

const bucketName = 'atoll';

/** One line that the operator logged, as pino writes it. */
export interface LogLine {
  level: 'info' | 'warn' | 'error' | 'fatal';
  time: string;
  msg?: string;
  [key: string]: unknown;
}

export class World {
  readonly cluster: Cluster;
  readonly storage: ObjectStorage;
  readonly client: RealKubeClient;
  readonly bucket: Bucket;
  /** By expert: SHA-256 of the weights of a run that nobody disturbed. */
  reference: readonly string[] = [];
  /** What `refusals` said once an outage was over: an API server that starts refuses everything until it has read its roles. */
  refusedByStartingApiServer: readonly string[] = [];
  #dataset: Promise<string> | undefined;

  constructor(cluster: Cluster, storage: ObjectStorage) {
    this.cluster = cluster;
    this.storage = storage;
    this.client = createKubeClient({ kubeconfig: cluster.kubeconfigPath, clock, random });
    this.bucket = new Bucket(join(storage.objects, bucketName));
  }

  /** Runs kubectl in the namespace of the trainings and gives what it printed. */
  async kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return (await this.cluster.kubectl(['--namespace', namespace, ...args], { timeoutMs: 120_000, ...options })).stdout;
  }

  apply(...objects: object[]): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], { input: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
  }

  /** Applies the data set, if nobody has, and a training of it; waits for neither to be done. */
  async train(name: string, options: TrainingOptions = {}): Promise<Run> {
    this.#dataset ??= this.apply(datasetManifest());
    await this.#dataset;
    await this.apply(trainingManifest(name, options));
    return new Run(this, name);
  }

  dataset() {
    return this.client.get(ExpertDatasetKind, { namespace, name: dataset });
  }

  async operatorPod(): Promise<Pod> {
    const labelSelector = 'app.kubernetes.io/name=atoll';
    const { items } = await this.client.list(pods, { namespace: systemNamespace, labelSelector });
    const [pod] = items;
    if (items.length !== 1 || !pod) throw new Error(`expected one pod of the operator, found ${items.length}`);
    return pod;
  }

  /** Everything that the operator has logged, over its restarts, from the kubelet's files: readable while the API server is down. */
  async operatorLog(): Promise<LogLine[]> {
    const folder = join(this.cluster.dir, 'logs', 'pods');
    const names = (await readdir(folder, { recursive: true })).filter((name) => /^atoll-system_atoll-.*\.log$/.test(name));
    const texts = await Promise.all(names.toSorted().map((name) => readFile(join(folder, name), 'utf8')));
    return texts.flatMap((text) => text.split('\n').flatMap(parsed));
  }

  /** What the API server refused the operator for want of rights since it last started: lines of its metrics. */
  async refusals(): Promise<string[]> {
    const { name } = (await this.operatorPod()).metadata;
    const path = `/api/v1/namespaces/${systemNamespace}/pods/${name}:8080/proxy/metrics`;
    const requests = (await this.kubectl(['get', '--raw', path]))
      .split('\n')
      .filter((line) => line.startsWith('rest_client_requests_total'));
    if (requests.length === 0) throw new Error('the operator says nothing about its requests');
    return requests.filter((line) => /code="40[13]"/.test(line));
  }

  /** Waits until `look` finds something; what fails tells what a person would look at first. */
  until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs?: number): Promise<T> {
    return until(what, look, { story: () => this.story(), ...(limitMs === undefined ? {} : { limitMs }) });
  }

  /** Objects, messages, events and logs, cut to what fits on a few screens. */
  async story(): Promise<string> {
    const ask = (...args: string[]) => this.kubectl(args, { timeoutMs: 20_000 }).catch(String);
    const messages = (kinds: string) =>
      ask(
        'get',
        kinds,
        '-o',
        'jsonpath={range .items[*]}{.metadata.name}{": "}{.status.message}{" "}{.status.attempts}{"\\n"}{end}',
      );
    const log = await this.operatorLog().catch(() => []);
    const parts = {
      objects: await ask('get', 'eds,et,es,ij,isl', '-o', 'wide'),
      pods: await ask('get', 'jobs,pods', '-o', 'wide'),
      messages: await messages('islandjobs'),
      events: last(await ask('get', 'events', '--sort-by=.lastTimestamp'), 25),
      trainers: last(
        await ask('logs', '-l', 'atoll.dev/role=Expert', '-c', 'trainer', '--tail=5', '--prefix', '--ignore-errors'),
        40,
      ),
      operator: log
        .slice(-25)
        .map((line) => JSON.stringify(line).slice(0, 400))
        .join('\n'),
    };
    return Object.entries(parts)
      .map(([title, text]) => `--- ${title}\n${text.trimEnd()}`)
      .join('\n');
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.cluster.stop();
    await this.storage.stop();
  }
}

export interface WorldOptions {
  /** Name of the cluster; default `e2e`. */
  name?: string;
  /** How many nodes it has; the operator runs on the first, so that any other may be taken away. Default 1. */
  nodes?: number;
  /** GPUs that each node says it has; default 0. */
  gpus?: number;
  /** Whether pods that use more disk than they may are evicted; default false. */
  diskLimits?: boolean;
  /** Further settings of the operator. */
  settings?: object;
}

/** Boots, uploads the digits and installs Atoll; nothing stays when any of it fails. */
export async function startWorld({
  name = 'e2e',
  nodes = 1,
  gpus = 0,
  diskLimits = false,
  settings,
}: WorldOptions = {}): Promise<World> {
  const cluster = await startCluster({ name, nodes, gpus, diskLimits, images: ['base', 'atoll', 'atoll-ddm'] });
  let storage: ObjectStorage | undefined;
  try {
    storage = await startObjectStorage({ buckets: [bucketName], hosts: ['127.0.0.1', cluster.hostAddress] });
    const { endpoint, region, credentials } = storage;
    const store = createObjectStore({ name: 'default', endpoint, region, bucket: bucketName, pathStyle: true }, credentials);
    await store.put('raw/digits/digits.npz', await fewDigits());
    const others = cluster.nodes.slice(1).map(({ machine }) => machine.spec.name);
    if (others.length > 0) await cluster.kubectl(['cordon', ...others]);
    const quick = { pollInterval: '1s', ...settings };
    await installAtoll({ cluster, storage, bucket: bucketName, namespaces: [namespace], settings: quick });
    if (others.length > 0) await cluster.kubectl(['uncordon', ...others]);
    return new World(cluster, storage);
  } catch (error) {
    await cluster.stop();
    await storage?.stop();
    throw error;
  }
}

/** The JSON in a line of the kubelet's log: `<time> stdout F {...}`. */
function parsed(line: string): LogLine[] {
  const at = line.indexOf('{');
  if (at < 0) return [];
  try {
    return [JSON.parse(line.slice(at)) as LogLine];
  } catch {
    return [];
  }
}

function last(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
