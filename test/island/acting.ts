/** What the tables of decisions share: a decision that acts, and the actions they expect most. */
import { decide } from '../../src/island/decide.ts';
import type { Action, Decision, Observed } from '../../src/island/observed.ts';
import { limits, now } from './builders.ts';

export type Acted = Extract<Decision, { type: 'Act' }>;

export function act(seen: Observed, seconds = 60): Acted {
  const decision = decide(seen, now(seconds), limits);
  if (decision.type !== 'Act') throw new Error(`expected a decision, not ${JSON.stringify(decision)}`);
  return decision;
}
export const accepted = { podCheck: { outcome: 'Accepted' } } as const;
export const deleteJob = (attempt: number): Action => ({
  type: 'DeleteJob',
  name: `digits-aaaaaaaa-e003-p1-a${attempt}`,
  uid: `job-${attempt}`,
});
export const deletePod = (attempt: number, uid = `pod-${attempt}`): Action => ({
  type: 'DeletePod',
  name: `digits-aaaaaaaa-e003-p1-a${attempt}-${uid === `pod-${attempt}` ? 'x' : uid}`,
  uid,
});
