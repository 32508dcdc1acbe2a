/** The standalone role: hub and island controllers in one process, on one cluster, over the same objects. */
import { Registry } from 'prom-client';
import { systemClock as clock, systemRandom as random } from './clock.ts';
import { createHubControllers } from './hub/index.ts';
import { createIslandControllers } from './island/index.ts';
import { createKubeClient } from './kube/client.ts';
import { createLease } from './kube/lease.ts';
import { createManager } from './kube/manager.ts';
import { createKubeMetrics } from './kube/metrics.ts';
import type { Log } from './log.ts';
import { serveProbes } from './probes.ts';
import { readAgentKey, type StandaloneSettings } from './settings.ts';
import { createObjectStore } from './store/client.ts';
import { readCredentials } from './store/credentials.ts';

export interface StandaloneOptions {
  settings: StandaloneSettings;
  /** Kubeconfig of the cluster; absent means that this process runs in it. */
  kubeconfig?: string | undefined;
  /** Unique name of this process: holder of the lease and reporting instance of events. */
  identity: string;
  version: string;
  log: Log;
  /** Aborted to end everything in order. */
  signal: AbortSignal;
}

/** Runs until the signal is aborted; rejects when anything ends by itself. */
export async function runStandalone(options: StandaloneOptions): Promise<void> {
  const { settings, identity, version, log, signal } = options;
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  const access = options.kubeconfig === undefined ? { inCluster: true as const } : { kubeconfig: options.kubeconfig };
  const client = createKubeClient({ ...access, clock, random, log, metrics, userAgent: `atoll/${version}` });
  const lease = settings.lease.enabled
    ? {
        lease: createLease({ client, clock, random, log, metrics, namespace: settings.lease.namespace, name: 'atoll', identity }),
      }
    : {};
  const manager = createManager({ client, clock, random, log, metrics, ...lease });
  const shared = { client, manager, clock, random, log, metrics };
  const stores = new Map(
    settings.stores.map((store) => [
      store.name,
      createObjectStore(store, () => readCredentials(store.credentialsDir), { clock }),
    ]),
  );
  createHubControllers({
    ...shared,
    stores,
    settings: {
      images: settings.images,
      namespaces: settings.namespaces,
      instance: identity,
      progressEveryMs: settings.progressInterval,
    },
  });
  createIslandControllers({
    ...shared,
    settings: {
      name: settings.island.name,
      ...(settings.namespaces && { namespaces: settings.namespaces }),
      images: settings.images,
      stores: settings.stores,
      agentKey: await readAgentKey(settings.agentKeyFile),
      courier: settings.courier,
      ...(settings.network && { network: settings.network }),
      progressIntervalMs: settings.progressInterval,
      pollIntervalMs: settings.pollInterval,
      version,
    },
  });
  await using probes = await serveProbes({ port: settings.http.port, registry, ready: () => manager.ready });
  log.info({ island: settings.island.name, version, port: probes.port }, 'standalone operator starts');
  try {
    await manager.run(signal);
  } finally {
    await client.close();
  }
}
