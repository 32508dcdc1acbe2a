/** Adds the dashboard to a hub or standalone: it runs on every replica, over the stores that the controllers have. */

import type { Progress } from './api/work.ts';
import type { Gatekeeper } from './dashboard/server/caller.ts';
import type { OpenLog } from './dashboard/server/context.ts';
import { createCurves } from './dashboard/server/curves.ts';
import { builtPage } from './dashboard/server/folder.ts';
import { createGatekeeper } from './dashboard/server/gatekeeper.ts';
import { startDashboard } from './dashboard/server/index.ts';
import { createModel } from './dashboard/server/model.ts';
import { createObjects } from './dashboard/server/objects.ts';
import type { OperatorParts, RoleOptions } from './operator.ts';
import type { HubRoleSettings, StandaloneSettings } from './settings.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface ServedDashboard {
  stores: ReadonlyMap<string, ObjectStore>;
  /** Live progress by the uid of an IslandJob. */
  progress: (jobUid: string) => Progress | undefined;
  openLog: (gatekeeper: Gatekeeper) => OpenLog;
  /** Whether this process hears live progress. */
  live: () => boolean;
}

/** To be called before the manager runs; does nothing when the settings have no dashboard. */
export async function addDashboard(
  { settings, kubeconfig, version }: RoleOptions<HubRoleSettings | StandaloneSettings>,
  parts: OperatorParts,
  { stores, progress, openLog, live }: ServedDashboard,
): Promise<void> {
  const { dashboard, role } = settings;
  if (!dashboard) return;
  const { client, manager, clock, random, log, registry } = parts;
  const access = kubeconfig === undefined ? { inCluster: true } : { kubeconfig };
  const gatekeeper = createGatekeeper({ client, access, audience: dashboard.audience, clock, random, log, version });
  const objects = createObjects(manager);
  const curves = createCurves({ objects, progress, clock });
  const server = await startDashboard({
    objects,
    model: createModel({ objects, clock, progress }),
    gatekeeper,
    stores,
    curves,
    openLog: openLog(gatekeeper),
    live,
    clock,
    log,
    random,
    registry,
    version,
    role,
    links: dashboard.links,
    historyPrefixes: dashboard.historyPrefixes,
    ready: () => Object.values(objects).every((part) => typeof part === 'function' || part.hasSynced),
    port: dashboard.port,
    ui: dashboard.ui ?? builtPage,
  });
  manager.addLoop('dashboard', (until) => server.run(until), { leaderOnly: false });
  manager.addLoop('curves of the dashboard', (until) => curves.run(until), { leaderOnly: false });
}
