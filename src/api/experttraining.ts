/** ExpertTraining: one run, from a data set to K experts, a router and an evaluated ensemble. */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { container, resources } from './container.ts';
import {
  decimal,
  digest,
  duration,
  freeForm,
  int,
  int32,
  list,
  map,
  objectKey,
  objectName,
  rules,
  text,
  time,
} from './fields.ts';
import { type apiVersion, defineKind, nameRule } from './kind.ts';
import { checkpointPolicy, failureRules, gang, grace, retry, stall, storageLocation } from './policy.ts';
import { conditions, manifestRef, observedGeneration, workStatus } from './work.ts';

/** What the program of each of the three parts is told besides its container. */
const program = {
  ...container.shape,
  params: freeForm().optional().describe('Free-form settings, handed to the program as they are. Default: none.'),
  retry: retry.prefault({}).describe('How failures are retried.'),
  failureRules,
  stall: stall.prefault({}).describe('How long it may show nothing new before it is stopped and retried.'),
  grace: grace.prefault({}).describe('Time to save and to publish when stopped.'),
};

const expert = z.object({
  ...program,
  ...gang,
  checkpoint: checkpointPolicy.prefault({}).describe('Which checkpoints are kept.'),
});

const router = z.object({
  ...program,
  ...gang,
  start: z
    .enum(['WhenDatasetReady', 'WhenExpertsComplete'])
    .default('WhenDatasetReady')
    .describe('When the router is trained: beside the experts, or on the accepted ones. Default: WhenDatasetReady.'),
  checkpoint: checkpointPolicy.prefault({}).describe('Which checkpoints are kept.'),
});

const evaluation = z.object({
  ...program,
  queueName: gang.queueName,
});

const islands = z.object({
  matchLabels: map(text(63), 32).optional().describe('Labels that an island must have. Default: none.'),
});

const islandLost = z
  .object({
    policy: z
      .enum(['Wait', 'Replace'])
      .default('Wait')
      .describe(
        'What happens to work on an island that is not heard: Wait for it, or after some time Replace the work by a new placement elsewhere. What the old one publishes afterwards never counts. Default: Wait.',
      ),
    after: duration()
      .optional()
      .describe('How long an island must be silent before its work is replaced; at least 1m. Default: 1h.'),
  })
  .meta(
    rules(
      {
        rule: "!has(self.after) || self.policy == 'Replace'",
        message: 'after belongs to policy Replace: set policy to Replace, or leave after out',
        fieldPath: '.after',
      },
      {
        rule: "!has(self.after) || duration(self.after) >= duration('1m')",
        messageExpression: "'after (%s) must be at least 1m: shorter silences are everyday life'.format([self.after])",
        message: 'after must be at least 1m: shorter silences are everyday life',
        fieldPath: '.after',
      },
    ),
  );

const placement = z.object({
  islands: islands.prefault({}).describe('Which islands may be used. Default: all. A change holds for placements made later.'),
  islandLost: islandLost.prefault({}).describe('What happens to work on an island that is not heard any more.'),
});

/** What may differ for single experts: their resources, their params by key, and where they may run. */
const override = z.object({
  experts: z
    .array(int(0, 255))
    .min(1)
    .max(256)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Indexes of the experts that this is for.'),
  resources: resources.optional().describe('Resources, instead of those of expert, as a whole. Default: those of expert.'),
  params: freeForm().optional().describe('Settings merged over those of expert, key by key. Default: none.'),
  islands: islands.optional().describe('Which islands may be used, instead of placement.islands. Default: those.'),
});

const completion = z.object({
  minExperts: int(1, 256)
    .optional()
    .describe('Accepted experts that are enough to go on with when the others are blocked. Default: all.'),
  onExpertFailed: z
    .enum(['Wait', 'Fail'])
    .default('Wait')
    .describe('When an expert is blocked: Wait for a retry or for minExperts, or Fail the run. Default: Wait.'),
});

