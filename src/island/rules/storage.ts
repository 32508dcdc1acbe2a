/** Rules for what stands between the pod and its work: the store, restore, the node that refuses, the result that was not published. */
import { exitCodes } from '../../api/contract.ts';
import { restoreExitCodes } from '../../api/courier.ts';
import { type FailureRule, restoreSays, said } from './rule.ts';

export const storageRules: readonly FailureRule[] = [
  {
    name: 'storage-unreachable',
    class: 'Storage',
    action: 'Retry',
    counted: true,
    seen: 'restore could not reach the object store',
    hint: 'Look whether the store answers from this island, and whether the Secret of its credentials is right.',
    matches: (end) => end.restore?.exitCode === restoreExitCodes.storage,
    message: (end) => said(restoreSays(end), 'the object store could not be reached'),
  },
  {
    name: 'restore-failed',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    seen: 'restore ended with an error that it did not expect',
    hint: 'Read the log of container restore: kubectl logs POD -c restore.',
    matches: (end) => end.restore !== undefined && end.restore.exitCode !== 0 && end.trainer === undefined,
    message: (end) => `restore ended with exit code ${end.restore?.exitCode}: ${said(restoreSays(end), 'it said nothing')}`,
  },
  {
    name: 'node-refused',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'the node refused the pod before any container began',
    hint: 'Nothing, unless the same node refuses again and again: then look at what the message says of it.',
    matches: (end) => end.trainer === undefined && end.podMessage !== undefined,
    message: (end) => said(end.podMessage, 'the node refused the pod'),
  },
  {
    name: 'job-gone',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'the Job is gone and left no pod',
    hint: 'Nothing. To keep a work from running, set suspend instead.',
    matches: (end) => end.why === 'JobGone' && end.trainer === undefined,
    message: () => 'its Job is gone and left no pod',
  },
  {
    name: 'not-published',
    class: 'Storage',
    action: 'Retry',
    counted: true,
    seen: 'the trainer is done, but its result could not be published in time',
    hint: 'Look whether the store answers and takes writes; grace.publish says how long publishing may take.',
    matches: (end) =>
      end.trainer?.exitCode === exitCodes.done &&
      (end.courier?.result?.reason === 'Storage' || (end.courier?.exitCode ?? 0) !== 0),
    message: (end) =>
      `the trainer is done, but publishing its result did not finish: ${said(end.courier?.result?.message, 'the courier said nothing')}`,
  },
];
