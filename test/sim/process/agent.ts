/** The agent of an island, made of the same parts as in its role: lease, manager, controllers, poller of couriers and link. */
import type { Progress } from '../../../src/api/work.ts';
import {
  createAdmit,
  createIslandControllers,
  type FetchReport,
  type Island,
  type IslandSettings,
} from '../../../src/island/index.ts';
import { createEventRecorder } from '../../../src/kube/events.ts';
import { createLease } from '../../../src/kube/lease.ts';
import { createManager } from '../../../src/kube/manager.ts';
import type { KubeClient } from '../../../src/kube/types.ts';
import { createIslandLink, type IslandLink } from '../../../src/link/island.ts';
import type { LinkTransport } from '../../../src/link/transport.ts';
import type { Log } from '../../../src/log.ts';
import type { Process } from '../clock.ts';
import type { Dice } from '../random.ts';
import { linkPrefix } from './hub.ts';

export interface AgentParts {
  process: Process;
  client: KubeClient;
  random: Dice;
  log: Log;
  transport: LinkTransport;
  settings: IslandSettings;
  fetchReport: FetchReport;
  clusterUid: string;
  joinToken: string;
  /** Unique per start. */
  identity: string;
}

/** Runs until the signal is aborted; rejects when the lease is lost. */
export async function runAgentProcess(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { client, process, random, log, transport, settings, identity } = parts;
  const { clock } = process;
  const lease = createLease({
    client,
    clock,
    random,
    log,
    namespace: 'atoll-system',
    name: 'atoll',
    identity,
    durationMs: 10_000,
  });
  const manager = createManager({ client, clock, random, log, lease });
  let link: IslandLink | undefined;
  const island = createIslandControllers({
    client,
    manager,
    clock,
    random,
    log,
    settings,
    fetchReport: parts.fetchReport,
    selfReport: false,
    hubHeardAt: () => link?.heardAt,
  });
  const events = createEventRecorder({ client, clock, random, log, controller: 'atoll.dev/link', instance: settings.name });
  manager.addLoop('events of the link', (until) => events.run(until), { leaderOnly: false });
  const linked = createIslandLink({
    island: settings.name,
    client,
    manager,
    clock,
    random,
    log,
    transport,
    prefix: linkPrefix,
    events,
    agent: { version: '0.1.0', kubernetes: 'v1.35.4' },
    clusterUid: parts.clusterUid,
    instance: `${identity}_${random.hex(4)}`,
    joinToken: parts.joinToken,
    capacity: () => island.capacity(),
    admit: createAdmit(settings),
    progress: () => progressOf(island),
    readLogs: island.logs,
  });
  link = linked;
  manager.addLoop('link to the hub', (until) => linked.run(until));
  await manager.run(signal);
}

function* progressOf(island: Island): Iterable<[string, Progress]> {
  for (const [uid, { report }] of island.progress.entries()) if (report.progress) yield [uid, report.progress];
}
