/** Rules for a trainer that ended by its own doing; the last one is for everything that nothing else explains. */
import { exitCodes } from '../../api/contract.ts';
import { type Ending, sameFailure } from '../ending.ts';
import { headline } from '../headline.ts';
import { type FailureRule, said, trainerFailed, trainerSays } from './rule.ts';

const before = (end: Ending) => end.past.find((record) => record.class === 'Crash' && sameFailure(record, end));

export const crashRules: readonly FailureRule[] = [
  {
    name: 'done-without-result',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    seen: 'the trainer ended with exit code 0, and no final checkpoint is there',
    hint: 'Let the trainer write checkpoint.json with "final": true, or call atoll.finish(), before it ends.',
    matches: (end) => end.trainer?.exitCode === exitCodes.done,
    message: () => 'the trainer ended with exit code 0 but wrote no final checkpoint (checkpoint.json with "final": true)',
  },
  {
    name: 'stopped-unasked',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    seen: 'the trainer ended with exit code 75, and nothing had asked it to stop',
    hint: 'Keep exit code 75 for a trainer that was asked to stop and has saved.',
    matches: (end) => end.trainer?.exitCode === exitCodes.saved,
    message: (end) =>
      said(headline(end.trainer?.message), 'the trainer saved and ended with exit code 75, but nothing had asked it to'),
  },
  {
    name: 'same-step-two-nodes',
    class: 'Application',
    action: 'Fail',
    counted: false,
    seen: 'the same exit code and message at the same step as before, on another node',
    hint: 'The program or its data is wrong at that step: read the last lines of the log. Then retry the expert.',
    matches: (end) => trainerFailed(end) && before(end) !== undefined,
    message: (end) => `at step ${end.step} on ${before(end)?.node} and on ${end.node}: ${trainerSays(end)}`,
  },
  {
    name: 'crash-on-bad-node',
    class: 'Crash',
    action: 'RetryElsewhere',
    counted: true,
    seen: 'the trainer failed on a node whose own conditions say that it is not well (such as KernelDeadlock)',
    hint: 'Look at the conditions of the node: kubectl describe node.',
    matches: (end) => trainerFailed(end) && (end.nodeHealth?.bad.length ?? 0) > 0,
    message: (end) => `${trainerSays(end)}; node ${end.node}: ${end.nodeHealth?.bad.join(', ')}`,
  },
  {
    name: 'crash-on-same-node',
    class: 'Crash',
    action: 'RetryElsewhere',
    counted: true,
    seen: 'the same exit code and message at the same step as before, on the same node',
    hint: 'Read the last lines of the log. Another node is tried, to tell the node from the program.',
    matches: (end) => trainerFailed(end) && end.past.some((record) => record.class === 'Crash' && sameFailure(record, end, true)),
    message: trainerSays,
  },
  {
    name: 'crash',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    seen: 'anything else: the trainer ended with an error',
    hint: 'Read the last lines of the log. It is tried again from the newest checkpoint that verifies.',
    matches: () => true,
    message: trainerSays,
  },
];
