/** Gauges of objects: read from the informers' stores at each scrape, so that a series goes with its object. */
import type { Gauge, Registry } from 'prom-client';
import type { ExpertShard } from '../../api/expertshard.ts';
import type { Progress } from '../../api/work.ts';
import type { KubeObject } from '../../kube/types.ts';
import { createGauge, type GaugeRow } from '../instruments.ts';

/** Values of the labels, in the order of the row's. */
export type Sample = readonly [labels: readonly string[], value: number];

export interface Context {
  /** Fresher progress than any status, by the uid of the IslandJob. */
  readonly live: (jobUid: string) => Progress | undefined;
  /** The experts of a training, by its uid. */
  readonly shardsOf: (trainingUid: string) => readonly ExpertShard[];
}

export interface ObjectGauge<T extends KubeObject> extends GaugeRow {
  readonly labels: readonly string[];
  samples(object: T, context: Context): Iterable<Sample>;
}

/** Adds the type, which is the same for all. */
export const gauges = <T extends KubeObject>(...list: Omit<ObjectGauge<T>, 'type'>[]): ObjectGauge<T>[] =>
  list.map((one) => ({ type: 'gauge', ...one }));

/** Registers gauges that are filled from `objects` at each scrape. */
export function registerGauges<T extends KubeObject>(
  registry: Registry,
  list: readonly ObjectGauge<T>[],
  objects: () => readonly T[],
  context: Context,
): void {
  for (const row of list) {
    const gauge: Gauge = createGauge(registry, row, () => fill(gauge, row, objects(), context));
  }
}

function fill<T extends KubeObject>(gauge: Gauge, row: ObjectGauge<T>, objects: readonly T[], context: Context): void {
  gauge.reset();
  for (const object of objects)
    for (const [values, value] of row.samples(object, context)) {
      if (!Number.isFinite(value)) continue;
      gauge.set(Object.fromEntries(row.labels.map((label, at) => [label, values[at] ?? ''])), value);
    }
}

/** Seconds since the Unix epoch; nothing when there is no time. */
export function* secondsOf(labels: readonly string[], time: string | undefined): Iterable<Sample> {
  if (time !== undefined) yield [labels, Date.parse(time) / 1000];
}

/** One series for each state, 1 for the present one: so that a change of state is no gap. */
export function* stateSet(labels: readonly string[], states: readonly string[], now: string): Iterable<Sample> {
  for (const state of states) yield [[...labels, state], state === now ? 1 : 0];
}
