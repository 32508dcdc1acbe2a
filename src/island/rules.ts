/** The failure rules in their order: the first that matches the end of an attempt decides. */
import type { FailureRule as Wish } from '../api/policy.ts';
import { askedRules } from './rules/asked.ts';
import { configurationRules } from './rules/configuration.ts';
import { crashRules } from './rules/crash.ts';
import { disruptionRules, nodeRules } from './rules/disruption.ts';
import { gpuRules } from './rules/gpu.ts';
import { memoryRules } from './rules/memory.ts';
import { progressRules } from './rules/progress.ts';
import type { FailureRule } from './rules/rule.ts';
import { storageRules } from './rules/storage.ts';
import { userRules } from './rules/user.ts';

/** Read from the top. The last one matches everything. */
export const builtInRules: readonly FailureRule[] = [
  ...askedRules,
  ...configurationRules,
  ...memoryRules,
  ...nodeRules,
  ...gpuRules,
  ...progressRules,
  ...disruptionRules,
  ...storageRules,
  ...crashRules,
];

/** The user's own rules go first; they look at what the trainer itself did, never at an end that the agent brought about. */
export function rulesFor(wishes: readonly Wish[] | undefined): readonly FailureRule[] {
  return wishes === undefined ? builtInRules : [...userRules(wishes), ...builtInRules];
}
