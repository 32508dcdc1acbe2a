/** Rules for a trainer that goes on without getting anywhere: no step, no checkpoint, none that can be published, or numbers that are none. */
import { type Ending, sameFailure } from '../ending.ts';
import { type FailureRule, said, trainerFailed } from './rule.ts';

const stalled = ({ why }: Ending) => why === 'Stalled';
const stalledBefore = ({ past, checkpointAttempt = 0 }: Ending) =>
  past.filter((record) => record.class === 'NoProgress' && record.number >= checkpointAttempt);
const stalledThere = (end: Ending) =>
  stalledBefore(end).find((record) => end.step !== undefined && record.step === end.step && sameFailure(record, end));
const standsStill = (end: Ending) => said(end.detail, 'it made no progress in time');
const refused = (end: Ending) => end.courier?.result?.reason === 'NonFinite';
/** Seen by the agent, refused by the courier, or noticed by the trainer, which then ended with an error. */
const notFinite = (end: Ending) =>
  end.why === 'NonFinite' || refused(end) || (trainerFailed(end) && end.courier?.result?.nonFiniteStep !== undefined);
const nanBefore = ({ past, step }: Ending) =>
  past.findLast((record) => record.class === 'NonFinite' && step !== undefined && record.step === step);
const nanWords = (end: Ending) =>
  refused(end)
    ? said(end.courier?.result?.message, 'the weights hold NaN or an infinite value')
    : said(end.detail, `the loss is NaN or infinite since step ${end.step}`);

export const progressRules: readonly FailureRule[] = [
  {
    name: 'keys-taken',
    class: 'Storage',
    action: 'Retry',
    counted: true,
    seen: 'the courier ended three times because other bytes stand in the store under a key of this attempt, while the trainer ran',
    hint: 'Look what else writes below the prefix of this work, and whether the trainer changes a checkpoint after it was complete. The next attempt has keys of its own.',
    matches: (end) => end.why === 'Barred',
    message: (end) => said(end.detail, 'other bytes stand in the store under a key of this attempt'),
  },
  {
    name: 'hang-at-same-step',
    class: 'Application',
    action: 'Fail',
    counted: false,
    seen: 'no step in time after the same step as before, on another node',
    hint: 'The program hangs at that step: the stacks are in the last lines of the log. Then retry the expert.',
    matches: (end) => stalled(end) && stalledThere(end) !== undefined,
    message: (end) => `at step ${end.step} on ${stalledThere(end)?.node} and on ${end.node}: ${standsStill(end)}`,
  },
  {
    name: 'no-progress-again',
    class: 'NoProgress',
    action: 'RetryElsewhere',
    counted: true,
    seen: 'no step or checkpoint within its limit, a second time without a checkpoint in between',
    hint: 'The stacks are in the last lines of the log. Where steps are meant to take so long, a new run needs a longer stall.',
    matches: (end) => stalled(end) && stalledBefore(end).length > 0,
    message: standsStill,
  },
  {
    name: 'no-progress',
    class: 'NoProgress',
    action: 'RetryInPlace',
    counted: true,
    seen: 'no first step, no next step or no next checkpoint within its limit (stall)',
    hint: 'The stacks are in the last lines of the log. Where steps are meant to take so long, a new run needs a longer stall.',
    matches: stalled,
    message: standsStill,
  },
  {
    name: 'not-finite-again',
    class: 'NonFinite',
    action: 'Fail',
    counted: true,
    seen: 'loss or weights became NaN or infinite at the same step as before',
    hint: 'Look at the data of that step, or start a new run that lowers the learning rate or clips gradients: the spec of this one is frozen. A retry goes on from an older checkpoint.',
    matches: (end) => notFinite(end) && nanBefore(end) !== undefined,
    message: (end) => `${nanWords(end)}, at the same step as in attempt ${nanBefore(end)?.number}`,
  },
  {
    name: 'not-finite',
    class: 'NonFinite',
    action: 'Retry',
    counted: true,
    seen: 'loss or weights became NaN or infinite',
    hint: 'If it comes again, a new run has to lower the learning rate or clip gradients.',
    matches: notFinite,
    message: nanWords,
  },
];
