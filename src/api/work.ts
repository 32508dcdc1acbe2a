/** What every work has, whoever owns it: role, manifests, attempts, checkpoints and the status that people read. */
import { z } from 'zod';
import { decimal, digest, int, int32, int53, list, objectKey, objectName, rules, text, time } from './fields.ts';
import { failureClasses } from './reasons.ts';

export const workRoles = ['Partition', 'Expert', 'Router', 'Evaluate'] as const;
export const workRole = z.enum(workRoles);

/** Fields that name a published manifest. */
const manifestFields = {
  manifest: objectKey().describe('Key of its manifest.json in the store.'),
  digest: digest().describe('SHA-256 of the bytes of that manifest.'),
};

export const manifestRef = z.object(manifestFields);

export const progress = z.object({
  step: int(0, int53).describe('Last step reported by the trainer.'),
  steps: int(0, int53).optional().describe('Steps in all, when the trainer knows.'),
  loss: decimal().optional().describe('Loss at that step, a decimal number as text.'),
  samplesPerSecond: decimal().optional().describe('Training speed in samples a second, a decimal number as text.'),
  at: time().describe('When the trainer reported it.'),
});

export const publishedCheckpoint = z.object({
  ...manifestFields,
  step: int(0, int53).describe('Step it was saved at.'),
  bytes: int(0, int53).describe('Size of its files in bytes, without the manifest.'),
  attempt: int(1, int32).describe('Attempt that published it.'),
  at: time().describe('When it was published.'),
  final: z.boolean().describe('Whether it is the result of the work; at most one is.'),
  kind: z.enum(['Resumable', 'Export']).describe('Resumable: training can go on from it. Export: weights or data only.'),
  took: int(0, int53).optional().describe('How long publishing it took, in milliseconds.'),
});

/** What follows a failure: another attempt, if possible on the same or on another node, or none. */
export const failureActions = ['Retry', 'RetryInPlace', 'RetryElsewhere', 'Fail'] as const;

/** The rule of an end that somebody asked for, by suspend, stop or a deletion of the pod: no failure. */
export const askedRule = 'asked';

const followed = z
  .enum(failureActions)
  .describe(
    'What follows: Retry anywhere, RetryInPlace on the same node if it has room, RetryElsewhere on another if there is one, Fail for good.',
  );
const countedText = 'Whether it counts against retry.maxRestarts.';

export const attemptRecord = z.object({
  number: int(1, int32).describe('Number of the attempt in its placement, from 1.'),
  jobUid: text(64).optional().describe('uid of its Kubernetes Job.'),
  pod: text(253).optional().describe('Name of its pod.'),
  podUid: text(64).optional().describe('uid of its pod.'),
  node: text(253).optional().describe('Node that the pod ran on; of a gang, that of the member that failed.'),
  startedAt: time().optional().describe('When its containers started.'),
  finishedAt: time().optional().describe('When its last container was seen terminated.'),
  class: z
    .enum([...failureClasses, 'Succeeded'])
    .optional()
    .describe('How it ended; absent while it runs.'),
  rule: text(64).optional().describe('The failure rule that decided the class.'),
  action: followed.optional(),
  counted: z.boolean().optional().describe(countedText),
  avoid: list(text(253), 8).optional().describe('Nodes that its pods were kept away from.'),
  exitCode: int(-1, int32).optional().describe('Exit code of the trainer.'),
  step: int(0, int53).optional().describe('Last step that it reported.'),
  message: text(512).optional().describe('What the trainer, the courier or the kubelet said, cut to 512 characters.'),
});

/** What a person needs to understand a failure without access to the island; everything in it is bounded. */
export const failureEvidence = z.object({
  attempt: int(1, int32).describe('Number of the attempt in its placement.'),
  class: z.enum(failureClasses).describe('How it failed.'),
  rule: text(64).describe('The failure rule that decided the class.'),
  action: followed,
  counted: z.boolean().describe(countedText),
  node: text(253).optional().describe('Node that the pod ran on.'),
  exitCode: int(-1, int32).optional().describe('Exit code of the trainer.'),
  step: int(0, int53).optional().describe('Last step that it reported.'),
  message: text(512).describe('What the trainer, the courier or the kubelet said, cut to 512 characters.'),
  hint: text(512).describe('What to do about it.'),
  lines: text(2048).optional().describe("The last lines of the trainer's log, at most 2048 characters."),
  events: list(text(256), 5).optional().describe('Warnings of Kubernetes about its pod, newest last, at most 5.'),
  at: time().describe('When it ended.'),
});

const whereItFailed = {
  placement: int(1, int32).describe('Placement that it happened in.'),
  island: objectName().describe('Island of that placement.'),
};

/** The newest failure of a work with all that its island sent about it. */
export const workFailure = z.object({
  ...attemptRecord.shape,
  class: z.enum(failureClasses).describe('How it failed.'),
  placement: whereItFailed.placement.optional(),
  island: whereItFailed.island.optional(),
  hint: failureEvidence.shape.hint.optional(),
  lines: failureEvidence.shape.lines,
  events: failureEvidence.shape.events,
});

export const mostFailures = 10;

/** One line of the history of failures: it outlives the IslandJob that tells more. */
export const failureRecord = z.object({
  ...whereItFailed,
  attempt: int(1, int32).describe('Number of the attempt in its placement.'),
  class: z.enum(failureClasses).describe('How it failed.'),
  rule: attemptRecord.shape.rule,
  node: attemptRecord.shape.node,
  exitCode: attemptRecord.shape.exitCode,
  step: attemptRecord.shape.step,
  message: text(256).optional().describe('What was said about it, cut to 256 characters.'),
  at: time().optional().describe('When it ended.'),
});

