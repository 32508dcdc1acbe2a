/** Policies of a work that users set: retry, grace, checkpoints, and where its objects are kept. */
import { z } from 'zod';
import { duration, int, keyPrefix, matching, objectName, rules } from './fields.ts';

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
export type Grace = z.infer<typeof grace>;
export type CheckpointPolicy = z.infer<typeof checkpointPolicy>;
