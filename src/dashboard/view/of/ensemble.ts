/** ensemble.json, metrics.json and the metrics of the status → what the dashboard shows of an ensemble. Whatever they hold is shown or left out. Pure. */
import { z } from 'zod';
import type { EnsembleView, StrategyView } from '../ensemble.ts';
import { defined, finite } from './facts.ts';

const number = z.number().optional().catch(undefined);
const indexes = z.array(z.int().min(0).max(255)).max(256).catch([]);

const metricsFile = z.looseObject({
  strategies: z
    .record(
      z.string().max(64),
      z.looseObject({
        heldOutLoss: number,
        heldOutLossByShard: z.array(z.number()).max(256).optional().catch(undefined),
        frechet: number,
        frechetSpread: number,
        agreement: number,
      }),
    )
    .catch({}),
  floor: number,
  recommended: z.string().max(64).optional().catch(undefined),
  parameters: number,
  routerParameters: number,
  present: indexes,
});

const ensembleFile = z.looseObject({ missing: indexes });

export interface EnsembleSource {
  manifest: string;
  digest: string;
  /** Of the status: decimal texts. */
  metrics: Readonly<Record<string, string>>;
  /** Parsed JSON of the files; undefined where there is none or it is no JSON. */
  metricsFile?: unknown;
  ensembleFile?: unknown;
  grid: boolean;
  note?: string;
}

export function ensembleView(source: EnsembleSource): EnsembleView {
  const { manifest, digest, metrics, grid, note } = source;
  const file = metricsFile.safeParse(source.metricsFile).data;
  const missing = ensembleFile.safeParse(source.ensembleFile).data?.missing ?? [];
  const fromFile = Object.entries(file?.strategies ?? {}).map(
    ([name, one]): StrategyView =>
      defined({
        name,
        loss: one.heldOutLoss,
        lossByShard: one.heldOutLossByShard,
        frechet: one.frechet,
        spread: one.frechetSpread,
        agreement: one.agreement,
        recommended: name === file?.recommended,
      }),
  );
  return defined({
    manifest,
    digest,
    present: file?.present ?? [],
    missing,
    parameters: file?.parameters ?? finite(metrics['parameters']),
    routerParameters: file?.routerParameters ?? finite(metrics['parameters.router']),
    floor: file?.floor ?? finite(metrics['fd.floor']),
    strategies: fromFile.length > 0 ? fromFile : fromMetrics(metrics),
    metrics: { ...metrics },
    grid,
    note,
  });
}

/** The flat numbers of the status: `fd.top1`, `fd.top1.spread`, `val.top1`, `agree.top1`. */
function fromMetrics(metrics: Readonly<Record<string, string>>): StrategyView[] {
  const names = Object.keys(metrics).flatMap((key) => /^(?:val|fd)\.([a-z][a-z0-9]*)$/.exec(key)?.[1] ?? []);
  return [...new Set(names)]
    .filter((name) => !['floor', 'best'].includes(name))
    .map((name) =>
      defined({
        name,
        loss: finite(metrics[`val.${name}`]),
        frechet: finite(metrics[`fd.${name}`]),
        spread: finite(metrics[`fd.${name}.spread`]),
        agreement: finite(metrics[`agree.${name}`]),
        recommended: metrics['fd.best'] !== undefined && metrics['fd.best'] === metrics[`fd.${name}`],
      }),
    );
}
