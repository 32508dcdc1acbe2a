/** The one thing to change so that something goes on, for every reason that keeps it. Pure. */
import type { Reason } from '../api/reasons.ts';
import { type Demand, nearness, wanted } from '../hub/placement.ts';

/** Why one island does not take a work. */
export interface Refusal {
  island: string;
  reason: Reason;
  message: string;
}

/** What a sentence of advice speaks of. */
export interface About {
  run: string;
  dataset: string;
  /** Index of an expert, or router, evaluation or partition; absent for the run as a whole. */
  work?: number | 'router' | 'evaluation' | 'partition' | undefined;
}

/** What to change about a work that no island takes: about the island that is nearest to taking it. */
export function placementAdvice(demand: Demand, refusals: readonly Refusal[]): string {
  const rank = ({ reason }: Refusal) => (nearness.includes(reason) ? nearness.indexOf(reason) : nearness.length);
  const nearestOne = refusals.toSorted((a, b) => rank(a) - rank(b))[0];
  if (!nearestOne) return 'add an island: atoll island add NAME';
  const { island, reason } = nearestOne;
  switch (reason) {
    case 'WaitingForCapacity':
      return `wait until island ${island} has ${wanted(demand).replace(' asked', '')} free (atoll top says who uses them), or ask for fewer in resources.gpus`;
    case 'IslandUnreachable':
      return `bring island ${island} back: atoll island check ${island} says what is wrong`;
    case 'IslandDraining':
      return `let island ${island} take work again: atoll island undrain ${island}`;
    case 'IslandCordoned':
      return `let island ${island} take work again: atoll island uncordon ${island}`;
    case 'IslandNotApproved':
      return `approve island ${island}: kubectl patch computeisland ${island} --type merge -p '{"spec":{"approved":true}}'`;
    case 'ExceedsAnyIsland':
      return `ask for fewer GPUs in resources.gpus (island ${island} ${nearestOne.message}), or add an island that is larger`;
    case 'NoMatchingIsland':
      return demand.gpuProduct !== undefined && nearestOne.message.includes('GPU of model')
        ? `ask in resources.gpuProduct for a model that an island has (atoll get islands -o wide), or leave it out: ${demand.gpuProduct} is not there`
        : `give an island the labels of placement.islands.matchLabels (kubectl label computeisland ${island} KEY=VALUE), or change those: ${nearestOne.message}`;
    default:
      return adviceFor(reason, { run: '', dataset: '' });
  }
}

type Advice = (about: About) => string;
const retry: Advice = ({ run, work }) =>
  typeof work === 'number' ? `atoll retry ${run} -e ${work}` : `atoll retry ${run} --${work ?? 'router'}`;
const fixThenRetry =
  (what: string): Advice =>
  (about) =>
    `${what}, then ${retry(about)}`;
const wait =
  (what: string): Advice =>
  () =>
    `nothing: ${what}`;

const goesOn = wait('it goes on by itself from the newest checkpoint that verifies');

/** Reasons with which nothing is kept, or that stand in events alone. */
type Passing =
  | 'Accepted'
  | 'AllExpertsAccepted'
  | 'AllExpertsPlaced'
  | 'CapacityKnown'
  | 'CheckpointDamaged'
  | 'CheckpointPublished'
  | 'CheckpointQuarantined'
  | 'DatasetReady'
  | 'EnsemblePublished'
  | 'EnoughExpertsAccepted'
  | 'NotNeeded'
  | 'ExpertsRunning'
  | 'Ready'
  | 'Joined'
  | 'JobsKnown'
  | 'Moved'
  | 'Retried'
  | 'InputsReplaced'
  | 'Adopted'
  | 'Resumed'
  | 'RouterAccepted'
  | 'RouterRunning'
  | 'EvaluationRunning'
  | 'Running'
  | 'SpecValid'
  | 'Started'
  | 'Succeeded'
  | 'NodeAvoided'
  | 'NodeAvoidanceDropped'
  | 'StateWentBack';

