/** IslandJob: one placement of one work on one island. Written by the hub, its status by the island agent alone. */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { resolvedContainer } from './container.ts';
import {
  digest,
  freeForm,
  int,
  int32,
  keyed,
  keyPrefix,
  list,
  matching,
  objectKey,
  objectName,
  rules,
  text,
  time,
} from './fields.ts';
import { type apiVersion, defineKind, nameRule } from './kind.ts';
import { checkpointPolicy, failureRules, gang, grace, islandLost, retry, stall } from './policy.ts';
import {
  attemptRecord,
  conditions,
  failureEvidence,
  manifestRef,
  neverDecreases,
  observedGeneration,
  progress,
  publishedCheckpoint,
  workRole,
} from './work.ts';

/** Whose work it is: the same words in the job, the manifest and the trainer's spec.json. */
export const workIdentity = z.object({
  namespace: objectName().describe('Namespace of the owner.'),
  owner: z
    .object({
      kind: z.enum(['ExpertDataset', 'ExpertTraining']).describe('Kind of the owner.'),
      name: objectName().describe('Name of the owner.'),
      uid: text(64).min(1).describe('uid of the owner.'),
    })
    .describe('The ExpertDataset of a partition, else the ExpertTraining.'),
  training: objectName().optional().describe('Name of the ExpertTraining; absent for a partition.'),
  index: int(0, 255).optional().describe('Index of the expert, for role Expert only.'),
  experts: int(1, 256).describe('Number of experts, K.'),
});

const inputName = () =>
  matching(/^[a-z][-a-z0-9]{0,62}$/, 63, 'must be lower-case letters, digits and "-", such as dataset or expert-003');

export const jobInput = z.object({
  name: inputName().describe('Name of the folder it is put in.'),
  store: objectName().describe('Store it lies in.'),
  manifest: objectKey().describe('Key of its manifest.json.'),
  digest: digest().describe('SHA-256 of the bytes of that manifest.'),
  include: list(text(512), 16).optional().describe('Only files whose path starts with one of these. Default: all.'),
});

export const location = z.object({
  store: objectName().describe('Name of the store.'),
  prefix: keyPrefix().describe('Start of the object keys.'),
});

const spec = z
  .object({
    island: objectName().describe('Island that it is placed on.'),
    role: workRole.describe('What is made: Partition, Expert, Router or Evaluate.'),
    work: workIdentity.describe('Whose work it is.'),
    placement: int(1, 9999).describe('Number of this placement of the work; grows with each.'),
    seed: int(0, int32).default(0).describe('Seed handed to the program.'),
    container: resolvedContainer.describe('The container to run.'),
    params: freeForm().default({}).describe('Free-form settings for the program.'),
    inputs: keyed(jobInput, 300, ['name']).default([]).describe('Published manifests that it reads.'),
    output: location.describe('Where it publishes: the prefix of the work, below which each attempt has its own.'),
    source: location.optional().describe('Raw data, for role Partition only.'),
    resume: list(manifestRef, 20).default([]).describe('Checkpoints of earlier placements to resume from, newest first.'),
    retry: retry.prefault({}).describe('How failures are retried.'),
    failureRules,
    stall: stall.prefault({}).describe('How long it may show nothing new before it is stopped and retried.'),
    grace: grace.prefault({}).describe('Time to save and to publish when stopped.'),
    ...gang,
    checkpoint: checkpointPolicy.prefault({}).describe('Which checkpoints are kept.'),
    islandLost: islandLost
      .prefault({})
      .describe(
        'What happens when the island is lost. Under Replace it deletes no old checkpoint while it does not hear the hub.',
      ),
    deadline: time().optional().describe('No attempt runs past this time. Default: no limit.'),
    suspend: z.boolean().default(false).describe('true saves a checkpoint and ends the attempt; false starts the next.'),
    stop: z.boolean().default(false).describe('true ends the work here for good.'),
    revision: int(1, int32).default(1).describe('Grows with every change that the hub makes.'),
  })
  .meta(
    rules(
      {
        rule: "has(self.work.index) == (self.role == 'Expert')",
        message: 'work.index is the index of an expert: set it for role Expert only',
        fieldPath: '.work.index',
      },
      {
        rule: '!has(self.work.index) || self.work.index < self.work.experts',
        messageExpression: "'work.index %d must be below work.experts (%d)'.format([self.work.index, self.work.experts])",
        message: 'work.index must be below work.experts',
        fieldPath: '.work.index',
      },
      {
        rule: "has(self.source) == (self.role == 'Partition')",
        message: 'source is the raw data of a partition: set it for role Partition only',
        fieldPath: '.source',
      },
      {
        rule: "(self.work.owner.kind == 'ExpertDataset') == (self.role == 'Partition')",
        message: 'work.owner is an ExpertDataset for role Partition and an ExpertTraining for the others',
        fieldPath: '.work.owner.kind',
      },
      ...neverDecreases('revision'),
      {
        rule: '!oldSelf.stop || self.stop',
        message: 'stop is one-way: a stopped placement never runs again, the hub makes a new one',
        fieldPath: '.stop',
        reason: 'FieldValueForbidden',
      },
    ),
  );

