/** The island role: runs on this cluster what a hub elsewhere places here, and goes on with it for as long as the hub is silent. */
import type { Progress } from './api/work.ts';
import { createAdmit, createIslandControllers, type Island } from './island/index.ts';
import { readCluster } from './kube/cluster.ts';
import { createEventRecorder } from './kube/events.ts';
import { createIslandLink, type IslandLink } from './link/island.ts';
import { createLinkMetrics } from './link/metrics.ts';
import { createNatsTransport } from './link/nats.ts';
import { inboxPrefix } from './link/subjects.ts';
import { type RoleOptions, runOperator, untilAnswered } from './operator.ts';
import { type IslandRoleSettings, readAgentKey, readJoinToken } from './settings.ts';

/** Runs until the signal is aborted; rejects when anything ends by itself. */
export async function runIsland(options: RoleOptions<IslandRoleSettings>): Promise<void> {
  const { settings, identity, version, signal } = options;
  const agentKey = await readAgentKey(settings.agentKeyFile);
  const joinToken = await readJoinToken(settings.link.joinTokenFile);
  await runOperator(options, async (parts) => {
    const { client, manager, clock, random, log, registry } = parts;
    const cluster = await untilAnswered(parts, 'which cluster this is', () => readCluster(client, signal), signal);
    const { name } = settings.island;
    const own = {
      name,
      ...(settings.namespaces && { namespaces: settings.namespaces }),
      admit: settings.admit,
      images: settings.images,
      stores: settings.stores,
      agentKey,
      courier: settings.courier,
      ...(settings.network && { network: settings.network }),
      progressIntervalMs: settings.progressInterval,
      pollIntervalMs: settings.pollInterval,
      configurationDeadlineMs: settings.configurationDeadline,
      version,
    };
    // The link is made from what the island offers, so the island asks for it only later.
    let link: IslandLink | undefined;
    const island = createIslandControllers({ ...parts, settings: own, selfReport: false, hubHeardAt: () => link?.heardAt });

    const linkMetrics = createLinkMetrics(registry);
    const { servers, prefix, credentialsFile, caFile } = settings.link;
    const transport = createNatsTransport({
      servers,
      credentialsFile,
      caFile,
      inboxPrefix: inboxPrefix(name),
      name: `atoll island ${name}`,
      clock,
      log,
      metrics: linkMetrics,
    });
    manager.addLoop('connection to NATS', (until) => transport.run(until), { leaderOnly: false });
    const events = createEventRecorder({ ...parts, controller: 'atoll.dev/link', instance: name });
    manager.addLoop('events of the link', (until) => events.run(until), { leaderOnly: false });
    const linked = createIslandLink({
      ...parts,
      metrics: linkMetrics,
      island: name,
      transport,
      prefix,
      events,
      agent: { version, kubernetes: cluster.kubernetes },
      clusterUid: cluster.uid,
      instance: `${identity}_${random.hex(4)}`,
      joinToken,
      capacity: () => island.capacity(),
      admit: createAdmit(own),
      progress: () => progressOf(island),
      readLogs: island.logs,
    });
    link = linked;
    manager.addLoop('link to the hub', (until) => linked.run(until));
    return undefined;
  });
}

/** Live progress as the link sends it: by the uid of the IslandJob here. */
function* progressOf(island: Island): Iterable<[string, Progress]> {
  for (const [uid, { report }] of island.progress.entries()) if (report.progress) yield [uid, report.progress];
}
