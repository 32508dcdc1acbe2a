/** The failure rules: an ordered table from what was seen at the end of an attempt to its class and to what follows. */
import { exitCodes } from '../api/contract.ts';
import { type CourierCheckpoint, restoreExitCodes } from '../api/courier.ts';
import { parseManifestKey } from '../api/keys.ts';
import type { FailureClass, Reason } from '../api/reasons.ts';
import type { Ending } from './ending.ts';
import { lastWords } from './record.ts';

/** Succeed: the final manifest counts. Retry: another attempt, counted or not. Fail: never again with this spec. */
export type Verdict =
  | { readonly class: 'Succeeded'; readonly rule: string; readonly final: CourierCheckpoint; readonly message: string }
  | {
      readonly class: FailureClass;
      readonly rule: string;
      readonly action: 'Retry' | 'Fail';
      readonly counted: boolean;
      /** Why the work has failed, where the class alone does not say it. */
      readonly reason?: Reason;
      readonly message: string;
    };

interface FailureRule {
  readonly name: string;
  readonly class: FailureClass;
  readonly action: 'Retry' | 'Fail';
  readonly counted: boolean;
  readonly reason?: Reason;
  readonly matches: (end: Ending) => boolean;
  readonly message: (end: Ending) => string;
}

const said = (text: string | undefined, otherwise: string) => (text === undefined || text.trim() === '' ? otherwise : text);
const takenBy = (end: Ending) =>
  end.restore?.exitCode === restoreExitCodes.attemptTaken || end.courier?.result?.reason === 'AttemptTaken';
const restoreSays = (end: Ending) => end.restore?.result?.message ?? end.restore?.message;

/** Read from the top; the first that matches decides. The user's own rules go in front of these. */
export const builtInRules: readonly FailureRule[] = [
  {
    name: 'attempt-taken',
    class: 'AttemptTaken',
    action: 'Retry',
    counted: false,
    matches: takenBy,
    message: (end) => said(restoreSays(end), 'another pod had already claimed this attempt'),
  },
  {
    name: 'asked',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.why === 'Asked',
    message: (end) => said(end.detail, 'the work was asked to stop'),
  },
  {
    name: 'input-damaged',
    class: 'InputDamaged',
    action: 'Fail',
    counted: false,
    matches: (end) => end.restore?.exitCode === restoreExitCodes.inputDamaged,
    message: (end) => said(restoreSays(end), `the object ${end.restore?.result?.key ?? 'of an input'} does not match its digest`),
  },
  {
    name: 'restore-refused',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    matches: (end) => end.restore?.exitCode === restoreExitCodes.configuration,
    message: (end) => said(restoreSays(end), 'restore could not use its configuration'),
  },
  {
    name: 'configuration-exit',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    matches: (end) => end.trainer?.exitCode === exitCodes.configuration,
    message: (end) => said(end.trainer?.message, 'the trainer ended with exit code 42: its configuration is wrong'),
  },
  {
    name: 'configuration-deadline',
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    matches: (end) => end.why === 'Broken',
    message: (end) => said(end.detail, 'a container could not be created'),
  },
  {
    name: 'queue-deadline',
    class: 'Disruption',
    action: 'Fail',
    counted: false,
    reason: 'QueueDeadlineExceeded',
    matches: (end) => end.why === 'Unqueued',
    message: (end) => said(end.detail, 'its queue has not admitted it in time'),
  },
  {
    name: 'node-lost',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.lostNode !== undefined,
    message: (end) => `node ${end.lostNode} is gone`,
  },
  {
    name: 'disrupted',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.disruption !== undefined,
    message: (end) => said(end.disruption, 'Kubernetes ended the pod'),
  },
  {
    name: 'pod-deleted',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.podDeleted || end.why === 'JobDeleted',
    message: (end) => (end.why === 'JobDeleted' ? 'its Job was deleted' : 'its pod was deleted'),
  },
  {
    name: 'job-suspended',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.why === 'JobSuspended',
    message: () => 'its Job was suspended',
  },
  {
    name: 'storage-unreachable',
    class: 'Storage',
    action: 'Retry',
    counted: true,
    matches: (end) => end.restore?.exitCode === restoreExitCodes.storage,
    message: (end) => said(restoreSays(end), 'the object store could not be reached'),
  },
  {
    name: 'restore-failed',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    matches: (end) => end.restore !== undefined && end.restore.exitCode !== 0 && end.trainer === undefined,
    message: (end) => `restore ended with exit code ${end.restore?.exitCode}: ${said(restoreSays(end), 'it said nothing')}`,
  },
  {
    name: 'node-refused',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.trainer === undefined && end.podMessage !== undefined,
    message: (end) => said(end.podMessage, 'the node refused the pod'),
  },
  {
    name: 'job-gone',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    matches: (end) => end.why === 'JobGone' && end.trainer === undefined,
    message: () => 'its Job is gone and left no pod',
  },
  {
    name: 'not-published',
    class: 'Storage',
    action: 'Retry',
    counted: true,
    matches: (end) =>
      end.trainer?.exitCode === exitCodes.done &&
      (end.courier?.result?.reason === 'Storage' || (end.courier?.exitCode ?? 0) !== 0),
    message: (end) =>
      `the trainer is done, but publishing its result did not finish: ${said(end.courier?.result?.message, 'the courier said nothing')}`,
  },
  {
    name: 'done-without-result',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    matches: (end) => end.trainer?.exitCode === exitCodes.done,
    message: () => 'the trainer ended with exit code 0 but wrote no final checkpoint (checkpoint.json with "final": true)',
  },
  {
    name: 'stopped-unasked',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    matches: (end) => end.trainer?.exitCode === exitCodes.saved,
    message: (end) => said(end.trainer?.message, 'the trainer saved and ended with exit code 75, but nothing had asked it to'),
  },
  {
    name: 'crash',
    class: 'Crash',
    action: 'Retry',
    counted: true,
    matches: () => true,
    message: (end) =>
      end.trainer === undefined
        ? 'the trainer never started'
        : said(
            end.trainer.message,
            `the trainer ended with exit code ${end.trainer.exitCode}${end.trainer.reason ? ` (${end.trainer.reason})` : ''}`,
          ),
  },
];