export const acceptedOutput = z.object({
  ...manifestFields,
  placement: int(1, int32).describe('Placement that produced it.'),
  attempt: int(1, int32).describe('Attempt that produced it.'),
  step: int(0, int53).describe('Steps it was trained for.'),
  samples: int(0, int53).optional().describe('Samples it was trained on, repeats included.'),
  bytes: int(0, int53).describe('Size of its files in bytes.'),
  at: time().describe('When the hub accepted it.'),
});

export const workStates = [
  'Waiting',
  'Pending',
  'Queued',
  'Starting',
  'Running',
  'Publishing',
  'Stopping',
  'Suspended',
  'Accepted',
  'Blocked',
] as const;

/** Never decreasing numbers of a status, with the field and both values in the message. */
export const neverDecreases = (...fields: string[]) =>
  fields.map((field) => ({
    rule: `self.${field} >= oldSelf.${field}`,
    messageExpression: `'${field} never decreases: it was %d and cannot become %d'.format([oldSelf.${field}, self.${field}])`,
    message: `${field} never decreases`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden' as const,
  }));

/** What stands in `accepted` is replaced only by a later placement's, and never taken away. */
const acceptedRule = {
  rule: '!has(oldSelf.accepted) || (has(self.accepted) && (self.accepted == oldSelf.accepted || self.accepted.placement > oldSelf.accepted.placement))',
  message: 'accepted is set once: only the result of a later placement can replace it, and it is never removed',
  reason: 'FieldValueForbidden' as const,
};

export const workStatusRules = [
  ...neverDecreases('placement'),
  {
    rule: 'self.placement > oldSelf.placement || self.attempt >= oldSelf.attempt',
    messageExpression:
      "'attempt never decreases within a placement: it was %d and cannot become %d'.format([oldSelf.attempt, self.attempt])",
    message: 'attempt never decreases within a placement',
    fieldPath: '.attempt',
    reason: 'FieldValueForbidden' as const,
  },
  acceptedRule,
  {
    rule: "self.state != 'Accepted' || has(self.accepted)",
    message: 'state Accepted needs accepted to be set',
    fieldPath: '.state',
  },
];

/** How many published checkpoints a work remembers to go on from: more than one, because the newest may be damaged. */
export const mostResumable = 5;

export const workStatusFields = {
  placement: int(0, int32).default(0).describe('Number of the newest placement; 0 before the first.'),
  island: objectName().optional().describe('Island of the newest placement.'),
  job: text(253).optional().describe('Name of the IslandJob of the newest placement.'),
  state: z.enum(workStates).default('Waiting').describe('Where the work stands.'),
  attempt: int(0, int32).default(0).describe('Number of the newest attempt of that placement; 0 before the first.'),
  restarts: int(0, int32).default(0).describe('Counted failures so far, against retry.maxRestarts.'),
  reason: text(64).optional().describe('Why it is in this state, from the closed list of reasons.'),
  message: text(1024).optional().describe('The same in a sentence, for people.'),
  progress: progress.optional().describe('Newest progress; written at most once a minute while running.'),
  checkpoint: publishedCheckpoint.optional().describe('Newest published checkpoint.'),
  resumable: z
    .array(manifestRef)
    .max(mostResumable)
    .optional()
    .describe('The newest published checkpoints that training can go on from, newest first, over all placements.'),
  accepted: acceptedOutput
    .optional()
    .describe('The final result that the hub accepted. Set once; replaced only by a later placement.'),
  inputs: digest()
    .optional()
    .describe(
      'SHA-256 over names and digests of the inputs that the newest placement is made from, for works that are made again when one of them is replaced.',
    ),
  failure: workFailure.optional().describe('The last attempt that failed, and what its island sent about it.'),
  failures: z
    .array(failureRecord)
    .max(mostFailures)
    .optional()
    .describe('The newest failures over all placements, newest last, at most 10; ends that somebody asked for are none.'),
  startedAt: time().optional().describe('When its first container started.'),
  finishedAt: time().optional().describe('When it was accepted or blocked.'),
};

export const workStatus = z.object(workStatusFields).meta(rules(...workStatusRules));

export const condition = z.object({
  type: text(64).min(1).describe('What the condition is about, such as Complete.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: text(64).min(1).describe('Why, in one word from the closed list of reasons.'),
  message: text(4096).default('').describe('Why, in a sentence for people.'),
  observedGeneration: int(0, int53).optional().describe('metadata.generation that it was found for.'),
  lastTransitionTime: time().describe('When status last changed.'),
});

export const conditions = z
  .array(condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .default([])
  .describe('What is known about the object, one entry a type.');

export const observedGeneration = int(0, int53).optional().describe('metadata.generation that this status is about.');

export type WorkRole = z.infer<typeof workRole>;
export type ManifestRef = z.infer<typeof manifestRef>;
export type Progress = z.infer<typeof progress>;
export type PublishedCheckpoint = z.infer<typeof publishedCheckpoint>;
export type AttemptRecord = z.infer<typeof attemptRecord>;
export type FailureAction = (typeof failureActions)[number];
export type FailureEvidence = z.infer<typeof failureEvidence>;
export type WorkFailure = z.infer<typeof workFailure>;
export type FailureRecord = z.infer<typeof failureRecord>;
export type AcceptedOutput = z.infer<typeof acceptedOutput>;
export type WorkState = (typeof workStates)[number];
export type WorkStatus = z.infer<typeof workStatus>;
export type Condition = z.infer<typeof condition>;
