/** Classifies the end of an attempt: by the proof that it succeeded, else by the first failure rule that matches. */
import { type CourierCheckpoint, restoreExitCodes } from '../api/courier.ts';
import { parseManifestKey } from '../api/keys.ts';
import type { Ending } from './ending.ts';
import { lastWords } from './record.ts';
import type { FailureRule, Verdict } from './rules/rule.ts';
import { builtInRules } from './rules.ts';

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
  const { name, class: failure, action, counted, reason, hint } = rule;
  const message = rule.message(end);
  const { member } = end;
  const known = { class: failure, action, counted, hint, ...(reason === undefined ? {} : { reason }) };
  if (member === undefined) return { ...known, rule: name, message: lastWords(message, 512) };
  const who = `pod ${member.index} of ${member.nodes}${member.node === undefined ? '' : ` on ${member.node}`} (${name}): `;
  return { ...known, rule: memberRule, message: who + lastWords(message, 512 - who.length) };
}
