/** What a person can do about a reason or a failure class, in one sentence each. Data. */

const hints: Readonly<Record<string, string>> = {
  Configuration: 'Read the message, correct the spec in a new ExpertTraining, or the Secret or image that it names, and retry.',
  Crash: 'Read the last lines of the log; retry when the cause is gone.',
  OutOfMemory:
    'Ask for more memory in expert.resources, or a smaller batch in params, in a new ExpertTraining; retry starts with the same sizes.',
  NoProgress: 'Look at the stacks at the end of the log; raise expert.stall when a step rightly takes this long.',
  NonFinite: 'Lower the learning rate or look at the data of this shard; retry goes on from the checkpoint before.',
  Application: 'It fails at the same step on different nodes: look at the data and the code of that step.',
  GpuFault: 'Have the node looked at; the work goes on elsewhere.',
  NodeLost: 'Have the node looked at; the work goes on elsewhere.',
  Storage: 'See that the bucket answers from the island and that the credentials there may write; retry.',
  InputDamaged: 'Retry the work whose result is damaged: the message names the key.',
  ManifestInvalid: 'Retry: the published result is not what its work should be.',
  RestartBudgetSpent: 'Read the last failure; when its cause is gone, retry grants a new budget.',
  SkewTooHigh: 'Look at the sizes of the shards; approve the partition, or make a new data set with other settings.',
  NoMatchingIsland: 'Correct placement.islands or gpuProduct, or give an island the label.',
  ExceedsAnyIsland: 'Ask for less, or add a larger island.',
  WaitingForCapacity: 'Wait, or free GPUs: the works with the lowest priority wait longest.',
  QuotaExceeded: 'Wait for other works of the namespace, or ask the administrator for a larger quota.',
  IslandCordoned: 'Uncordon an island.',
  IslandDraining: 'Wait, or end the drain of an island.',
  IslandNotApproved: 'Approve the island: spec.approved of its ComputeIsland.',
  IslandUnreachable:
    'Nothing to do at once: what runs there goes on, and it is heard again when its line is back. See that its agent runs.',
  DatasetNotFound: 'Make the ExpertDataset, or correct spec.dataset in a new ExpertTraining.',
  InvalidSpec: 'Correct the field that the message names in a new ExpertTraining.',
  StoreUnknown: 'Name a store that the operator knows, or have it added to the values of the chart.',
  StoreUnreachable: 'See that the bucket answers and that the credentials are right.',
  DeadlineExceeded: 'Make a new ExpertTraining with a longer deadline; the published checkpoints stay in the bucket.',
  NamespaceNotAdmitted: 'Have the namespace made and admitted on the island.',
  ImageNotAdmitted: 'Have the image admitted on the island, or use one that is.',
  LimitExceeded: 'Ask for fewer GPUs, or have the limit of the island raised.',
  QueueNotFound: 'Correct expert.queueName, or make the queue on the island.',
  PodRefused: 'Correct what the message names: the API server of the island refuses the pod.',
  PartitionFailed: 'Read the failure of the partition; retry when its cause is gone.',
  RouterFailed: 'Read the failure of the router; retry when its cause is gone.',
  EvaluationFailed: 'Read the failure of the evaluation; retry when its cause is gone.',
};

/** The first of the reasons that there is a hint for. */
export function hintFor(...reasons: (string | undefined)[]): string | undefined {
  for (const reason of reasons) {
    const hint = reason === undefined ? undefined : hints[reason];
    if (hint !== undefined) return hint;
  }
  return undefined;
}
