/** What every long-running role is made of: client, lease, manager, metrics and probes, started and ended in one order. */
import { Registry } from 'prom-client';
import { type Clock, systemClock as clock, type Random, systemRandom as random } from './clock.ts';
import { createKubeClient, type RealKubeClient } from './kube/client.ts';
import { LeaseLostError, messageOf } from './kube/errors.ts';
import { createLease, type Lease } from './kube/lease.ts';
import { createManager, type Manager } from './kube/manager.ts';
import { createKubeMetrics, type KubeMetrics } from './kube/metrics.ts';
import type { Log } from './log.ts';
import { createInstruments } from './metrics/instruments.ts';
import { buildRows, createProcessRegistry } from './metrics/process.ts';
import { serveProbes } from './probes.ts';
import type { Settings } from './settings.ts';

export interface RoleOptions<S extends Settings> {
  settings: S;
  /** Kubeconfig of the cluster; absent means that this process runs in it. */
  kubeconfig?: string | undefined;
  /** Unique name of this process: holder of the lease and reporting instance of events. */
  identity: string;
  version: string;
  log: Log;
  /** Aborted to end everything in order. */
  signal: AbortSignal;
}

export interface OperatorParts {
  client: RealKubeClient;
  manager: Manager;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: KubeMetrics;
  registry: Registry;
  /** Absent when leader election is off: then this process is the only one. */
  lease?: Lease;
}

/** The lease runs out soon enough that a standby has acted 15 s after its leader fell silent. */
const leaseMs = 10_000;

/** Adds the role's controllers to the manager and may return what is to be closed at the end. */
export type Wire = (parts: OperatorParts) => Promise<AsyncDisposable | undefined>;

/**
 * Runs a role until the signal is aborted; rejects when anything ends by itself. A process that loses its lease becomes a standby with
 * empty stores: to end it instead would bring the kubelet's back-off upon it, when the API server has just come back.
 */
export async function runOperator(options: RoleOptions<Settings>, wire: Wire): Promise<void> {
  const ofProcess = createProcessRegistry();
  createInstruments(ofProcess, buildRows).info.set({ version: options.version, role: options.settings.role }, 1);
  for (;;) {
    try {
      return await runOnce(options, wire, ofProcess);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      options.log.warn({ error: messageOf(error) }, 'no longer the leader; beginning again as a standby');
    }
  }
}

async function runOnce(options: RoleOptions<Settings>, wire: Wire, ofProcess: Registry): Promise<void> {
  const { settings, identity, version, log, signal } = options;
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  const access = options.kubeconfig === undefined ? { inCluster: true as const } : { kubeconfig: options.kubeconfig };
  const client = createKubeClient({ ...access, clock, random, log, metrics, userAgent: `atoll/${version}` });
  const { enabled, namespace } = settings.lease;
  const lease = enabled
    ? { lease: createLease({ client, clock, random, log, metrics, namespace, name: 'atoll', identity, durationMs: leaseMs }) }
    : {};
  const manager = createManager({ client, clock, random, log, metrics, ...lease });
  try {
    await using probes = await serveProbes({
      port: settings.http.port,
      registries: [ofProcess, registry],
      ready: () => manager.ready,
    });
    log.info({ role: settings.role, version, port: probes.port }, `${settings.role} operator starts`);
    await using wired = await wire({ client, manager, clock, random, log, metrics, registry, ...lease });
    void wired;
    await manager.run(signal);
  } finally {
    await client.close();
  }
}

/** Longest pause between two tries. */
const patienceMs = 2_000;

/**
 * Asks until it is answered or the signal is aborted. To end the process instead would bring the kubelet's back-off of minutes upon
 * an operator whose API server is away for a while.
 */
export async function untilAnswered<T>(
  parts: Pick<OperatorParts, 'log'>,
  what: string,
  ask: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (tries === 1) parts.log.warn({ error: messageOf(error) }, `cannot find out ${what} yet; asking again`);
      await clock.sleep(patienceMs, signal);
    }
  }
}
