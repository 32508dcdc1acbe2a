/** The standalone role: hub and island controllers in one process, on one cluster, over the same objects. */
import type { LogsRequest } from './api/islandreport.ts';
import type { Caller, Gatekeeper } from './dashboard/server/caller.ts';
import { createHubControllers } from './hub/index.ts';
import { createIslandControllers, type Island } from './island/index.ts';
import { exportHubMetrics, measuredStores } from './metrics/hub.ts';
import { type RoleOptions, runOperator } from './operator.ts';
import { addDashboard } from './serve-dashboard.ts';
import { readAgentKey, type StandaloneSettings } from './settings.ts';
import { openStores } from './stores.ts';

/** Runs until the signal is aborted; rejects when anything ends by itself. */
export async function runStandalone(options: RoleOptions<StandaloneSettings>): Promise<void> {
  const { settings, identity, version } = options;
  const agentKey = await readAgentKey(settings.agentKeyFile);
  await runOperator(options, async (parts) => {
    const stores = openStores(settings.stores, parts.clock);
    createHubControllers({
      ...parts,
      stores: measuredStores(stores, parts),
      quotas: settings.quotas,
      settings: {
        images: settings.images,
        namespaces: settings.namespaces,
        instance: identity,
        progressEveryMs: settings.progressInterval,
      },
    });
    const island = createIslandControllers({
      ...parts,
      settings: {
        name: settings.island.name,
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
      },
    });
    const live = (uid: string) => island.progress.get(uid)?.report.progress;
    exportHubMetrics({ ...parts, perExpert: settings.metrics.perExpert, live });
    await addDashboard(options, parts, {
      stores,
      progress: live,
      openLog: (gatekeeper) => (caller, _, request, until) => logAsUser(gatekeeper, caller, island, request, until),
      live: () => true,
    });
    return undefined;
  });
}

/** The operator itself may not read logs here: whoever asks does it with their own rights. */
async function* logAsUser(
  gatekeeper: Gatekeeper,
  caller: Caller,
  island: Island,
  request: LogsRequest,
  signal: AbortSignal,
): AsyncIterable<string> {
  const { client, done } = await gatekeeper.clientOf(caller);
  try {
    yield* island.logsWith(client, request, signal);
  } finally {
    await done();
  }
}
