/** Labels, annotations, finalizers and field managers: every name that Atoll writes on objects. */

export const labels = {
  datasetUid: 'atoll.dev/dataset-uid',
  trainingUid: 'atoll.dev/training-uid',
  training: 'atoll.dev/training',
  dataset: 'atoll.dev/dataset',
  expert: 'atoll.dev/expert',
  role: 'atoll.dev/role',
  islandJobUid: 'atoll.dev/island-job-uid',
  islandJob: 'atoll.dev/island-job',
  placement: 'atoll.dev/placement',
  attempt: 'atoll.dev/attempt',
  island: 'atoll.dev/island',
} as const;

export const finalizers = {
  /** On ExpertDataset, ExpertTraining and ExpertShard; removed by the hub when nothing of them runs. */
  cleanup: 'atoll.dev/cleanup',
  /** On IslandJob; removed by the island agent when no pod of it is left. */
  island: 'atoll.dev/island',
  /** On Jobs and pods; removed by the island agent once the attempt record is stored. */
  attempt: 'atoll.dev/attempt',
} as const;

export const fieldManagers = { hub: 'atoll-hub', island: 'atoll-island' } as const;
