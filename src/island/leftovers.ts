/** What is still there of attempts that are concluded, and how it is taken away without losing what it has to say. */
import { finalizers } from '../api/labels.ts';
import type { Job } from '../kube/core.ts';
import type { KubeObject } from '../kube/types.ts';
import { attemptOf, hasFinalizer, isDeleting, isFinished, ownedBy } from './jobview.ts';
import type { Action, Observed } from './observed.ts';
import { hasEnded } from './podview.ts';

export interface Leftovers {
  readonly actions: readonly Action[];
  /** Pods of concluded attempts that are not proven to have ended, or Jobs that could still make some: nothing new may start. */
  readonly running: boolean;
  /** Whether any object at all is left. */
  readonly any: boolean;
}

const ref = (object: KubeObject) => ({
  name: object.metadata.name,
  uid: object.metadata.uid ?? '',
});

/**
 * Everything but `openAttempt`. The newest concluded Job stays for its logs until Kubernetes collects it, unless it could still
 * make a pod; with `everything`, for an IslandJob that is being deleted, nothing stays.
 */
export function leftovers(observed: Observed, openAttempt: number | undefined, newest: number, everything: boolean): Leftovers {
  const old = <T extends KubeObject>(objects: readonly T[]) =>
    objects.filter((object) => openAttempt === undefined || attemptOf(object) !== openAttempt);
  const pods = old(observed.pods);
  const jobs = old(observed.kubeJobs);
  const actions: Action[] = [];
  const alive = pods.filter((pod) => !hasEnded(pod, observed.lostNodes));
  // With a back-off limit of 0 a Job makes no pod twice: when all have ended it is spent, even before its controller has noticed.
  const endedOf = (job: Job) => pods.filter((pod) => ownedBy(pod, job.metadata.uid ?? '') && !alive.includes(pod));
  const spent = (job: Job) => isFinished(job) || endedOf(job).length >= (job.spec.completions ?? 1);
  for (const pod of pods) {
    const ended = !alive.includes(pod);
    if (ended && hasFinalizer(pod, finalizers.attempt)) actions.push({ type: 'ReleasePod', ...ref(pod) });
    // Pods of a Job go with their Job; one without, such as one made by hand, has nobody else to remove it.
    if (!isDeleting(pod) && (!ended || everything)) actions.push({ type: 'DeletePod', ...ref(pod) });
  }
  for (const job of jobs) {
    const own = alive.some((pod) => attemptOf(pod) === attemptOf(job));
    const keep = !everything && spent(job) && attemptOf(job) === newest;
    if (!isDeleting(job) && !keep) actions.push({ type: 'DeleteJob', ...ref(job) });
    if (!own && hasFinalizer(job, finalizers.attempt)) actions.push({ type: 'ReleaseJob', ...ref(job) });
  }
  for (const map of old(observed.configMaps)) if (!isDeleting(map)) actions.push({ type: 'DeleteConfigMap', ...ref(map) });
  for (const service of old(observed.services))
    if (!isDeleting(service)) actions.push({ type: 'DeleteService', ...ref(service) });
  if (everything)
    for (const policy of observed.policies) if (!isDeleting(policy)) actions.push({ type: 'DeletePolicy', ...ref(policy) });
  return {
    actions,
    running: alive.length > 0 || jobs.some((job) => !spent(job) && !isDeleting(job)),
    any: [pods, jobs, observed.configMaps, observed.services, everything ? observed.policies : []].some(
      ({ length }) => length > 0,
    ),
  };
}
