/** What the scenarios over islands share: three clusters with Atoll installed by Helm, their object store, and ways to look and to interfere. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type AuditEvent, auditEvents } from '../../../local/audit.ts';
import { binaries } from '../../../local/binaries.ts';
import type { Cluster } from '../../../local/cluster.ts';
import type { CommandOptions } from '../../../local/command.ts';
import { systemNamespace } from '../../../local/install.ts';
import { type Islands, startIslands } from '../../../local/islands.ts';
import { type IslandJob, IslandJobKind } from '../../../src/api/islandjob.ts';
import { systemClock as clock, systemRandom as random } from '../../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../../src/kube/client.ts';
import { type Pod, pods } from '../../../src/kube/core.ts';
import { Bucket } from '../bucket.ts';
import { signalContainer } from '../processes.ts';
import { fewDigits } from '../source.ts';
import { until } from '../waiting.ts';
import { Run } from './run.ts';
import { namespace, quickDataset, type TrainingOptions, trainingManifest } from './trainings.ts';

export const islandNames = ['west', 'east'] as const;
export type IslandName = (typeof islandNames)[number];
export type Place = IslandName | 'hub';

export class World {
  readonly islands: Islands;
  /** Of the hub. */
  readonly client: RealKubeClient;
  readonly bucket: Bucket;
  /** Nobody acts on anything any more. */
  uninstalled = false;
  readonly #kubectl: string;
  #dataset: Promise<string> | undefined;
  #beside = 0;

  constructor(islands: Islands, kubectl: string) {
    this.islands = islands;
    this.client = createKubeClient({ kubeconfig: islands.hub.kubeconfigPath, clock, random });
    this.bucket = new Bucket(join(islands.storage.objects, islands.bucket));
    this.#kubectl = kubectl;
  }

  get hub(): Cluster {
    return this.islands.hub;
  }

  cluster(place: Place): Cluster {
    return this.islands.cluster(place);
  }

  /** Runs kubectl at the hub, in the namespace of the trainings, and gives what it printed. */
  async kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return (await this.hub.kubectl(['--namespace', namespace, ...args], { timeoutMs: 120_000, ...options })).stdout;
  }

  /** Runs kubectl inside a machine, so that it works behind a cut wire; in the namespace of the trainings. */
  async on(place: Place, args: readonly string[]): Promise<string> {
    const { machine, kubeconfigPath } = this.cluster(place);
    const own = ['--kubeconfig', kubeconfigPath, '--namespace', namespace, ...args];
    return (await machine.run(this.#kubectl, own, { timeoutMs: 120_000 })).stdout;
  }

  /** Runs the command line `atoll` with the rights of the hub's administrator. */
  atoll(args: readonly string[]): Promise<string> {
    return this.islands.atoll(args);
  }

  helm(place: Place, args: readonly string[]): Promise<string> {
    return this.islands.helm(place, args);
  }

  upgrade(place: Place, flags: readonly string[]): Promise<void> {
    return this.islands.upgrade(place, flags);
  }

  /** What `atoll island add` wrote for an island: where NATS is, whom to trust there, and the island's own credentials. */
  async linkOf(island: IslandName): Promise<{ server: string; ca: string; creds: string }> {
    const [file = ''] = this.islands.valuesFiles(island);
    const { link } = parse(await readFile(file, 'utf8')) as { link: { servers: [string]; ca: string; credentials: string } };
    return { server: link.servers[0], ca: link.ca, creds: link.credentials };
  }

  run(name: string): Run {
    return new Run(this, name);
  }

  /** Applies the data set, if nobody has, and a training of it; waits until the data set is ready, and for no more. */
  async train(name: string, options: TrainingOptions = {}): Promise<Run> {
    this.#dataset ??= this.#apply(quickDataset());
    await this.#dataset;
    await this.#apply(trainingManifest(name, options));
    return this.run(name);
  }

  /** A scenario begins that runs beside others. */
  enter(): void {
    this.#beside++;
  }

  /** It has ended. */
  leave(): void {
    this.#beside--;
  }

  /** Takes back what a scenario that failed has left, so that the next one is on its own; not while others run beside it. */
  async clear(): Promise<void> {
    if (this.uninstalled || this.#beside > 0) return;
    for (const island of islandNames) {
      await this.mend(island);
      await this.mendToHub(island).catch(() => undefined);
    }
    await this.kubectl(['delete', 'experttrainings', '--all', '--timeout=3m'], { timeoutMs: 190_000 });
  }

  #apply(object: object): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  }

  /** An IslandJob of the hub. */
  async job(name: string): Promise<IslandJob> {
    const found = await this.client.get(IslandJobKind, { namespace, name });
    if (!found) throw new Error(`there is no IslandJob ${name}`);
    return found;
  }

  /** Pulls the wire between an island and everything else. */
  async cut(island: IslandName): Promise<void> {
    await this.cluster(island).machine.setWire('down');
  }

  /** Plugs it in again. */
  async mend(island: IslandName): Promise<void> {
    await this.cluster(island).machine.setWire('up');
  }

  /** Loses everything that an island sends to the hub's machine, and nothing else: the store stays in reach. */
  async cutFromHub(island: IslandName): Promise<void> {
    await this.cluster(island).machine.run('ip', ['route', 'add', 'blackhole', `${this.hub.machine.address}/32`]);
  }

  async mendToHub(island: IslandName): Promise<void> {
    await this.cluster(island).machine.run('ip', ['route', 'del', 'blackhole', `${this.hub.machine.address}/32`]);
  }

  hubPods(): Promise<Pod[]> {
    return this.#systemPods('app.kubernetes.io/name=atoll');
  }

  natsPods(): Promise<Pod[]> {
    return this.#systemPods('app.kubernetes.io/name=atoll-nats');
  }

  async #systemPods(labelSelector: string): Promise<Pod[]> {
    const { items } = await this.client.list(pods, { namespace: systemNamespace, labelSelector });
    const live = items.filter(({ metadata, status }) => !metadata.deletionTimestamp && status?.phase === 'Running');
    if (live.length === 0) throw new Error(`no pod of the hub cluster has ${labelSelector}`);
    return live;
  }

  /** Sends a signal to the first process of a container, wherever its pod runs. */
  signal(pod: Pod, container: string, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    signalContainer(pod, container, signal);
  }

  /** What was asked of the hub's API server. */
  audit(): Promise<AuditEvent[]> {
    return auditEvents(this.hub.dir);
  }

  /** Something measured that a reader of the test's output wants to know. */
  note(text: string): void {
    process.stderr.write(`    ${text}\n`);
  }

  /** Waits until `look` finds something; what fails tells what a person would look at first. */
  until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs?: number): Promise<T> {
    return until(what, look, { story: () => this.story(), ...(limitMs === undefined ? {} : { limitMs }) });
  }

  /** Objects, pods and logs of the three clusters, cut to what fits on a few screens. */
  async story(): Promise<string> {
    const parts: string[] = [];
    const ask = async (place: Place, title: string, args: readonly string[], lines = 40) => {
      const text = await this.on(place, args).catch((error: unknown) => String(error).slice(0, 300));
      parts.push(`--- ${place}: ${title}\n${text.trimEnd().split('\n').slice(-lines).join('\n')}`);
    };
    await ask('hub', 'objects', ['get', 'eds,et,es,ij,isl', '-o', 'wide']);
    await ask('hub', 'islands', [
      'get',
      'isl',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}{": "}{.status.conditions}{"\\n"}{end}',
    ]);
    await ask('hub', 'experts', [
      'get',
      'es',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}{": "}{.status.message}{"\\n"}{end}',
    ]);
    await ask('hub', 'events', ['get', 'events', '--sort-by=.lastTimestamp'], 25);
    await ask('hub', 'pods', ['get', 'pods', '-A', '-o', 'wide']);
    await ask('hub', 'log', ['-n', systemNamespace, 'logs', '-l', 'app.kubernetes.io/name=atoll', '--tail=25', '--prefix']);
    for (const island of islandNames) {
      await ask(island, 'objects', ['get', 'ij,jobs,pods', '-A', '-o', 'wide']);
      await ask(island, 'log', ['-n', systemNamespace, 'logs', '-l', 'app.kubernetes.io/name=atoll', '--tail=25']);
    }
    return parts.join('\n');
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.islands.stop();
  }
}

/** Boots three clusters, uploads the digits and installs Atoll; nothing stays when any of it fails. */
export async function startWorld(): Promise<World> {
  const { kubectl } = await binaries(['kubectl']);
  const islands = await startIslands({ islands: islandNames, gpus: 8, namespaces: [namespace] });
  try {
    await islands.store.put('raw/digits/digits.npz', await fewDigits());
    return new World(islands, kubectl);
  } catch (error) {
    await islands.stop();
    throw error;
  }
}
