/** Rules for what no patience cures: a wrong configuration, a damaged input, a queue that never admits. */
import { exitCodes } from '../../api/contract.ts';
import { restoreExitCodes } from '../../api/courier.ts';
import { headline } from '../headline.ts';
import { type FailureRule, restoreSays, said } from './rule.ts';

export const configurationRules: readonly FailureRule[] = [
  {
    name: 'input-damaged',
    class: 'InputDamaged',
    action: 'Fail',
    counted: false,
    seen: 'an input in the store does not match its digest',
    hint: 'Restore the object that the message names from a backup, or retry the expert or the partition that made it.',
    matches: (end) => end.restore?.exitCode === restoreExitCodes.inputDamaged,
    message: (end) => said(restoreSays(end), `the object ${end.restore?.result?.key ?? 'of an input'} does not match its digest`),
  },
  {
    name: 'restore-refused',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    seen: 'restore cannot use what it was told, such as a prefix without raw data',
    hint: 'Correct what the message names: the store, the prefix or the credentials.',
    matches: (end) => end.restore?.exitCode === restoreExitCodes.configuration,
    message: (end) => said(restoreSays(end), 'restore could not use its configuration'),
  },
  {
    name: 'configuration-exit',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    seen: 'the trainer ended with exit code 42',
    hint: 'Correct what the message names in a new run: the spec of this one is frozen. A retry helps only where the mistake is outside of the spec, as in a Secret.',
    matches: (end) => end.trainer?.exitCode === exitCodes.configuration,
    message: (end) => said(headline(end.trainer?.message), 'the trainer ended with exit code 42: its configuration is wrong'),
  },
  {
    name: 'configuration-deadline',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    seen: 'an image, a Secret, a volume or a container could not be had until the deadline',
    hint: 'Make what the message names available (push the image, create the Secret or ConfigMap) and retry. A wrong name needs a new run: the spec of this one is frozen.',
    matches: (end) => end.why === 'Broken',
    message: (end) => said(end.detail, 'a container could not be created'),
  },
  {
    name: 'queue-deadline',
    class: 'Disruption',
    action: 'Fail',
    counted: false,
    reason: 'QueueDeadlineExceeded',
    seen: 'the queue has not admitted the Job within queueDeadline',
    hint: 'Give the queue more quota, or let the work go to another island; queueDeadline says how long it waits.',
    matches: (end) => end.why === 'Unqueued',
    message: (end) => said(end.detail, 'its queue has not admitted it in time'),
  },
];
