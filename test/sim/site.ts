/** An island of a simulated world: an API server, nodes, Kubernetes' controllers and the agent; it can be rebuilt as another cluster. */
import type { DeletionPermit } from '../../src/api/courier.ts';
import type { FetchReport, IslandSettings } from '../../src/island/index.ts';
import type { Log } from '../../src/log.ts';
import { createMemoryApi } from '../kube/memory-client.ts';
import { accessTo, type Cluster, type CrashPoint, calmApi } from './access.ts';
import { createAdmit } from './admit.ts';
import type { Bus } from './bus.ts';
import type { Process, SimClock } from './clock.ts';
import { type JobController, runJobController } from './cluster/jobs.ts';
import { type Nodes, runNodes } from './cluster/nodes.ts';
import type { Record } from './facts.ts';
import { askCourier } from './pod/courier-server.ts';
import type { PodParts } from './pod/pod.ts';
import { runAgentProcess } from './process/agent.ts';
import { keepRunning, type Running } from './process/running.ts';
import { createDice, type Dice } from './random.ts';

export interface Site {
  readonly name: string;
  readonly cluster: Cluster;
  readonly nodes: Nodes;
  readonly jobs: JobController;
  readonly agents: readonly Running[];
  readonly clusterUid: string;
  /** How often it was rebuilt. */
  readonly rebuilt: number;
  /** A second process of the agent, as after a bad rollout. */
  addAgent(): Running;
  /** Everything here is lost, and an empty cluster takes its name. */
  rebuild(): void;
}

export interface SiteOptions {
  name: string;
  seed: number;
  nodes: number;
  clock: SimClock;
  record: Record;
  bus: Bus;
  log: (process: string) => Log;
  parts: Omit<PodParts, 'changed'>;
  crash: CrashPoint;
  agentKey: string;
  /** For a cluster that takes the name after so many others. */
  joinToken: (site: string, rebuilt: number) => string;
}

/** Writes that an API server stores become facts, with whoever of Atoll sent them. */
export function tellWrites(cluster: Cluster, record: Record, current: () => boolean): void {
  cluster.api.observe((event) => {
    if (current()) record.note({ kind: 'write', cluster: cluster.name, by: cluster.writer, event });
  });
}

export function createSite(options: SiteOptions): Site {
  const { name, seed, clock, record, bus, parts, crash } = options;
  const settings: IslandSettings = {
    name,
    images: { atoll: 'atoll', workload: 'ddm' },
    stores: [{ name: 'default', region: 'us-east-1', bucket: 'atoll', pathStyle: false, secretName: 'atoll-store' }],
    agentKey: new TextEncoder().encode(options.agentKey),
    configurationDeadlineMs: 60_000,
  };
  let rebuilt = 0;
  let clusterUid = `cluster-${name}-0`;
  const newApi = () =>
    createMemoryApi({
      clock,
      random: createDice(seed, `api ${name} ${rebuilt}`),
      garbageCollect: true,
      gracefulPods: true,
      admit: createAdmit((message) => record.note({ kind: 'refused', by: cluster.writer ?? 'kubernetes', message })),
    });
  const cluster: Cluster = {
    name,
    api: newApi(),
    weather: calmApi(),
    writer: undefined,
    counts: { refused: 0, lost: 0, stalls: 0 },
  };
  let nodes: Nodes;
  let jobs: JobController;

  function build(): void {
    const mine = rebuilt;
    const current = () => mine === rebuilt;
    const dice = createDice(seed, `kubernetes ${name} ${rebuilt}`);
    tellWrites(cluster, record, current);
    jobs = runJobController(cluster.api, clock, dice, current);
    const names = Array.from({ length: options.nodes }, (_, index) => `${name}-node-${index + 1}`);
    nodes = runNodes({ api: cluster.api, clock, dice, island: name, names, parts, current });
  }
  build();

  const reach =
    (dice: Dice, { clock: own }: Process): FetchReport =>
    async ({ url, token, mayDelete, signal }) => {
      const [, high = '0', low = '0'] = /^http:\/\/10\.0\.(\d+)\.(\d+):/.exec(url) ?? [];
      const number = Number(high) * 256 + Number(low);
      await own.sleep(dice.between(1, 10), signal);
      const server = nodes.reaches(number) ? askCourier(number, token) : undefined;
      if (!server) throw new Error(`cannot reach ${url}`);
      const permit: DeletionPermit = typeof mayDelete === 'number' ? Math.floor(mayDelete) : mayDelete;
      server.permitted(permit);
      return structuredClone(server.report());
    };

  const agents: Running[] = [];
  function addAgent(): Running {
    const title = `agent-${name}${agents.length === 0 ? '' : `-${agents.length + 1}`}`;
    const agent = keepRunning({
      name: title,
      clock,
      record,
      main(process, life, signal) {
        const dice = createDice(seed, `${title} ${life} ${rebuilt}`);
        return runAgentProcess(
          {
            process,
            client: accessTo({ cluster, process, record, dice, crash }),
            random: dice,
            log: options.log(title),
            transport: bus.connect(name, process, name),
            settings,
            fetchReport: reach(dice, process),
            clusterUid,
            joinToken: options.joinToken(name, rebuilt),
            identity: `${title}-${life}`,
          },
          signal,
        );
      },
    });
    agents.push(agent);
    return agent;
  }
  addAgent();

  return {
    name,
    cluster,
    agents,
    addAgent,
    get nodes() {
      return nodes;
    },
    get jobs() {
      return jobs;
    },
    get clusterUid() {
      return clusterUid;
    },
    get rebuilt() {
      return rebuilt;
    },
    rebuild() {
      nodes.destroy();
      rebuilt++;
      clusterUid = `cluster-${name}-${rebuilt}`;
      cluster.api = newApi();
      build();
      for (const agent of agents) agent.crash(3000);
    },
  };
}