const spec = z
  .object({
    dataset: objectName().describe('Name of the ExpertDataset in the same namespace; its experts is K.'),
    storage: storageLocation.prefault({}).describe('Where checkpoints and results are written.'),
    seed: int(0, int32).default(0).describe('Seed handed to every program. Default: 0.'),
    deadline: duration().optional().describe('The run fails when it takes longer than this, such as 72h. Default: no limit.'),
    priority: int(-1000, 1000)
      .default(0)
      .describe('When islands are full, works of runs with a higher number are placed first; then older runs. Default: 0.'),
    expert: expert.describe('The program that trains one expert; every expert gets the same, but for overrides.'),
    overrides: list(override, 32)
      .optional()
      .describe('What is different for single experts; where two name the same expert, the later one wins. Default: none.'),
    placement: placement.prefault({}).describe('Where experts may run.'),
    completion: completion.prefault({}).describe('When the run is complete.'),
    router: router
      .optional()
      .describe(
        'The program that trains the router, which weighs the experts. Default: no router, which is enough for one expert only.',
      ),
    evaluation: evaluation
      .optional()
      .describe(
        'The program that evaluates the ensemble and writes its manifest; with more than one expert it needs router. Default: none.',
      ),
    suspend: z
      .boolean()
      .default(false)
      .describe('true saves a checkpoint and stops every pod; false goes on from there. Default: false.'),
  })
  .meta(
    rules(
      {
        rule: '!has(self.deadline) || !has(self.placement.islandLost.after) || duration(self.placement.islandLost.after) < duration(self.deadline)',
        messageExpression:
          "'placement.islandLost.after (%s) must be shorter than deadline (%s): else the run has failed before a lost island is given up'.format([self.placement.islandLost.after, self.deadline])",
        message:
          'placement.islandLost.after must be shorter than deadline: else the run has failed before a lost island is given up',
        fieldPath: '.placement.islandLost.after',
      },
      ...(['firstStep', 'step', 'checkpoint'] as const).map((clock) => ({
        rule: `!has(self.deadline) || !has(self.expert.stall.${clock}) || duration(self.expert.stall.${clock}) < duration(self.deadline)`,
        messageExpression: `'expert.stall.${clock} (%s) must be shorter than deadline (%s): else the run has failed before a silent trainer is stopped'.format([self.expert.stall.${clock}, self.deadline])`,
        message: `expert.stall.${clock} must be shorter than deadline: else the run has failed before a silent trainer is stopped`,
        fieldPath: `.expert.stall.${clock}`,
      })),
    ),
  );

export const trainingStates = [
  'Pending',
  'Preparing',
  'Running',
  'Routing',
  'Evaluating',
  'Complete',
  'Failed',
  'Suspended',
] as const;

const count = (what: string) => int(0, 256).default(0).describe(what);

