/** The hub role: what is wanted, placed on islands elsewhere and carried there by the link. Nothing runs on this cluster. */
import { createHubControllers, createIslandAdmission, createIslandRegistry } from './hub/index.ts';
import { readCluster } from './kube/cluster.ts';
import { createEventRecorder } from './kube/events.ts';
import { createHubLink } from './link/hub.ts';
import { createLinkMetrics } from './link/metrics.ts';
import { createNatsTransport } from './link/nats.ts';
import { exportHubMetrics, measuredStores } from './metrics/hub.ts';
import { type RoleOptions, runOperator, untilAnswered } from './operator.ts';
import { addDashboard } from './serve-dashboard.ts';
import type { HubRoleSettings } from './settings.ts';
import { openStores } from './stores.ts';

/** Runs until the signal is aborted; rejects when anything ends by itself. */
export async function runHub(options: RoleOptions<HubRoleSettings>): Promise<void> {
  const { settings, identity, signal } = options;
  await runOperator(options, async (parts) => {
    const { client, manager, clock, random, log, metrics, registry, lease } = parts;
    const cluster = await untilAnswered(parts, 'which cluster this is', () => readCluster(client, signal), signal);
    const events = createEventRecorder({ ...parts, controller: 'atoll.dev/hub', instance: identity });
    manager.addLoop('events of the hub', (until) => events.run(until), { leaderOnly: false });
    const linkMetrics = createLinkMetrics(registry);
    const { servers, prefix, credentialsFile, caFile } = settings.link;
    const transport = createNatsTransport({
      servers,
      credentialsFile,
      caFile,
      name: `atoll hub ${identity}`,
      clock,
      log,
      metrics: linkMetrics,
    });
    manager.addLoop('connection to NATS', (until) => transport.run(until), { leaderOnly: false });

    const islandRegistry = createIslandRegistry({ silenceMs: settings.islandSilence });
    const hub = {
      client,
      manager,
      clock,
      random,
      log,
      metrics,
      events,
      islandRegistry,
      settings: {
        images: settings.images,
        namespaces: settings.namespaces,
        instance: identity,
        progressEveryMs: settings.progressInterval,
      },
    };
    const link = createHubLink({
      ...parts,
      metrics: linkMetrics,
      transport,
      prefix,
      mayAnswer: () => lease?.held ?? true,
      admit: createIslandAdmission(hub),
      registry: islandRegistry,
      events,
      clusterUid: cluster.uid,
      instance: `${identity}_${random.hex(4)}`,
    });
    manager.addLoop('link to islands', (until) => link.run(until));
    manager.addLoop('live progress of islands', (until) => link.listen(until), { leaderOnly: false });
    const stores = openStores(settings.stores, clock);
    createHubControllers({
      ...hub,
      stores: measuredStores(stores, parts),
      link,
      islandSilenceMs: settings.islandSilence,
      claimDeadlineMs: settings.claimDeadline,
      quotas: settings.quotas,
    });
    exportHubMetrics({ ...parts, perExpert: settings.metrics.perExpert, live: (uid) => link.progress.get(uid) });
    await addDashboard(options, parts, {
      stores,
      progress: (uid) => link.progress.get(uid),
      openLog:
        () =>
        (_, { spec }, request, until) =>
          link.logs(spec.island, request, until),
      live: () => transport.connected,
    });
    return undefined;
  });
}
