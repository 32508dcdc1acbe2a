/** The closed list of condition, work and event reasons. It is part of the API: each has one line of documentation. */

export const reasons = {
  // What has been accepted, and what is going well.
  Accepted: 'The final manifest was checked against the store and counts.',
  AllExpertsAccepted: 'Every expert has an accepted final manifest.',
  AllExpertsPlaced: 'Every expert that is not accepted or blocked has a placement on an island.',
  CapacityKnown: 'The island has reported its nodes and free GPUs.',
  CheckpointDamaged: 'A checkpoint in the store does not verify; the attempt goes on from the one before it.',
  CheckpointPublished: 'A checkpoint is in the store and its manifest verifies.',
  DatasetReady: 'The data set is partitioned and its manifest was accepted.',
  EnsemblePublished: 'The ensemble manifest is in the store and was accepted; nothing is left to do.',
  EnoughExpertsAccepted: 'At least completion.minExperts experts are accepted and the others are blocked.',
  NotNeeded: 'The spec does not ask for this part.',
  ExpertsRunning: 'Experts are being trained.',
  Partitioning: 'The data set is being cut into shards.',
  Ready: 'The island is ready for work.',
  Resumed: 'The trainer of an attempt has started from a checkpoint.',
  RouterAccepted: 'The router has an accepted final manifest.',
  RouterRunning: 'The router is being trained.',
  EvaluationRunning: 'The ensemble is being evaluated.',
  Running: 'The trainer is running.',
  SpecValid: 'The spec was checked against everything that it names.',
  Started: 'The pods of an attempt have been created.',
  Succeeded: 'The attempt published its final manifest.',
  // What waits, and for what.
  DatasetNotFound: 'No ExpertDataset with that name is in the namespace.',
  DatasetNotReady: 'The data set is not partitioned yet.',
  DeletionPending: 'The object is being deleted and waits for its pods to stop.',
  IslandCordoned: 'Every island that fits is cordoned.',
  IslandNotApproved: 'Every island that fits waits for spec.approved.',
  IslandUnreachable: 'The island has not been heard from for too long.',
  NoMatchingIsland: 'No island has the labels and the GPU model that the spec asks for.',
  ExceedsAnyIsland: 'No island is large enough for the resources, even when empty.',
  WaitingForCapacity: 'Islands fit, but none has enough free GPUs now.',
  WaitingForExperts: 'The part starts when the experts are complete.',
  WaitingForRetry: 'The next attempt starts when the back-off is over.',
  WaitingForRouter: 'The part starts when the router is accepted.',
  WaitingForPod: 'The pods of the attempt are not running yet.',
  Publishing: 'The trainer is done and its result is being published.',
  Stopping: 'The work is being stopped; its last checkpoint is being saved and published.',
  Suspended: 'Suspended by spec.suspend; the work goes on from its last checkpoint when it is false.',
  SkewTooHigh: 'The largest shard is over partition.maxSkew times the smallest; spec.approve with the digest accepts it.',
  // What went wrong with one attempt: the failure classes.
  Disruption: 'The pods were stopped by something that is not their fault; not counted.',
  Configuration:
    'The trainer said that its configuration is wrong (exit 42), or the pod cannot start as configured; not retried.',
  Crash: 'The trainer ended with an error; counted, and resumed from the newest checkpoint that verifies.',
  AttemptTaken: 'Another pod had already claimed this attempt; the next number is used.',
  Storage: 'The object store could not be reached, or publishing did not finish; counted.',
  InputDamaged: 'An input in the store does not match its digest; not retried, the message names the key.',
  // What went wrong with a whole work or run.
  DeadlineExceeded: 'The time in spec.deadline passed before the run was complete.',
  EvaluationFailed: 'The evaluation is out of its retry budget, or must not be retried.',
  ExpertBlocked: 'An expert is out of its retry budget, or must not be retried.',
  ExpertFailed: 'An expert is blocked and completion.onExpertFailed is Fail.',
  InvalidSpec: 'Something that the spec names is wrong; the message names the field.',
  ManifestInvalid: 'The final manifest is not of this work, or an object it lists is missing or has another size.',
  NameTaken: 'An object with the derived name exists and belongs to something else.',
  PartitionFailed: 'The partition is out of its retry budget, or must not be retried.',
  PodRefused: 'The API server refused the pod or Job; the message is its own.',
  RestartBudgetSpent: 'More counted failures than retry.maxRestarts.',
  RouterFailed: 'The router is out of its retry budget, or must not be retried.',
  StoreUnknown: 'The settings of the operator name no store of that name.',
  StoreUnreachable: 'The object store does not answer as it must.',
  Stopped: 'The work was stopped by its owner.',
} as const satisfies Record<string, string>;

export type Reason = keyof typeof reasons;
export const reasonNames = Object.keys(reasons) as Reason[];

/** How an attempt failed; each class is also a reason. */
export const failureClasses = ['Disruption', 'Configuration', 'Crash', 'AttemptTaken', 'Storage', 'InputDamaged'] as const;
export type FailureClass = (typeof failureClasses)[number];
