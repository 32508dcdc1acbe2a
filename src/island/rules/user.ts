/** The rules that a user writes, in the form of the built-in ones. */
import type { FailureRule as Wish } from '../../api/policy.ts';
import type { EndReason } from '../ending.ts';
import { type FailureRule, trainerSays } from './rule.ts';

/** Where the agent itself ended the attempt the exit code is an answer to that, and says nothing of the trainer. */
const endedByUs = new Set<EndReason>(['Asked', 'Broken', 'Unqueued', 'Stalled', 'NonFinite', 'Barred']);

const meaning = {
  Fail: {
    class: 'Configuration',
    action: 'Fail',
    counted: false,
    hint: 'Correct what the message says in a new run: the spec of this one is frozen.',
  },
  Retry: { class: 'Crash', action: 'Retry', counted: true, hint: 'Read the last lines of the log.' },
  Ignore: { class: 'Disruption', action: 'Retry', counted: false, hint: 'Nothing: a rule of the spec says that this passes.' },
} as const satisfies Record<Wish['action'], Partial<FailureRule>>;

export function userRules(wishes: readonly Wish[] = []): FailureRule[] {
  return wishes.map(({ name, onExitCodes, onMessage, action }) => ({
    name: `user:${name}`,
    ...meaning[action],
    seen: `the trainer ended with exit code ${onExitCodes.join(' or ')}${onMessage === undefined ? '' : ` and said "${onMessage}"`}`,
    matches: ({ why, trainer }) =>
      trainer !== undefined &&
      !endedByUs.has(why) &&
      onExitCodes.includes(trainer.exitCode) &&
      (onMessage === undefined || trainer.message?.includes(onMessage) === true),
    message: trainerSays,
  }));
}
