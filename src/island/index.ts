/** Public entry of the island: wires caches, the poller of couriers and the two controllers into a manager. */

import { type Capacity, ComputeIslandKind } from '../api/computeisland.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import type { LogsRequest, ReadLogs } from '../api/islandreport.ts';
import { labels } from '../api/labels.ts';
import type { Clock, Random } from '../clock.ts';
import { createController } from '../kube/controller.ts';
import { configMaps, jobs, type Node, networkPolicies, nodes, pods, services } from '../kube/core.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { forKind, mapped } from '../kube/sources.ts';
import type { Change, Store } from '../kube/store.ts';
import type { KubeClient, KubeObject, Log, PodLogs } from '../kube/types.ts';
import { createAct } from './act.ts';
import { createAdmit } from './admit.ts';
import { capacityOf, slimPod } from './capacity.ts';
import { createIslandReconcile } from './computeisland.ts';
import { deletionPermit } from './deletions.ts';
import { createReadEvidence } from './evidence.ts';
import { createReconcile, islandJobOf } from './islandjob.ts';
import { createReadLogs } from './logs.ts';
import { byIslandJob, createLook, islandJobIndex } from './look.ts';
import { createProgressPoller, type LiveProgress } from './progress.ts';
import { type FetchReport, fetchReport } from './report.ts';
import { defaultConfigurationDeadlineMs, defaultProgressIntervalMs, type IslandSettings } from './settings.ts';
import { createReadEvents, createWarnings } from './warnings.ts';

export { type AdmitJob, createAdmit } from './admit.ts';
export { NoLogError } from './logs.ts';
export type { LiveProgress, LiveReport } from './progress.ts';
export type { FetchReport } from './report.ts';
export type { IslandSettings } from './settings.ts';

export interface IslandOptions {
  /** Without the verb for logs, `logs` of the island says so. */
  readonly client: KubeClient & Partial<PodLogs>;
  readonly manager: Manager;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: KubeMetrics | undefined;
  readonly settings: IslandSettings;
  /** How couriers are asked; over the network by default. */
  readonly fetchReport?: FetchReport;
  /** Whether this cluster holds the ComputeIsland of its own island; not so under a hub, which writes it from what it is told. Default true. */
  readonly selfReport?: boolean;
  /** When the hub was heard last, in ms of `clock`; undefined before. Absent where hub and island are one process. */
  readonly hubHeardAt?: () => number | undefined;
}

export interface Island {
  /** What couriers said last: fresher than any status. */
  readonly progress: LiveProgress;
  /** What is here and what of it is free, counted now. */
  capacity(): Capacity;
  readonly islandJobs: Store<IslandJob>;
  /** Lines of a container's log; throws a `NoLogError` when there is none. */
  readonly logs: ReadLogs;
  /** The same, read with the rights of somebody else. */
  logsWith(reader: Partial<PodLogs>, request: LogsRequest, signal: AbortSignal): AsyncIterable<string>;
}

const WORKERS = 4;

/** Drops what an attempt is told: only its name, owner and labels are ever looked at. */
const withoutData = <T extends KubeObject>({ apiVersion, kind, metadata }: T): T => ({ apiVersion, kind, metadata }) as T;
const slimMap = withoutData<KubeObject>;

/** A node's heartbeats say nothing; that it is gone or marked out of service does. */
function hasNewFate(change: Change<Node>): boolean {
  const taints = (node: Node) => JSON.stringify(node.spec?.taints ?? []);
  return change.type === 'delete' || (change.type === 'update' && taints(change.object) !== taints(change.old));
}

