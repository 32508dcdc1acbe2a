/** What whoever decides exports about the domain: gauges of its objects and counters of what happens to IslandJobs. */
import type { Registry } from 'prom-client';
import type { Progress } from '../api/work.ts';
import type { Clock } from '../clock.ts';
import { createInformers, type ReadableStore } from '../hub/index.ts';
import type { Informer } from '../kube/informer.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeObject } from '../kube/types.ts';
import { createInstruments } from './instruments.ts';
import { createJobObserver, jobMetricRows } from './jobs.ts';
import { expertGauges } from './objects/expert.ts';
import { registerGauges } from './objects/gauge.ts';
import { islandGauges } from './objects/island.ts';
import { datasetGauges, trainingGauges } from './objects/training.ts';
import { measured, storageMetricRows } from './storage.ts';

export interface HubMetricsOptions {
  registry: Registry;
  manager: Manager;
  clock: Clock;
  /** Absent when leader election is off. */
  lease?: { readonly held: boolean };
  /** Whether to export the gauges of single experts. */
  perExpert: boolean;
  /** Fresher progress than any status, by the uid of the IslandJob. */
  live?: (jobUid: string) => Progress | undefined;
}

/**
 * To be called before the manager runs. A standby has the same objects in its stores: it exports none of them, or every sum over the
 * hub's pods would be doubled.
 */
export function exportHubMetrics(options: HubMetricsOptions): void {
  const { registry, manager, clock, lease, perExpert, live = () => undefined } = options;
  const { trainings, datasets, shards, islands, jobs } = createInformers(manager);
  const leading = () => lease?.held ?? true;
  const context = { live, shardsOf: (uid: string) => shards.store.byIndex('training', uid) };
  const whenLeading =
    <T extends KubeObject>({ store }: Informer<T>) =>
    () =>
      leading() ? store.list() : [];
  registerGauges(registry, trainingGauges, whenLeading(trainings), context);
  registerGauges(registry, datasetGauges, whenLeading(datasets), context);
  registerGauges(registry, islandGauges, whenLeading(islands), context);
  if (perExpert) registerGauges(registry, expertGauges, whenLeading(shards), context);
  jobs.onChange(createJobObserver({ metrics: createInstruments(registry, jobMetricRows), clock, leading }));
}

/** The stores with what is asked of them counted and timed. */
export function measuredStores(
  stores: ReadonlyMap<string, ReadableStore>,
  { registry, clock }: { registry: Registry; clock: Clock },
): Map<string, ReadableStore> {
  const metrics = createInstruments(registry, storageMetricRows);
  return new Map([...stores].map(([name, store]) => [name, measured(name, store, { metrics, clock })]));
}