/** The rule of an attempt that another pod than pod 0 of the gang brought down; which rule was its own stands in the message. */
export const memberRule = 'gang-member-failed';

/** The final manifest that the end proves, if any; a Job that says Complete proves nothing. */
export function provenFinal(end: Ending): { final: CourierCheckpoint; rule: string } | undefined {
  const belongs = (final: CourierCheckpoint | undefined, attempt?: number) => {
    const key = final?.final === true ? parseManifestKey(end.workPrefix, final.manifest) : undefined;
    return key?.final === true && key.placement === end.placement && (attempt ?? key.attempt) === key.attempt;
  };
  const own = [end.courier?.result?.final, end.reportedFinal].find((final) => belongs(final, end.attempt));
  if (own) return { final: own, rule: 'final-published' };
  const earlier = end.restore?.exitCode === restoreExitCodes.alreadyFinal ? end.restore.result?.final : undefined;
  return earlier && belongs(earlier) ? { final: earlier, rule: 'already-final' } : undefined;
}

export function classify(end: Ending, rules: readonly FailureRule[] = builtInRules): Verdict {
  const proven = provenFinal(end);
  if (proven) {
    const message =
      proven.rule === 'final-published'
        ? 'the final manifest is published'
        : 'an earlier attempt had already published the final manifest';
    return { class: 'Succeeded', rule: proven.rule, final: proven.final, message };
  }
  const rule = rules.find(({ matches }) => matches(end));
  if (rule === undefined) throw new Error('cannot classify the end of an attempt: the last rule must match everything');
  const { name, class: failure, action, counted, reason } = rule;
  const message = rule.message(end);
  const { member } = end;
  const known = { class: failure, action, counted, ...(reason === undefined ? {} : { reason }) };
  if (member === undefined) return { ...known, rule: name, message: lastWords(message, 512) };
  const who = `pod ${member.index} of ${member.nodes}${member.node === undefined ? '' : ` on ${member.node}`} (${name}): `;
  return { ...known, rule: memberRule, message: who + lastWords(message, 512 - who.length) };
}
