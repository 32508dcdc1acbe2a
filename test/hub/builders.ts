/** Builders of objects for tests of the hub: valid by default, each test says only what it is about. */
import { type ComputeIsland, ComputeIslandKind, computeIslandSpec } from '../../src/api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind, expertDatasetSpec } from '../../src/api/expertdataset.ts';
import { type ExpertTraining, ExpertTrainingKind, expertTrainingSpec } from '../../src/api/experttraining.ts';
import { type IslandJob, type IslandJobStatus, islandJobSpec } from '../../src/api/islandjob.ts';
import { apiVersion } from '../../src/api/kind.ts';
import type { PublishedCheckpoint, WorkStatus } from '../../src/api/work.ts';

export const namespace = 'research';
export const digest = (letter: string) => `sha256:${letter.repeat(64).slice(0, 64)}`;
export const at = '2026-01-01T00:00:00Z';
export const now = Date.parse(at);

type Input<T extends { parse(input: unknown): unknown }> = Record<string, unknown> & {
  [K in keyof ReturnType<T['parse']>]?: unknown;
};

export function dataset(spec: Input<typeof expertDatasetSpec> = {}): Omit<ExpertDataset, 'apiVersion' | 'kind'> {
  return {
    metadata: { name: 'digits', namespace },
    spec: expertDatasetSpec.parse({
      source: { prefix: 'raw/' },
      storage: { prefix: 'atoll/' },
      partition: { experts: 4 },
      ...spec,
    }),
  };
}

export function training(
  spec: Input<typeof expertTrainingSpec> = {},
  name = 'digits',
): Omit<ExpertTraining, 'apiVersion' | 'kind'> {
  const part = { resources: { cpu: '1', memory: '1Gi' } };
  return {
    metadata: { name, namespace },
    spec: expertTrainingSpec.parse({
      dataset: 'digits',
      storage: { prefix: 'atoll/' },
      expert: { ...part, params: { steps: 100 } },
      router: part,
      evaluation: part,
      ...spec,
    }),
  };
}

export function island(name = 'local', spec: Input<typeof computeIslandSpec> = {}): Omit<ComputeIsland, 'apiVersion' | 'kind'> {
  return {
    metadata: { name },
    spec: computeIslandSpec.parse(spec),
    status: { state: 'Ready', jobs: 0, display: {}, conditions: [], capacity: { cpu: '8', memory: '32Gi', gpus: [] } },
  };
}

/** An IslandJob of expert 0 as a table row says it. */
export function job(placement: number, status: Partial<IslandJobStatus> = {}, spec: Partial<IslandJob['spec']> = {}): IslandJob {
  return {
    apiVersion,
    kind: 'IslandJob',
    metadata: { name: `job-p${placement}`, namespace, uid: `job-uid-${placement}`, resourceVersion: '1' },
    spec: {
      ...islandJobSpec.parse({
        island: 'local',
        role: 'Expert',
        work: {
          namespace,
          owner: { kind: 'ExpertTraining', name: 'digits', uid: 'run-uid' },
          training: 'digits',
          index: 0,
          experts: 4,
        },
        placement,
        container: { image: 'ddm', resources: { cpu: '1', memory: '1Gi' } },
        output: { store: 'default', prefix: 'atoll/research.digits.runuid/experts/000/' },
      }),
      ...spec,
    },
    status: { revision: 1, state: 'Pending', attempt: 0, restarts: 0, attempts: [], display: {}, conditions: [], ...status },
  };
}

export function checkpoint(fields: Partial<PublishedCheckpoint> = {}): PublishedCheckpoint {
  return {
    manifest: 'some/manifest.json',
    digest: digest('c'),
    step: 10,
    bytes: 1,
    attempt: 1,
    at,
    final: false,
    kind: 'Resumable',
    ...fields,
  };
}

export function work(fields: Partial<WorkStatus> = {}): WorkStatus {
  return { placement: 0, attempt: 0, restarts: 0, state: 'Waiting', ...fields };
}

export { ComputeIslandKind, ExpertDatasetKind, ExpertTrainingKind };
