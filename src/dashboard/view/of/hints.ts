/**
 * What a person can do about a reason that the hub gives, in one sentence each. What to do about a failure comes from the island, with the rule
 * that recognised it.
 */
import type { WorkState } from '../../../api/work.ts';

const hints: Readonly<Record<string, string>> = {
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

export function hintFor(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : hints[reason];
}

/**
 * What to do about the failure that a work stands at. The rule that an island found says it best; where the work waits for another reason,
 * such as a budget that is spent, that comes first: the rule spoke of the next try.
 */
export function hintOf(
  state: WorkState,
  reason: string | undefined,
  failure: { class?: string; hint?: string | undefined } | undefined,
) {
  const other = state === 'Blocked' && reason !== failure?.class ? hintFor(reason) : undefined;
  return other ?? failure?.hint;
}
