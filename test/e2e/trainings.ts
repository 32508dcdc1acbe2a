/** Builders of what a user would apply: a data set of two shards, and trainings of two experts that take half a minute. */

export const namespace = 'research';
export const dataset = 'digits';
export const experts = 2;

/** Steps of one expert; at a quarter of a CPU they last about 15 seconds, and a checkpoint comes every one and a half. */
export const steps = 1500;
export const checkpointEvery = 150;

const small = { width: 16, blocks: 1 };
const expertParams = { ...small, steps, globalBatch: 32, checkpointEvery, reportEvery: 10, warmup: 10 };

const byClusters = { method: 'Clusters', clusters: { features: 'Pca', fine: 16, balance: true, seed: 0 } };

export function datasetManifest(partition: object = byClusters, cpu = '1'): object {
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertDataset',
    metadata: { name: dataset, namespace },
    spec: {
      source: { store: 'default', prefix: 'raw/digits/', format: 'Npz' },
      storage: { store: 'default', prefix: 'atoll/' },
      partition: { experts, ...partition },
      job: { resources: { cpu, memory: '1Gi' } },
    },
  };
}

export interface TrainingOptions {
  /** More params of the expert. */
  params?: Record<string, unknown>;
  /** Of an expert; default 250m, so that three runs fit on two cores. */
  cpu?: string;
  /** With a router and an evaluation, which take another half minute. */
  whole?: boolean;
}

/** Any two trainings made here with the same params end with the same weights, to the bit. */
export function trainingManifest(name: string, { params = {}, cpu = '250m', whole = false }: TrainingOptions = {}): object {
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertTraining',
    metadata: { name, namespace },
    spec: {
      dataset,
      storage: { store: 'default', prefix: 'atoll/' },
      seed: 7,
      expert: {
        resources: { cpu, memory: '640Mi' },
        params: { ...expertParams, ...params },
        checkpoint: { keep: 2 },
        retry: { maxRestarts: 3, backoff: { initial: '1s', max: '5s' } },
        grace: { save: '60s', publish: '60s' },
      },
      ...(whole ? { router: router(), evaluation: evaluation() } : {}),
    },
  };
}

const router = () => ({
  start: 'WhenDatasetReady',
  resources: { cpu: '250m', memory: '640Mi' },
  params: { ...small, steps: 60, batch: 32, reportEvery: 10 },
});

const evaluation = () => ({
  resources: { cpu: '1', memory: '1Gi' },
  params: {
    strategies: ['Full', 'Top1'],
    samples: 100,
    samplingSeeds: [11],
    samplingSteps: 2,
    repeats: 1,
    classifierSteps: 20,
    gridColumns: 4,
    gridClasses: 2,
  },
});
