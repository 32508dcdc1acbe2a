/** A whole simulated world: a hub, islands, a bus and a bucket, all on one clock, all of it following from the seed of a plan. */
import { createMemoryApi } from '../kube/memory-client.ts';
import { accessTo, type Cluster, calmApi } from './access.ts';
import { createAdmit } from './admit.ts';
import { type Bucket, createBucket } from './bucket.ts';
import { type Bus, createBus } from './bus.ts';
import { createSimClock, type Process, type SimClock } from './clock.ts';
import { resetPodNumbers } from './cluster/nodes.ts';
import { createRecord, type Record } from './facts.ts';
import { createSimLog } from './log.ts';
import type { Plan } from './plan.ts';
import { resetServers } from './pod/courier-server.ts';
import { disks } from './pod/disk.ts';
import type { SimPod } from './pod/pod.ts';
import type { Mishap } from './pod/trainer.ts';
import { runHubProcess } from './process/hub.ts';
import { keepRunning, type Running } from './process/running.ts';
import { createDice } from './random.ts';
import { createSite, type Site, tellWrites } from './site.ts';
import { createUser, type User } from './user.ts';

/** A process is to die at one of its next writes. */
export interface Crash {
  process: string;
  /** Writes until then. */
  left: number;
  moment: 'before' | 'stored' | 'after';
  downMs: number;
  happened(): void;
}

export interface World {
  readonly plan: Plan;
  readonly clock: SimClock;
  readonly record: Record;
  readonly hub: Cluster;
  readonly hubs: readonly Running[];
  readonly sites: readonly Site[];
  readonly bucket: Bucket;
  readonly bus: Bus;
  readonly user: User;
  /** Processes that are to die at a write. */
  readonly crashes: Crash[];
  /** What is to befall trainers: asked for each run, removed by whoever put it there. */
  readonly mishaps: Set<(pod: SimPod) => Mishap | undefined>;
  /** Whether a trainer ignores SIGTERM. */
  readonly deafness: Set<(pod: SimPod) => boolean>;
  /** Whether faults are over. */
  calm: boolean;
  pods(): SimPod[];
  processes(): Running[];
  end(): void;
}

/** The key that tokens of attempts are made with: a text that must never be read anywhere. */
export const agentKey = 'canary-agent-key-0123456789';
export const joinToken = (island: string, rebuilt = 0) => `join-token-of-${island}-${rebuilt}`;

export function createWorld(plan: Plan, options: { trace?: ((line: string) => void) | undefined } = {}): World {
  const { seed, shape } = plan;
  disks.reset();
  resetServers();
  resetPodNumbers();
  const clock = createSimClock();
  const record = createRecord(clock, options);
  const bucket = createBucket(record, createDice(seed, 'bucket'));
  bucket.memory.objects.set('raw/data.bin', new Uint8Array(16));
  const bus = createBus(clock, record, createDice(seed, 'bus'));
  const hub: Cluster = {
    name: 'hub',
    api: createMemoryApi({
      clock,
      random: createDice(seed, 'api hub'),
      garbageCollect: true,
      admit: createAdmit((message) => record.note({ kind: 'refused', by: hub.writer ?? 'kubernetes', message })),
    }),
    weather: calmApi(),
    writer: undefined,
    counts: { refused: 0, lost: 0, stalls: 0 },
  };
  tellWrites(hub, record, () => true);
  const log = (name: string) => createSimLog(record, name, options.trace ? 'debug' : 'warn');
  const crashes: Crash[] = [];
  const mishaps: World['mishaps'] = new Set();
  const deafness: World['deafness'] = new Set();

  const crash = (process: Process, moment: Crash['moment']): boolean => {
    const due = crashes.find((one) => one.process === process.name);
    if (!due) return false;
    if (moment === 'before') due.left--;
    if (due.left > 0 || due.moment !== moment) return false;
    crashes.splice(crashes.indexOf(due), 1);
    due.happened();
    world
      .processes()
      .find(({ name }) => name === process.name)
      ?.crash(due.downMs);
    return true;
  };

  const hubs = Array.from({ length: shape.standby ? 2 : 1 }, (_, index) => {
    const name = `hub-${index}`;
    return keepRunning({
      name,
      clock,
      record,
      main(process, life, signal) {
        const dice = createDice(seed, `${name} ${life}`);
        const parts = {
          process,
          client: accessTo({ cluster: hub, process, record, dice, crash }),
          random: dice,
          log: log(name),
          transport: bus.connect('hub', process),
          store: bucket.view(process),
          identity: `${name}-${life}`,
        };
        return runHubProcess(parts, signal);
      },
    });
  });
  const podDice = createDice(seed, 'pods');
  const sites = shape.islands.map((name) =>
    createSite({
      name,
      seed,
      nodes: shape.nodesPerIsland,
      clock,
      record,
      bus,
      log,
      crash,
      agentKey,
      joinToken,
      parts: {
        clock,
        record,
        bucket,
        dice: podDice,
        log: log(`pods of ${name}`),
        mishapOf(pod) {
          for (const ask of mishaps) {
            const found = ask(pod);
            if (found) return found;
          }
          return undefined;
        },
        deaf: (pod) => [...deafness].some((ask) => ask(pod)),
      },
    }),
  );

  const world: World = {
    plan,
    clock,
    record,
    hub,
    hubs,
    sites,
    bucket,
    bus,
    user: createUser(hub.api, shape, record, joinToken),
    crashes,
    mishaps,
    deafness,
    calm: false,
    pods: () => sites.flatMap(({ nodes }) => [...nodes.running.values()]),
    processes: () => [...hubs, ...sites.flatMap(({ agents }) => agents)],
    end() {
      for (const running of world.processes()) running.end();
      for (const site of sites) site.nodes.destroy();
    },
  };
  return world;
}
