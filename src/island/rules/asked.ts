/** Rules for ends that were asked for, by us or by another pod's claim: nobody's fault. */
import { restoreExitCodes } from '../../api/courier.ts';
import { askedRule } from '../../api/work.ts';
import { type FailureRule, restoreSays, said } from './rule.ts';

export const askedRules: readonly FailureRule[] = [
  {
    name: 'attempt-taken',
    class: 'AttemptTaken',
    action: 'Retry',
    counted: false,
    seen: 'another pod had already claimed the attempt in the store',
    hint: 'Nothing. When it comes again and again, look for a second agent or a second hub that uses the same prefix.',
    matches: (end) =>
      end.restore?.exitCode === restoreExitCodes.attemptTaken ||
      (end.why !== 'Barred' && end.courier?.result?.reason === 'AttemptTaken'),
    message: (end) => said(restoreSays(end), 'another pod had already claimed this attempt'),
  },
  {
    name: askedRule,
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'suspend, stop, a deletion or the deadline of the run',
    hint: 'Nothing: someone asked for it. A suspended work goes on when suspend is false.',
    matches: (end) => end.why === 'Asked',
    message: (end) => said(end.detail, 'the work was asked to stop'),
  },
];