/** Adds everything the island does to the manager; nothing runs before the manager does. */
export function createIslandControllers(options: IslandOptions): Island {
  const { client, manager, clock, random, log, metrics, settings } = options;
  const hubHeardAt = options.hubHeardAt ?? (() => clock.now());
  const ours = { labelSelector: labels.islandJobUid, indexes: { [islandJobIndex]: byIslandJob } };
  const islandJobs = manager.informer(IslandJobKind);
  // What is read of every pod for the sake of capacity is not asked for again; of the rest nothing beyond the admitted namespaces.
  const admitted = { ...ours, namespaces: settings.namespaces };
  const jobInformer = manager.informer(jobs, admitted);
  const podInformer = manager.informer(pods, ours);
  const nodeInformer = manager.informer(nodes);
  const mapInformer = manager.informer(configMaps, { ...admitted, transform: slimMap });
  const serviceInformer = manager.informer(services, { ...admitted, transform: withoutData });
  const policyInformer = manager.informer(networkPolicies, { ...admitted, transform: withoutData });
  const allPods = manager.informer(pods, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed', transform: slimPod });

  const events = createEventRecorder({
    client,
    clock,
    random,
    log,
    metrics,
    controller: 'atoll.dev/island',
    instance: settings.name,
  });
  manager.addLoop('events of the island', (signal) => events.run(signal), { leaderOnly: false });

  const readEvents = createReadEvents(client, log);
  const warnings = createWarnings(readEvents, clock);
  const evidence = createReadEvidence({ client, events: readEvents, clock, log });
  const progress = createProgressPoller({
    pods: () => podInformer.store.list(),
    fetchReport: options.fetchReport ?? fetchReport,
    settings,
    clock,
    log,
    mayDelete: (key) => deletionPermit(islandJobs.store.get(key), hubHeardAt(), clock.now()),
    onReport: (key) => controller.enqueue(key),
  });
  manager.addLoop('progress of couriers', (signal) => progress.run(signal));

  const caches = {
    jobs: jobInformer.store,
    pods: podInformer.store,
    configMaps: mapInformer.store,
    services: serviceInformer.store,
    policies: policyInformer.store,
    nodes: nodeInformer.store,
  };
  const byLabel = (object: KubeObject) => islandJobOf(object, labels.islandJob);
  const podsOfNode = (node: KubeObject) =>
    podInformer.store
      .list()
      .filter((pod) => pod.spec.nodeName === node.metadata.name)
      .flatMap(byLabel);
  const controller = createController({
    name: 'islandjob',
    workers: WORKERS,
    clock,
    random,
    log,
    metrics,
    sources: [
      forKind(islandJobs),
      mapped(jobInformer, byLabel),
      mapped(podInformer, byLabel),
      mapped(mapInformer, byLabel),
      mapped(serviceInformer, byLabel),
      mapped(policyInformer, byLabel),
      mapped(nodeInformer, podsOfNode, { when: hasNewFate }),
    ],
    reconcile: createReconcile({
      client,
      clock,
      store: islandJobs.store,
      look: createLook({ client, caches, progress, warnings, evidence, admit: createAdmit(settings), settings }),
      act: createAct(client, settings),
      events,
      limits: {
        progressIntervalMs: settings.progressIntervalMs ?? defaultProgressIntervalMs,
        configurationDeadlineMs: settings.configurationDeadlineMs ?? defaultConfigurationDeadlineMs,
      },
      settings,
    }),
  });
  manager.add(controller);

  if (options.selfReport ?? true) {
    const islands = manager.informer(ComputeIslandKind);
    const self = () => [{ name: settings.name }];
    manager.add(
      createController({
        name: 'computeisland',
        clock,
        random,
        log,
        metrics,
        sources: [
          mapped(nodeInformer, self),
          mapped(allPods, self),
          mapped(islandJobs, self),
          mapped(islands, self),
          { start: (enqueue) => enqueue({ name: settings.name }) },
        ],
        reconcile: createIslandReconcile({
          client,
          clock,
          settings,
          islands: islands.store,
          islandJobs: islandJobs.store,
          nodes: nodeInformer.store,
          pods: allPods.store,
        }),
      }),
    );
  }
  const logsBy = (reader: Partial<PodLogs>): ReadLogs =>
    createReadLogs({ client: reader, islandJobs: islandJobs.store, pods: podInformer.store, island: settings.name });
  return {
    progress,
    capacity: () => capacityOf(nodeInformer.store.list(), allPods.store.list()),
    islandJobs: islandJobs.store,
    logs: logsBy(client),
    logsWith: (reader, request, signal) => logsBy(reader)(request, signal),
  };
}
