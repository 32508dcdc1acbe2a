/** How good the ensemble is, by the way in which its experts are mixed. Types only. */

export interface StrategyView {
  /** Full, Top1, Top2, Oracle, Uniform, ... */
  name: string;
  /** Held-out loss; lower is better. */
  loss?: number;
  /** Held-out loss by shard, when the evaluation says so. */
  lossByShard?: number[];
  /** Fréchet distance, mean over sampling seeds; lower is better. */
  frechet?: number;
  /** Largest minus smallest over the seeds. */
  spread?: number;
  /** Share of samples that a classifier sees as what was asked for. */
  agreement?: number;
  /** The one that the ensemble manifest names. */
  recommended: boolean;
}

export interface EnsembleView {
  manifest: string;
  digest: string;
  /** Indexes of the experts in it, and of those that are missing. */
  present: number[];
  missing: number[];
  parameters?: number;
  routerParameters?: number;
  /** Distance of real data to real data: nothing can be below it. */
  floor?: number;
  strategies: StrategyView[];
  /** Every metric of the manifest as it stands in the status: names that this page does not know too. */
  metrics: Record<string, string>;
  /** Whether the route `grid` has a picture of samples. */
  grid: boolean;
  /** Why details are missing, when the bucket could not be read. */
  note?: string;
}
