/** Minimal valid objects of each kind, to be changed by JSON merge patches: `expertTraining({ spec: { seed: 1 } })`. */
import { type ComputeIsland, computeIslandSpec, computeIslandStatus } from '../../src/api/computeisland.ts';
import { type ExpertDataset, expertDatasetSpec, expertDatasetStatus } from '../../src/api/expertdataset.ts';
import { type ExpertShard, expertShardSpec, expertShardStatus } from '../../src/api/expertshard.ts';
import { type ExpertTraining, expertTrainingSpec, expertTrainingStatus } from '../../src/api/experttraining.ts';
import { type IslandJob, islandJobSpec, islandJobStatus } from '../../src/api/islandjob.ts';
import { apiVersion } from '../../src/api/kind.ts';
import type { ObjectMeta } from '../../src/kube/types.ts';

export type Json = Record<string, unknown>;

export const digest = (letter = 'a') => `sha256:${letter.repeat(64)}`;
export const uid = (letter = '1') => `${letter.repeat(8)}-0000-4000-8000-000000000000`;
export const at = '2026-01-02T03:04:05Z';

const resources = { cpu: '1', memory: '1Gi' };
const metadata = (name: string) => ({ name, namespace: 'default' });

/** What a user, or the hub, must write at the least. */
export const minimal = {
  ExpertDataset: {
    apiVersion,
    kind: 'ExpertDataset',
    metadata: metadata('digits'),
    spec: { source: { prefix: 'raw/digits/' }, partition: { experts: 4 } },
  },
  ExpertTraining: {
    apiVersion,
    kind: 'ExpertTraining',
    metadata: metadata('digits'),
    spec: { dataset: 'digits', expert: { resources } },
  },
  ExpertShard: {
    apiVersion,
    kind: 'ExpertShard',
    metadata: metadata('digits-e003'),
    spec: {
      training: 'digits',
      trainingUid: uid(),
      index: 3,
      experts: 4,
      dataset: { manifest: 'atoll/default.digits.11111111/dataset/p1a1/final/manifest.json', digest: digest() },
    },
  },
  ComputeIsland: { apiVersion, kind: 'ComputeIsland', metadata: { name: 'local' }, spec: {} },
  IslandJob: {
    apiVersion,
    kind: 'IslandJob',
    metadata: metadata('digits-11111111-e003-p1'),
    spec: {
      island: 'local',
      role: 'Expert',
      work: {
        namespace: 'default',
        owner: { kind: 'ExpertTraining', name: 'digits', uid: uid() },
        training: 'digits',
        index: 3,
        experts: 4,
      },
      placement: 1,
      container: { image: 'registry.example/trainer:1', resources },
      output: { store: 'default', prefix: 'atoll/default.digits.11111111/experts/003/' },
    },
  },
} as const satisfies Record<string, Json>;

export type KindName = keyof typeof minimal;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386: members of `patch` replace those of `base`, null removes. */
export function patched(base: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = patched(merged[key], value);
  }
  return merged;
}

/** The minimal object of a kind with this patch, not checked by anything. */
export function raw(kind: KindName, patch: Json = {}): Json {
  return patched(minimal[kind], patch) as Json;
}

interface Parser<T> {
  parse(value: unknown): T;
}

/** As the API server would give it back: the patch applied, defaults filled in. */
function build<Spec, Status>(kind: KindName, patch: Json, spec: Parser<Spec>, status: Parser<Status>) {
  const object = raw(kind, patch);
  return {
    metadata: { uid: uid(), resourceVersion: '1', generation: 1, creationTimestamp: at, ...(object['metadata'] as ObjectMeta) },
    spec: spec.parse(object['spec']),
    ...(object['status'] !== undefined && { status: status.parse(object['status']) }),
  };
}

export function expertDataset(patch: Json = {}): ExpertDataset {
  return { apiVersion, kind: 'ExpertDataset', ...build('ExpertDataset', patch, expertDatasetSpec, expertDatasetStatus) };
}

export function expertTraining(patch: Json = {}): ExpertTraining {
  return { apiVersion, kind: 'ExpertTraining', ...build('ExpertTraining', patch, expertTrainingSpec, expertTrainingStatus) };
}

export function expertShard(patch: Json = {}): ExpertShard {
  return { apiVersion, kind: 'ExpertShard', ...build('ExpertShard', patch, expertShardSpec, expertShardStatus) };
}

export function computeIsland(patch: Json = {}): ComputeIsland {
  return { apiVersion, kind: 'ComputeIsland', ...build('ComputeIsland', patch, computeIslandSpec, computeIslandStatus) };
}

export function islandJob(patch: Json = {}): IslandJob {
  return { apiVersion, kind: 'IslandJob', ...build('IslandJob', patch, islandJobSpec, islandJobStatus) };
}
