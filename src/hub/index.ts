/** The hub: its controllers over one client, one clock and one set of caches. */
import { ComputeIslandKind } from '../api/computeisland.ts';
import type { Admit } from '../api/islandreport.ts';
import type { Clock, Random } from '../clock.ts';
import type { Controller } from '../kube/controller.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import type { KubeClient, Log } from '../kube/types.ts';
import type { Announcer } from './announce.ts';
import { createAvoidance } from './avoid.ts';
import { createAwayIslands, type Handover } from './away.ts';
import { createIslandController } from './computeisland.ts';
import { createInformers, type HubContext } from './context.ts';
import { createDatasetController } from './dataset.ts';
import type { Quotas } from './field.ts';
import { createAdmit } from './joining.ts';
import { createOnce } from './once.ts';
import { createPlacer } from './placer.ts';
import { createReach } from './reach.ts';
import type { HubRegistry } from './registry.ts';
import { createWorkRunner } from './runner.ts';
import type { HubSettings } from './settings.ts';
import { createShardController } from './shard.ts';
import { createTrainingController } from './training.ts';
import type { ReadableStore } from './verify.ts';
import { knownWaiting } from './waiting.ts';

export { createInformers, type HubInformers } from './context.ts';
export { createIslandRegistry, type HubRegistry } from './registry.ts';
export type { HubSettings } from './settings.ts';
export type { ReadableStore } from './verify.ts';

export interface HubOptions {
  client: KubeClient;
  manager: Manager;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  settings: HubSettings;
  /** Buckets by the name that users write; the hub reads manifests and asks for sizes, nothing else. */
  stores: ReadonlyMap<string, ReadableStore>;
  /** Default: events.k8s.io, by a recorder that the manager runs. */
  events?: Announcer;
  /** What islands elsewhere say. Absent: hub and island are one process, and the island writes its ComputeIsland itself. */
  islandRegistry?: HubRegistry;
  /** Carries IslandJobs to the islands of the registry. */
  link?: Handover;
  /** How long an island may be silent before it counts as unreachable. Default: 30 s. */
  islandSilenceMs?: number;
  /** How long an island that is heard may take to accept an IslandJob. Default: 2 min. */
  claimDeadlineMs?: number;
  /** GPUs that the works of a namespace may use at once; no limit for namespaces that are absent. */
  quotas?: Quotas;
}

const silenceMs = 30_000;

/** Adds the controllers of the hub to the manager and returns them. */
export function createHubControllers(options: HubOptions): Controller[] {
  const { client, manager, clock, random, log, metrics, settings, stores } = options;
  const informers = createInformers(manager);
  const { islands, jobs, shards, trainings } = informers;
  const { islandRegistry: registry, link, quotas, claimDeadlineMs, islandSilenceMs = silenceMs } = options;
  const reach = registry && createReach({ registry, islands: islands.store, clock, silenceMs: islandSilenceMs });
  const known = () => knownWaiting(shards.store, trainings.store);
  const placer = createPlacer({ islands, jobs, clock, quotas, known });
  const away = createAwayIslands({ client, clock, islands: islands.store, reach, link });
  const avoidance = createAvoidance(clock);
  const context: HubContext = {
    ...informers,
    client,
    clock,
    random,
    log,
    metrics,
    settings,
    events: options.events ?? recorder(options),
    once: createOnce(),
    runner: createWorkRunner({ client, clock, jobs: jobs.store, placer, stores, avoidance, away, claimDeadlineMs }),
    away,
    registry,
    storeNames: new Set(stores.keys()),
  };
  const controllers = [createDatasetController(context), createTrainingController(context), createShardController(context)];
  if (reach) controllers.push(createIslandController(context, reach));
  for (const controller of controllers) manager.add(controller);
  return controllers;
}

export interface AdmitOptions
  extends Pick<HubOptions, 'client' | 'manager' | 'clock' | 'random' | 'log' | 'metrics' | 'settings'> {
  islandRegistry: HubRegistry;
  events?: Announcer;
}

/** Whether a cluster may speak as an island; for the link. To be called before the manager runs. */
export function createIslandAdmission(options: AdmitOptions): Admit {
  const { client, manager, clock, islandRegistry: registry } = options;
  const islands = manager.informer(ComputeIslandKind).store;
  return createAdmit({ client, clock, islands, registry, events: options.events ?? recorder(options) });
}

function recorder(options: Omit<AdmitOptions, 'islandRegistry' | 'events'>): Announcer {
  const { client, manager, clock, random, log, metrics, settings } = options;
  const events = createEventRecorder({
    client,
    clock,
    random,
    log,
    metrics,
    controller: 'atoll.dev/hub',
    instance: settings.instance,
  });
  manager.addLoop('events of the hub', (signal) => events.run(signal), { leaderOnly: false });
  return events;
}
