/** The hub: its controllers over one client, one clock and one set of caches. */
import type { Clock, Random } from '../clock.ts';
import type { Controller } from '../kube/controller.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import type { KubeClient, Log } from '../kube/types.ts';
import type { Announcer } from './announce.ts';
import { createInformers, type HubContext } from './context.ts';
import { createDatasetController } from './dataset.ts';
import { createPlacer } from './islands.ts';
import { createWorkRunner } from './runner.ts';
import type { HubSettings } from './settings.ts';
import { createShardController } from './shard.ts';
import { createTrainingController } from './training.ts';
import type { ReadableStore } from './verify.ts';

export type { HubSettings } from './settings.ts';

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
}

/** Adds the controllers of the hub to the manager and returns them. */
export function createHubControllers(options: HubOptions): Controller[] {
  const { client, manager, clock, random, log, metrics, settings, stores } = options;
  const informers = createInformers(manager);
  const placer = createPlacer(informers.islands.store, informers.jobs.store, clock);
  const context: HubContext = {
    ...informers,
    client,
    clock,
    random,
    log,
    metrics,
    settings,
    events: options.events ?? recorder(options),
    runner: createWorkRunner({ client, clock, jobs: informers.jobs.store, placer, stores }),
    storeNames: new Set(stores.keys()),
  };
  const controllers = [createDatasetController(context), createTrainingController(context), createShardController(context)];
  for (const controller of controllers) manager.add(controller);
  return controllers;
}

function recorder({ client, manager, clock, random, log, metrics, settings }: HubOptions): Announcer {
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
