/** The start of a run: what its spec names is checked, and what must not change any more is frozen. Pure. */
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertTraining, ExpertTrainingStatus } from '../api/experttraining.ts';
import { timestamp } from '../clock.ts';
import { wrongOverride } from './overrides.ts';
import type { HubSettings } from './settings.ts';
import { imageOf } from './templates.ts';
import type { Why } from './work.ts';

/** Why a run cannot start; nothing once it has started. */
export function invalidSpec(
  { spec, status }: ExpertTraining,
  dataset: ExpertDataset | undefined,
  stores: ReadonlySet<string>,
): Why | undefined {
  if (status?.snapshot?.dataset) return undefined;
  if (!stores.has(spec.storage.store)) return storeUnknown('spec.storage.store', spec.storage.store, stores);
  if (!dataset || dataset.metadata.deletionTimestamp !== undefined) {
    return {
      reason: 'DatasetNotFound',
      message: `spec.dataset is ${spec.dataset}; no such ExpertDataset is in the namespace: create it`,
    };
  }
  const { experts } = dataset.spec.partition;
  const { minExperts } = spec.completion;
  if (minExperts !== undefined && minExperts > experts) {
    const message = `spec.completion.minExperts is ${minExperts} and must be at most ${experts}, the experts of data set ${spec.dataset}`;
    return { reason: 'InvalidSpec', message };
  }
  const override = wrongOverride(spec, experts);
  if (override !== undefined) return { reason: 'InvalidSpec', message: override };
  if (spec.evaluation && !spec.router && experts > 1) {
    const message = `spec.router is missing: spec.evaluation of ${experts} experts needs one to weigh them; add it, or leave out spec.evaluation`;
    return { reason: 'InvalidSpec', message };
  }
  return undefined;
}

export function storeUnknown(field: string, store: string, stores: ReadonlySet<string>): Why {
  const known = [...stores].join(', ') || 'none';
  return { reason: 'StoreUnknown', message: `${field} is ${store}; the operator's settings name: ${known}` };
}

/** The training with its snapshot when it can start now, else as it is. */
export function startRun(
  training: ExpertTraining,
  dataset: ExpertDataset | undefined,
  settings: HubSettings,
  now: number,
): ExpertTraining {
  const { spec, status } = training;
  const { manifest, digest, state } = dataset?.status ?? {};
  if (status?.snapshot?.dataset || spec.suspend || !dataset || state !== 'Ready' || !manifest || !digest) return training;
  const images: Record<string, string> = { Expert: imageOf(spec.expert, settings) };
  if (spec.router) images.Router = imageOf(spec.router, settings);
  if (spec.evaluation) images.Evaluate = imageOf(spec.evaluation, settings);
  const frozen = {
    manifest,
    digest,
    store: dataset.spec.storage.store,
    uid: dataset.metadata.uid ?? '',
    experts: dataset.spec.partition.experts,
  };
  return withStatus(training, { snapshot: { dataset: frozen, images }, startedAt: timestamp(now) });
}

const noStatus: ExpertTrainingStatus = {
  state: 'Pending',
  experts: { total: 0, running: 0, accepted: 0, blocked: 0 },
  display: {},
  conditions: [],
};

/** The training as it will be once these fields are stored. */
export function withStatus(training: ExpertTraining, fields: Partial<ExpertTrainingStatus>): ExpertTraining {
  return Object.keys(fields).length === 0 ? training : { ...training, status: { ...noStatus, ...training.status, ...fields } };
}