/** Every other reason has an answer: the compiler says which is missing. */
const advices: Record<Exclude<Reason, Passing>, Advice> = {
  DatasetNotFound: ({ dataset }) => `make the ExpertDataset ${dataset} in the same namespace; atoll init writes one`,
  DatasetNotReady: wait('it starts when the data set is partitioned'),
  Partitioning: wait('it starts when the data set is partitioned'),
  SkewTooHigh: ({ dataset }) =>
    `accept the skew by setting spec.approve of ExpertDataset ${dataset} to its status.digest, or make another with method Random or more clusters.fine`,
  Suspended: ({ run }) => `atoll resume ${run}`,
  InvalidSpec: () => 'make a new ExpertTraining with the field that the message names changed',
  StoreUnknown: () => 'name a store that the message lists, in a new ExpertTraining',
  StoreUnreachable: () => 'see that the store answers: atoll check asks it',
  QuotaExceeded: ({ run }) =>
    `end or suspend another run of the namespace, ask for fewer GPUs, or raise quotas in the hub's values (for ${run})`,
  IslandUnreachable: wait(
    'what runs there goes on, and is heard of again when its line is back; atoll island check says how its island stands',
  ),
  IslandCordoned: () => 'let an island take work again: atoll island uncordon NAME',
  IslandDraining: () => 'let an island take work again: atoll island undrain NAME',
  IslandNotApproved: () => 'approve the island: spec.approved of its ComputeIsland',
  IslandToLeave: () => 'add another island that fits: it is not to go on where it was',
  IslandLost: wait('it is placed on another island'),
  IslandRemoved: wait('it is placed on another island'),
  NoMatchingIsland: () => 'correct placement.islands or resources.gpuProduct in a new run, or give an island the label',
  ExceedsAnyIsland: () => 'ask for fewer GPUs in resources.gpus of a new run, or add a larger island',
  WaitingForCapacity: wait('it is placed when GPUs are free; atoll top says who uses them'),
  WaitingForJoin: () => 'install the chart in the cluster of the island, with the values that atoll island add wrote',
  ClaimDeadlineExceeded: wait('another island is asked'),
  QueueDeadlineExceeded: fixThenRetry('give the queue on the island more quota, or raise queueDeadline in a new run'),
  WaitingForIsland: wait('its island is asked to take it; after claimDeadline (2m) another one is'),
  WaitingForQueue: wait('Kueue admits it on the island when its queue has room'),
  QueueNotFound: fixThenRetry('make the LocalQueue on the island and install Kueue there, or leave queueName out'),
  WaitingForRetry: wait('the next attempt starts when the back-off is over'),
  WaitingForExperts: wait('it starts when the experts are complete'),
  WaitingForRouter: wait('it starts when the router is accepted'),
  WaitingForPod: wait('its pod is being started; kubectl describe pod on the island says what it waits for'),
  WaitingToMove: wait('it goes on where it is until the island that it is to go to has room; the message says what is missing'),
  MoveRequested: wait('it saves a checkpoint, stops, and goes on elsewhere'),
  DeletionPending: wait('it is being deleted and waits for its pods to stop'),
  Stopping: wait('its last checkpoint is being saved and published'),
  Publishing: wait('its result is being published'),
  Stopped: wait('its owner stopped it'),
  Disruption: goesOn,
  AttemptTaken: goesOn,
  NodeLost: goesOn,
  GpuFault: wait('it goes on by itself on another node; have the node of the failure looked at'),
  NamespaceNotAdmitted: () => 'make the namespace on the island, or add it to namespaces in the values of the island',
  ImageNotAdmitted: () => 'add the image to admit.images in the values of the island, or use one that it admits',
  LimitExceeded: () => 'ask for fewer GPUs, or raise admit.maxGpus in the values of the island',
  JobInvalid: () => 'upgrade the island: it does not know a field that the hub sends',
  ProtocolUnsupported: () => 'upgrade the older of hub and island: atoll version says which',
  Configuration: fixThenRetry(
    'where the spec is wrong, make a new run, since it is frozen; else correct what the message says, as in a Secret',
  ),
  Crash: fixThenRetry('correct what its last lines say'),
  Storage: fixThenRetry('see that the store answers from its island, and that the Secret there may write'),
  NoProgress: fixThenRetry(
    'look where the stacks in its last lines stand; where steps rightly take so long, raise stall in a new run',
  ),
  NonFinite: fixThenRetry('look at the data of that step, or lower the learning rate or clip gradients in a new run'),
  GangMemberFailed: fixThenRetry('correct what the last lines of the pod that failed say'),
  PodRefused: fixThenRetry('correct what the API server of the island says'),
  NameTaken: fixThenRetry('delete or rename the object that the message names: it belongs to something else'),
  PartitionFailed: ({ run }) => `correct what the message says, then atoll retry ${run} --partition`,
  OutOfMemory: fixThenRetry('raise resources.memory or resources.scratch in an override of a new run'),
  InputDamaged: fixThenRetry('replace the damaged input that the message names (for an expert: atoll retry of that one)'),
  Application: fixThenRetry('correct the program or its data at the step that the message names'),
  RestartBudgetSpent: fixThenRetry('find why it failed (atoll logs, atoll events)'),
  ManifestInvalid: fixThenRetry('see what changed the object in the bucket that the message names'),
  ExpertBlocked: ({ run }) => `retry the blocked expert: atoll explain ${run} names it`,
  ExpertFailed: () => 'make a new run: completion.onExpertFailed is Fail, so that the first blocked expert ends it',
  RouterFailed: ({ run }) => `correct what the message says, then atoll retry ${run} --router`,
  EvaluationFailed: ({ run }) => `correct what the message says, then atoll retry ${run} --evaluation`,
  RetryIgnored: () => 'ask again as the message says',
  MoveIgnored: () => 'ask again as the message says',
  RequestInvalid: () => 'correct the annotation that the message names; atoll retry and atoll move write it',
  UnknownJobs: () => 'decide about the works that the hub does not know: atoll island adopt NAME, or atoll island forget NAME',
  ClusterChanged: () => 'let the new cluster join: atoll island add NAME --replace',
  JoinRefused: () => 'make a new join token: atoll island add NAME --replace',
  DeadlineExceeded: () => 'make a new run with a longer spec.deadline',
};

/** What to change about a work or run that stands where it stands for this reason. */
export function adviceFor(reason: string, about: About): string {
  const known: Partial<Record<string, Advice>> = advices;
  return known[reason]?.(about) ?? 'what the message says';
}
