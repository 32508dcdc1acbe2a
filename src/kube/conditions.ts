/** metav1.Condition lists: pure, and the transition time moves only when the status does. */
import { timestamp } from '../clock.ts';

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  type: string;
  status: ConditionStatus;
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/** The list with this condition in it; the same list when nothing changed, so that "changed?" is a comparison by identity. */
export function setCondition(
  list: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): Condition[] {
  const all = list ?? [];
  const old = findCondition(all, condition.type);
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : timestamp(nowMs);
  const next: Condition = { ...condition, lastTransitionTime };
  if (!old) return [...all, next];
  const same =
    old.status === next.status &&
    old.reason === next.reason &&
    old.message === next.message &&
    old.observedGeneration === next.observedGeneration;
  return same ? (all as Condition[]) : all.map((each) => (each.type === next.type ? next : each));
}

export function findCondition(list: readonly Condition[] | undefined, type: string): Condition | undefined {
  return list?.find((condition) => condition.type === type);
}

export function isConditionTrue(list: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(list, type)?.status === 'True';
}
