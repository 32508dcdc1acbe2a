/** ExpertShard: one expert of one training. Written by the hub. */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { int, int32, keyed, objectName, rules, text } from './fields.ts';
import { type apiVersion, defineKind, nameRule } from './kind.ts';
import { conditions, manifestRef, observedGeneration, workStatusFields, workStatusRules } from './work.ts';

const spec = z
  .object({
    training: objectName().describe('Name of the ExpertTraining.'),
    trainingUid: text(64).min(1).describe('uid of the ExpertTraining.'),
    index: int(0, 255).describe('Index of the expert and of its shard, from 0.'),
    experts: int(1, 256).describe('Number of experts in the training, K.'),
    dataset: manifestRef.describe('Manifest of the data set.'),
  })
  .meta(
    rules({
      rule: 'self.index < self.experts',
      messageExpression: "'index %d must be below experts (%d)'.format([self.index, self.experts])",
      message: 'index must be below experts',
      fieldPath: '.index',
    }),
  );

const placementRecord = z.object({
  number: int(1, int32).describe('Number of the placement.'),
  island: objectName().describe('The island.'),
  job: text(253).describe('Name of the IslandJob.'),
  jobUid: text(64).optional().describe('uid of the IslandJob, once created.'),
});

const status = z
  .object({
    observedGeneration,
    ...workStatusFields,
    placements: keyed(placementRecord, 20, ['number']).optional().describe('The newest placements, at most 20.'),
    display: z
      .object({
        progress: text(32).optional().describe('Share of the steps done, such as 73%.'),
        eta: text(32).optional().describe('Estimated time left, such as 2m.'),
        checkpoint: text(64).optional().describe('Step and age of the newest checkpoint.'),
      })
      .prefault({})
      .describe('Texts for the columns of kubectl get.'),
    conditions,
  })
  .meta(rules(...workStatusRules));

export type ExpertShardSpec = z.infer<typeof spec>;
export type ExpertShardStatus = z.infer<typeof status>;
export interface ExpertShard extends KubeObject {
  apiVersion: typeof apiVersion;
  kind: 'ExpertShard';
  spec: ExpertShardSpec;
  status?: ExpertShardStatus;
}

export const expertShardSpec = spec;
export const expertShardStatus = status;

export const ExpertShardKind = defineKind<ExpertShard>({
  kind: 'ExpertShard',
  plural: 'expertshards',
  shortNames: ['es'],
  description:
    'ExpertShard is one expert of one ExpertTraining: its shard, its placements and its accepted result. The hub writes it.',
  spec,
  status,
  columns: [
    { name: 'State', path: '.status.state', type: 'string', description: 'Where the expert stands.' },
    { name: 'Reason', path: '.status.reason', type: 'string', description: 'Why it is in this state.' },
    { name: 'Island', path: '.status.island', type: 'string', description: 'Where it runs.' },
    { name: 'Progress', path: '.status.display.progress', type: 'string', description: 'Share of the steps done.' },
    { name: 'Loss', path: '.status.progress.loss', type: 'string', description: 'Loss at the last reported step.' },
    { name: 'ETA', path: '.status.display.eta', type: 'string', description: 'Estimated time left.' },
    { name: 'Checkpoint', path: '.status.display.checkpoint', type: 'string', description: 'Newest checkpoint.' },
    { name: 'Restarts', path: '.status.restarts', type: 'integer', description: 'Counted failures.' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date', description: 'Time since it was made.' },
    { name: 'Step', path: '.status.progress.step', type: 'integer', description: 'Last reported step.', wide: true },
    { name: 'Samples/s', path: '.status.progress.samplesPerSecond', type: 'string', description: 'Training speed.', wide: true },
    { name: 'Attempt', path: '.status.attempt', type: 'integer', description: 'Number of the attempt.', wide: true },
    { name: 'Job', path: '.status.job', type: 'string', description: 'IslandJob of the newest placement.', wide: true },
  ],
  selectable: ['.spec.training', '.status.state', '.status.island'],
  rules: [nameRule(45, 'it is the name of its training and -e and the index')],
  freeze: { live: {}, instead: 'the hub makes a new one' },
});
