/** Reads a Kubernetes Job of an attempt: its number, whether it has finished, and whose pods are whose. */

import { labels } from '../api/labels.ts';
import type { Job, Pod } from '../kube/core.ts';
import type { KubeObject } from '../kube/types.ts';

/** Number of the attempt an object was made for; 0 when its label says nothing sensible. */
export function attemptOf(object: KubeObject): number {
  const value = Number(object.metadata.labels?.[labels.attempt] ?? '');
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** What Kubernetes calls a pod's place in an Indexed Job, as a label and as an annotation. */
export const indexKey = 'batch.kubernetes.io/job-completion-index';

/** Place of a pod in its gang; 0 for a pod that is alone. */
export function indexOf({ metadata }: Pod): number {
  const value = Number(metadata.labels?.[indexKey] ?? metadata.annotations?.[indexKey] ?? '0');
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** Whether the Job controller has said its last word on it: it makes no further pod. */
export function isFinished(job: Job): boolean {
  return (job.status?.conditions ?? []).some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

export function isDeleting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubeObject, name: string): boolean {
  return object.metadata.finalizers?.includes(name) === true;
}

export function ownedBy(pod: Pod, jobUid: string): boolean {
  return pod.metadata.ownerReferences?.some(({ uid }) => uid === jobUid) === true;
}