export const jobStates = [
  'Pending',
  'Queued',
  'Starting',
  'Running',
  'Publishing',
  'Stopping',
  'Suspended',
  'Succeeded',
  'Failed',
  'Stopped',
] as const;

const status = z
  .object({
    observedGeneration,
    revision: int(0, int32).default(0).describe('Grows with every change that the island makes.'),
    state: z.enum(jobStates).default('Pending').describe('Where it stands on the island.'),
    attempt: int(0, 9999).default(0).describe('Number of the newest attempt; 0 before the first.'),
    restarts: int(0, int32).default(0).describe('Counted failures so far.'),
    attempts: keyed(attemptRecord, 20, ['number']).default([]).describe('The newest attempts, at most 20.'),
    failure: failureEvidence.optional().describe('What is known about the newest attempt that failed.'),
    progress: progress.optional().describe('Newest progress; written at most once a minute while running.'),
    checkpoint: publishedCheckpoint.optional().describe('Newest published checkpoint.'),
    output: publishedCheckpoint.optional().describe('The published final result. Set once.'),
    quarantined: list(objectKey(), 20).optional().describe('Manifests that must not be resumed from.'),
    stopped: z
      .object({
        at: time().describe('When it was proven.'),
        attempt: int(0, 9999).describe('The last attempt; none runs and none will be started.'),
        reason: text(64).describe('Why it stopped, from the closed list of reasons.'),
      })
      .optional()
      .describe('The stop proof: nothing of this placement runs or ever will. Set once.'),
    nextAttemptAt: time().optional().describe('When the back-off ends.'),
    reason: text(64).optional().describe('Why it is in this state, from the closed list of reasons.'),
    message: text(1024).optional().describe('The same in a sentence, for people.'),
    startedAt: time().optional().describe('When its first container started.'),
    finishedAt: time().optional().describe('When it succeeded, failed or was stopped.'),
    display: z
      .object({
        progress: text(32).optional().describe('Share of the steps done, such as 73%.'),
        checkpoint: text(64).optional().describe('Step of the newest checkpoint.'),
      })
      .prefault({})
      .describe('Texts for the columns of kubectl get.'),
    conditions,
  })
  .meta(
    rules(
      ...neverDecreases('revision', 'attempt', 'restarts'),
      ...['output', 'stopped'].map((field) => ({
        rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
        message: `${field} is set once and never changes`,
        reason: 'FieldValueForbidden' as const,
      })),
      {
        rule: "self.state != 'Succeeded' || has(self.output)",
        message: 'state Succeeded needs output to be set',
        fieldPath: '.state',
      },
    ),
  );

export type WorkIdentity = z.infer<typeof workIdentity>;
export type JobInput = z.infer<typeof jobInput>;
export type IslandJobSpec = z.infer<typeof spec>;
export type IslandJobStatus = z.infer<typeof status>;
export type JobState = (typeof jobStates)[number];
export interface IslandJob extends KubeObject {
  apiVersion: typeof apiVersion;
  kind: 'IslandJob';
  spec: IslandJobSpec;
  status?: IslandJobStatus;
}

/** Index of a store: the jobs of an island by its name. One function for everybody, since hub and link share the store of a hub. */
export const islandIndex = { island: (job: IslandJob): string[] => [job.spec.island] };

/** GPUs that the pods of one attempt hold together. */
export const gpusOf = ({ spec: { container, nodes } }: IslandJob): number => (container.resources.gpus ?? 0) * nodes;

export const islandJobSpec = spec;
export const islandJobStatus = status;

export const IslandJobKind = defineKind<IslandJob>({
  kind: 'IslandJob',
  plural: 'islandjobs',
  shortNames: ['ij'],
  description: 'IslandJob is one placement of one work on one island. The hub writes it, the island agent its status.',
  spec,
  status,
  columns: [
    { name: 'Role', path: '.spec.role', type: 'string', description: 'What is made.' },
    { name: 'Island', path: '.spec.island', type: 'string', description: 'Where.' },
    { name: 'State', path: '.status.state', type: 'string', description: 'Where it stands.' },
    { name: 'Attempt', path: '.status.attempt', type: 'integer', description: 'Number of the attempt.' },
    { name: 'Progress', path: '.status.display.progress', type: 'string', description: 'Share of the steps done.' },
    { name: 'Reason', path: '.status.reason', type: 'string', description: 'Why it is in this state.' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date', description: 'Time since it was made.' },
    { name: 'Step', path: '.status.progress.step', type: 'integer', description: 'Last reported step.', wide: true },
    {
      name: 'Checkpoint',
      path: '.status.checkpoint.step',
      type: 'integer',
      description: 'Step of the newest checkpoint.',
      wide: true,
    },
    { name: 'Restarts', path: '.status.restarts', type: 'integer', description: 'Counted failures.', wide: true },
    { name: 'Message', path: '.status.message', type: 'string', description: 'Why, in a sentence.', wide: true },
  ],
  selectable: ['.spec.island', '.spec.role', '.status.state'],
  rules: [nameRule(56, 'the names of its Jobs and pods are made from it')],
  freeze: {
    live: {
      suspend: 'at any time',
      stop: 'once, from false to true',
      revision: 'upwards',
      retry: 'at any time',
      checkpoint: 'at any time',
      islandLost: 'at any time',
    },
    instead: 'the hub makes a new placement',
  },
});
