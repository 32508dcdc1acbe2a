/** The one place where the state of a run comes from: its conditions, and nothing else, so the two never contradict. */
import type { TrainingState } from '../api/experttraining.ts';
import type { Reason } from '../api/reasons.ts';
import type { Condition } from '../api/work.ts';

export const runConditions = [
  'Validated',
  'Scheduled',
  'Progressing',
  'Suspended',
  'RouterReady',
  'Degraded',
  'Complete',
  'Failed',
] as const;
export type RunCondition = (typeof runConditions)[number];

/** Which reason of Progressing belongs to the phases after the experts. */
const phases: Partial<Record<Reason, TrainingState>> = {
  RouterRunning: 'Routing',
  WaitingForRouter: 'Routing',
  EvaluationRunning: 'Evaluating',
};

export function stateOf(conditions: readonly Condition[]): TrainingState {
  const find = (type: RunCondition) => conditions.find((condition) => condition.type === type);
  const isTrue = (type: RunCondition) => find(type)?.status === 'True';
  if (isTrue('Failed')) return 'Failed';
  if (isTrue('Complete')) return 'Complete';
  if (isTrue('Suspended')) return 'Suspended';
  // Validated is Unknown while the data set exists and is not ready, and False when something the spec names is wrong.
  if (!isTrue('Validated')) return find('Validated')?.status === 'Unknown' ? 'Preparing' : 'Pending';
  return phases[find('Progressing')?.reason as Reason] ?? 'Running';
}