const status = z
  .object({
    observedGeneration,
    state: z.enum(trainingStates).default('Pending').describe('Where the run stands; computed from the conditions.'),
    experts: z
      .object({
        total: count('Experts of the run, K.'),
        running: count('Experts whose trainer is running.'),
        accepted: count('Experts with an accepted result.'),
        blocked: count('Experts out of their retry budget.'),
      })
      .prefault({})
      .describe('Experts by state.'),
    display: z
      .object({
        experts: text(32).optional().describe('Accepted experts of all, and blocked ones if any, such as 1/4 or 1/4, 2 blocked.'),
        progress: text(32).optional().describe('Share of the training steps done, such as 73%.'),
        eta: text(32).optional().describe('Estimated time left, such as 2m.'),
        router: text(64).optional().describe('State and progress of the router.'),
        evaluation: text(64).optional().describe('State and progress of the evaluation.'),
      })
      .prefault({})
      .describe('Texts for the columns of kubectl get.'),
    router: workStatus.optional().describe('The router.'),
    evaluation: workStatus.optional().describe('The evaluation.'),
    ensemble: z
      .object({
        manifest: objectKey().describe('Key of the manifest of the evaluation, which holds ensemble.json.'),
        digest: digest().describe('SHA-256 of the bytes of that manifest.'),
        metrics: map(decimal(), 64).default({}).describe('Its metrics, decimal numbers as text.'),
      })
      .optional()
      .describe('The result of the run.'),
    snapshot: z
      .object({
        dataset: z
          .object({
            ...manifestRef.shape,
            store: text(63).default('default').describe('Store that it is published in.'),
            uid: text(64).describe('uid of the ExpertDataset.'),
            experts: int(1, 256).describe('K.'),
          })
          .optional()
          .describe('The data set as it was when the run started.'),
        images: map(text(512), 8).default({}).describe('Image of each part, by role, as resolved when the run started.'),
      })
      .optional()
      .describe('What was frozen when the run started.'),
    startedAt: time().optional().describe('When the first expert was placed.'),
    completedAt: time().optional().describe('When the run became Complete or Failed.'),
    conditions,
  })
  .meta(
    rules({
      rule: "!(oldSelf.state in ['Complete', 'Failed']) || self.state == oldSelf.state",
      messageExpression: "'state %s is final and cannot become %s'.format([oldSelf.state, self.state])",
      message: 'states Complete and Failed are final',
      fieldPath: '.state',
      reason: 'FieldValueForbidden',
    }),
  );

export type ExpertTrainingSpec = z.infer<typeof spec>;
export type ExpertTrainingStatus = z.infer<typeof status>;
export type TrainingState = (typeof trainingStates)[number];
export interface ExpertTraining extends KubeObject {
  apiVersion: typeof apiVersion;
  kind: 'ExpertTraining';
  spec: ExpertTrainingSpec;
  status?: ExpertTrainingStatus;
}

export const expertTrainingSpec = spec;
export const expertTrainingStatus = status;

export const ExpertTrainingKind = defineKind<ExpertTraining>({
  kind: 'ExpertTraining',
  plural: 'experttrainings',
  shortNames: ['et'],
  description:
    'ExpertTraining is one run: it trains K isolated experts on the shards of a data set, a router that weighs them, and evaluates the ensemble.',
  spec,
  status,
  columns: [
    { name: 'State', path: '.status.state', type: 'string', description: 'Where the run stands.' },
    {
      name: 'Experts',
      path: '.status.display.experts',
      type: 'string',
      description: 'Accepted experts of all, and blocked ones if any.',
    },
    { name: 'Progress', path: '.status.display.progress', type: 'string', description: 'Share of the training steps done.' },
    { name: 'ETA', path: '.status.display.eta', type: 'string', description: 'Estimated time left.' },
    { name: 'Router', path: '.status.display.router', type: 'string', description: 'State and progress of the router.' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date', description: 'Time since it was made.' },
    { name: 'Dataset', path: '.spec.dataset', type: 'string', description: 'The ExpertDataset.', wide: true },
    {
      name: 'Evaluation',
      path: '.status.display.evaluation',
      type: 'string',
      description: 'State of the evaluation.',
      wide: true,
    },
    {
      name: 'Reason',
      path: '.status.conditions[?(@.type=="Progressing")].reason',
      type: 'string',
      description: 'Why it progresses or not.',
      wide: true,
    },
    { name: 'Ensemble', path: '.status.ensemble.digest', type: 'string', description: 'Digest of the result.', wide: true },
  ],
  selectable: ['.spec.dataset', '.status.state'],
  rules: [nameRule(40, 'the names of its experts and jobs are made from it')],
  freeze: {
    live: {
      suspend: 'at any time',
      priority: 'at any time',
      placement: 'at any time',
      'completion.minExperts': 'at any time',
      'expert.retry': 'at any time',
      'expert.checkpoint': 'at any time',
    },
    instead: 'make a new ExpertTraining',
  },
});
