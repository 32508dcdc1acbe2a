/** The standalone role: hub and island controllers in one process, on one cluster, over the same objects. */
import { createHubControllers } from './hub/index.ts';
import { createIslandControllers } from './island/index.ts';
import { exportHubMetrics, measuredStores } from './metrics/hub.ts';
import { type RoleOptions, runOperator } from './operator.ts';
import { readAgentKey, type StandaloneSettings } from './settings.ts';
import { openStores } from './stores.ts';

/** Runs until the signal is aborted; rejects when anything ends by itself. */
export async function runStandalone(options: RoleOptions<StandaloneSettings>): Promise<void> {
  const { settings, identity, version } = options;
  const agentKey = await readAgentKey(settings.agentKeyFile);
  await runOperator(options, async (parts) => {
    createHubControllers({
      ...parts,
      stores: measuredStores(openStores(settings.stores, parts.clock), parts),
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
    return undefined;
  });
}
