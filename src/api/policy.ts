/** Policies of a work that users set: retry, grace, checkpoints, and where its objects are kept. */
import { z } from 'zod';
import { duration, int, keyed, keyPrefix, matching, objectName, rules, text } from './fields.ts';

export const storageLocation = z.object({
  store: objectName().default('default').describe("Name of a store in the operator's settings. Default: default."),
  prefix: keyPrefix()
    .default('')
    .describe('Start of every object key; empty or ending with "/". Default: empty, the whole bucket.'),
});

export const retry = z.object({
  maxRestarts: int(0, 1000).default(3).describe('How many counted failures are followed by another attempt. Default: 3.'),
  backoff: z
    .object({
      initial: duration()
        .default('10s')
        .describe('Wait before the second retry without progress; doubled each time. Default: 10s.'),
      max: duration().default('10m').describe('Longest wait. Default: 10m.'),
    })
    .meta(
      rules({
        rule: 'duration(self.initial) <= duration(self.max)',
        messageExpression: "'initial (%s) must not be longer than max (%s)'.format([self.initial, self.max])",
        message: 'initial must not be longer than max',
        fieldPath: '.initial',
      }),
    )
    .prefault({})
    .describe('Waiting time between attempts that made no progress. The first retry after progress comes at once.'),
});

/** What a user says about exit codes of a trainer: read before everything that is built in. */
export const failureRule = z.object({
  name: matching(
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    40,
    'must be lower-case letters, digits and "-", starting with a letter, such as bad-config',
  ).describe('Name of the rule; it stands in the record of an attempt that it decided, as user:NAME.'),
  onExitCodes: z
    .array(int(1, 255))
    .min(1)
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Exit codes of the trainer that it is for.'),
  onMessage: text(256)
    .min(1)
    .optional()
    .describe('Text that the message of the trainer must contain, letter by letter. Default: any message.'),
  action: z
    .enum(['Fail', 'Retry', 'Ignore'])
    .describe(
      'Fail: never again with this spec. Retry: another attempt, counted against retry.maxRestarts. Ignore: another attempt, not counted.',
    ),
});

export const failureRules = keyed(failureRule, 20, ['name'])
  .meta(
    rules({
      rule: 'self.all(a, has(a.onMessage) || self.all(b, has(b.onMessage) || a.action == b.action || !a.onExitCodes.exists(code, code in b.onExitCodes)))',
      message:
        'two rules without onMessage give one exit code different actions: leave the code out of one of them, or tell them apart by onMessage',
    }),
  )
  .optional()
  .describe('What follows certain exit codes; the first that fits decides, before all that is built in. Default: none.');

const clock = (what: string) => duration().optional().describe(what);

/** How long a running trainer may show nothing new: three clocks that start with its container. */
export const stall = z
  .object({
    firstStep: clock(
      'Longest time from the start of the trainer to its first step. Default for experts and routers: 30m, or step when that is longer; for others no limit.',
    ),
    step: clock(
      'Longest time between two steps. Default for experts and routers: 10m, or three times the slowest step so far when that is longer; for others no limit.',
    ),
    checkpoint: clock(
      'Longest time between two checkpoints, the first counted from the first step. Default for experts and routers, once two have come: 2h, or three times the longest such time so far when that is longer; for others no limit.',
    ),
  })
  .meta(
    rules(
      ...(['firstStep', 'step', 'checkpoint'] as const).map((field) => ({
        rule: `!has(self.${field}) || duration(self.${field}) >= duration('10s')`,
        messageExpression: `'${field} (%s) must be at least 10s: progress is looked at every few seconds'.format([self.${field}])`,
        message: `${field} must be at least 10s: progress is looked at every few seconds`,
        fieldPath: `.${field}`,
      })),
      ...(['firstStep', 'checkpoint'] as const).map((field) => ({
        rule: `!has(self.${field}) || !has(self.step) || duration(self.${field}) >= duration(self.step)`,
        messageExpression: `'${field} (%s) must not be shorter than step (%s): each of them takes at least one step'.format([self.${field}, self.step])`,
        message: `${field} must not be shorter than step: each of them takes at least one step`,
        fieldPath: `.${field}`,
      })),
    ),
  );

export const grace = z
  .object({
    save: duration()
      .default('60s')
      .describe('Time the trainer has to save a checkpoint after it was asked to stop. Default: 60s.'),
    publish: duration().default('10m').describe('Time the courier then has to publish what was saved. Default: 10m.'),
  })
  .meta(
    rules({
      rule: 'duration(self.save) <= duration(self.publish)',
      messageExpression:
        "'save (%s) must not be longer than publish (%s): what is saved last must still be published'.format([self.save, self.publish])",
      message: 'save must not be longer than publish: what is saved last must still be published',
      fieldPath: '.save',
    }),
  );

export const checkpointPolicy = z.object({
  keep: int(1, 100)
    .default(2)
    .describe('How many of the newest checkpoints of a placement stay in the store beside the final one. Default: 2.'),
});

/** What the hub does when the island of a work is lost, as the island is told: complete, so that a patch replaces all of it. */
export const islandLost = z.object({
  policy: z.enum(['Wait', 'Replace']).default('Wait').describe('Wait for it, or Replace the work by a new placement elsewhere.'),
  after: duration().default('1h').describe('How long the island must be silent before its work is replaced. Default: 1h.'),
});

const labelName = () =>
  matching(
    /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    63,
    'must be a name of letters, digits, "-", "_" and ".", such as gpu-queue',
  );

/** A work on several nodes at once, and the queue that it waits in. */
export const gang = {
  nodes: int(1, 64)
    .default(1)
    .describe(
      'Pods of one attempt, each with the resources given, that start and end together inside one island and find each other by the variables of torchrun. Default: 1.',
    ),
  queueName: labelName()
    .optional()
    .describe('Kueue LocalQueue in the namespace, on the island: the Job waits there until it is admitted. Default: none.'),
  queueDeadline: duration().optional().describe('Longest time in that queue before the work moves on. Default: no limit.'),
};

export type IslandLost = z.infer<typeof islandLost>;
export type StorageLocation = z.infer<typeof storageLocation>;
export type Retry = z.infer<typeof retry>;
export type FailureRule = z.infer<typeof failureRule>;
export type Stall = z.infer<typeof stall>;
export type Grace = z.infer<typeof grace>;
export type CheckpointPolicy = z.infer<typeof checkpointPolicy>;
