/** Labels, annotations, finalizers and field managers: every name that Atoll writes on objects. */

export const labels = {
  /** uid of the ExpertDataset that owns it. */
  datasetUid: 'atoll.dev/dataset-uid',
  /** uid of the ExpertTraining that owns it. */
  trainingUid: 'atoll.dev/training-uid',
  /** Name of the ExpertTraining. */
  training: 'atoll.dev/training',
  /** Name of the ExpertDataset. */
  dataset: 'atoll.dev/dataset',
  /** Index of the expert, three digits. */
  expert: 'atoll.dev/expert',
  /** What is made: Partition, Expert, Router or Evaluate. */
  role: 'atoll.dev/role',
  /** uid of the IslandJob that it belongs to. */
  islandJobUid: 'atoll.dev/island-job-uid',
  /** Name of the IslandJob that it belongs to. */
  islandJob: 'atoll.dev/island-job',
  /** Number of the placement. */
  placement: 'atoll.dev/placement',
  /** Number of the attempt. */
  attempt: 'atoll.dev/attempt',
  /** Name of the island. */
  island: 'atoll.dev/island',
} as const;

/** On IslandJobs that an island holds for a hub: which object of the hub they mirror. */
export const annotations = {
  /** uid of the hub's IslandJob. */
  hubUid: 'atoll.dev/hub-uid',
  /** metadata.generation of the hub's IslandJob that was applied here last. */
  hubGeneration: 'atoll.dev/hub-generation',
  /** Digest, as the hub gave it, of the fields that may change while it runs; see `liveDigest` of the link. */
  hubLive: 'atoll.dev/hub-live',
  /** Since when the hub does not know it, RFC 3339: what runs goes on, and no new attempt is made. */
  unknownToHub: 'atoll.dev/unknown-to-hub',
} as const;

/** On ComputeIslands, written by the administrator's commands. */
export const islandAnnotations = {
  /** Public key of its NATS user, by which it can be revoked. */
  linkUser: 'atoll.dev/link-user',
  /** IslandJobs that the hub does not know and is to make again: `namespace/name/uid`, joined by commas. */
  adopt: 'atoll.dev/adopt',
  /** IslandJobs that the hub does not know and the island is to stop and remove, written likewise. */
  forget: 'atoll.dev/forget',
} as const;

/** On ExpertTrainings and ExpertDatasets, written by users and by what acts for them: `requests.ts` reads and writes the values. */
export const requestAnnotations = {
  /** Works that are out of budget and get a new one, or whose accepted result is to be replaced. */
  retry: 'atoll.dev/retry',
  /** Works that are to go on elsewhere. */
  move: 'atoll.dev/move',
} as const;

export const finalizers = {
  /** On ExpertDataset, ExpertTraining and ExpertShard; removed by the hub when nothing of them runs. */
  cleanup: 'atoll.dev/cleanup',
  /** On IslandJob, at the hub from its creation; removed once the island has nothing of it left, or never had. */
  island: 'atoll.dev/island',
  /** On Jobs and pods; removed by the island agent once the attempt record is stored. */
  attempt: 'atoll.dev/attempt',
} as const;

export const fieldManagers = {
  hub: 'atoll-hub',
  island: 'atoll-island',
  cli: 'atoll-cli',
  dashboard: 'atoll-dashboard',
} as const;
