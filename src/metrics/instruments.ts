/** Metrics as rows of tables: from one row come the prom-client instrument and its line in the documentation. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Units as Prometheus has them: base units, said by the end of the name. */
export const units = ['seconds', 'bytes', 'ratio', 'timestamp'] as const;
export type Unit = (typeof units)[number];

interface Described {
  /** Never renamed: dashboards and alerts of users hang on it. */
  readonly name: string;
  /** One sentence, without a dot at its end. */
  readonly help: string;
  /** Absent: a plain number. */
  readonly unit?: Unit;
  readonly labels?: readonly string[];
  /** Who sets it and when. */
  readonly from: string;
}

export interface CounterRow extends Described {
  readonly type: 'counter';
}

export interface GaugeRow extends Described {
  readonly type: 'gauge';
}

export interface HistogramRow extends Described {
  readonly type: 'histogram';
  /** Upper bounds, in the row's unit. */
  readonly buckets: readonly number[];
}

export type Row = CounterRow | GaugeRow | HistogramRow;
export type Rows = Readonly<Record<string, Row>>;

type LabelOf<R extends Row> = R extends { readonly labels: readonly (infer L extends string)[] } ? L : never;
type InstrumentOf<R extends Row> = R['type'] extends 'counter'
  ? Counter<LabelOf<R>>
  : R['type'] extends 'gauge'
    ? Gauge<LabelOf<R>>
    : Histogram<LabelOf<R>>;

export type Instruments<T extends Rows> = { readonly [K in keyof T]: InstrumentOf<T[K]> };

/** The instruments of a table, registered. `collect` is called for a gauge at each scrape, before it is read. */
export function createInstruments<T extends Rows>(
  registry: Registry,
  rows: T,
  collect: { readonly [K in keyof T]?: () => void } = {},
): Instruments<T> {
  const entries = Object.entries(rows).map(([key, row]) => [key, createInstrument(registry, row, collect[key])]);
  return Object.fromEntries(entries) as Instruments<T>;
}

function createInstrument(registry: Registry, row: Row, collect?: () => void): Counter | Gauge | Histogram {
  if (row.type === 'counter') return new Counter(configuration(registry, row));
  if (row.type === 'histogram') return new Histogram({ ...configuration(registry, row), buckets: [...row.buckets] });
  return createGauge(registry, row, collect);
}

export function createGauge(registry: Registry, row: GaugeRow, collect?: () => void): Gauge {
  return new Gauge({ ...configuration(registry, row), ...(collect && { collect }) });
}

const configuration = (registry: Registry, { name, help, labels = [] }: Row) => ({
  name,
  help,
  labelNames: [...labels],
  registers: [registry],
});
