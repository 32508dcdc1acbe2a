/** What a failure rule is, and what it says about the end of an attempt. */
import type { CourierCheckpoint } from '../../api/courier.ts';
import type { FailureClass, Reason } from '../../api/reasons.ts';
import type { FailureAction } from '../../api/work.ts';
import type { Ending } from '../ending.ts';
import { headline } from '../headline.ts';

export interface FailureRule {
  readonly name: string;
  readonly class: FailureClass;
  /** What follows: another attempt, where it is better on the same or on another node, or none. */
  readonly action: FailureAction;
  /** Whether it counts against `retry.maxRestarts`. */
  readonly counted: boolean;
  /** Why the work has failed, where the class alone does not say it. */
  readonly reason?: Reason;
  /** What it is for, in words for the documentation. */
  readonly seen: string;
  /** What a tired person does next. */
  readonly hint: string;
  readonly matches: (end: Ending) => boolean;
  readonly message: (end: Ending) => string;
}

export interface FailureVerdict extends Pick<FailureRule, 'class' | 'action' | 'counted' | 'reason' | 'hint'> {
  /** Name of the rule. */
  readonly rule: string;
  readonly message: string;
}

/** Succeed: the final manifest counts. Retry: another attempt, counted or not. Fail: never again with this spec. */
export type Verdict =
  | { readonly class: 'Succeeded'; readonly rule: string; readonly final: CourierCheckpoint; readonly message: string }
  | FailureVerdict;

/** What was said, or other words where nothing was. */
export const said = (text: string | undefined, otherwise: string) =>
  text === undefined || text.trim() === '' ? otherwise : text;

export const restoreSays = (end: Ending) => end.restore?.result?.message ?? end.restore?.message;

/** Whether the trainer ran and ended with an error of its own. */
export const trainerFailed = (end: Ending) => end.trainer !== undefined && end.trainer.exitCode !== 0;

/** How the trainer ended, in its own words if it left any: a termination message may be the last lines of its log. */
export const trainerSays = ({ trainer }: Ending) => {
  if (trainer === undefined) return 'the trainer never started';
  const { exitCode, reason } = trainer;
  const words = headline(trainer.message);
  // Who is killed has no last words: what stands there is what it happened to say before.
  if (exitCode > 128 && exitCode < 160 && (reason === undefined || reason === 'Error'))
    return `signal ${exitCode - 128} ended the trainer (exit code ${exitCode})${words === '' ? '' : `; before that it said: ${words}`}`;
  return said(words, `the trainer ended with exit code ${exitCode}${reason ? ` (${reason})` : ''}`);
};
