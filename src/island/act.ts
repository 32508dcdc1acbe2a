/** Carries out what was decided. Everything is made under a derived name, so that doing it again finds the first. */
import type { IslandJob } from '../api/islandjob.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import { finalizers, labels } from '../api/labels.ts';
import { configMaps, jobs, networkPolicies, pods, services } from '../kube/core.ts';
import { ApiError } from '../kube/errors.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import { type KubeClient, type KubeObject, keyOf, type ObjectKey, type ResourceType } from '../kube/types.ts';
import { configMapOf } from './attemptconfig.ts';
import type { Created } from './created.ts';
import { serviceOf } from './gang.ts';
import { InvalidWorkError } from './invalid.ts';
import { attemptOf, isDeleting } from './jobview.ts';
import { networkPolicyOf } from './networkpolicy.ts';
import type { Action, Observed } from './observed.ts';
import { jobOf } from './pod.ts';
import { openRecord } from './record.ts';
import type { IslandSettings } from './settings.ts';
import { unknownToHub } from './start.ts';

/** What became of it, for `CreateAttempt`. */
export type Act = (observed: Observed, action: Action, signal: AbortSignal) => Promise<Created | undefined>;

export function createAct(client: KubeClient, settings: IslandSettings): Act {
  return async (observed, action, signal) => {
    if (action.type === 'CreateAttempt') return createAttempt(client, settings, observed.job, action.attempt, signal);
    await change(client, observed, action, signal);
    return undefined;
  };
}

async function change(
  client: KubeClient,
  observed: Observed,
  action: Exclude<Action, { type: 'CreateAttempt' }>,
  signal: AbortSignal,
): Promise<void> {
  const { job, kubeJobs, pods: allPods } = observed;
  const key = (name: string): ObjectKey => ({ ...keyOf(job), name });
  switch (action.type) {
    case 'AddFinalizer':
      await addFinalizer(client, IslandJobKind, job, finalizers.island);
      break;
    case 'DropFinalizer':
      await removeFinalizer(client, IslandJobKind, job, finalizers.island);
      break;
    case 'DeleteJob':
      // Foreground: the Job stays until its pods are gone, so that nothing else can take its name before.
      await client.delete(jobs, key(action.name), { uid: action.uid, propagationPolicy: 'Foreground', signal });
      break;
    case 'DeletePod':
      await client.delete(pods, key(action.name), {
        uid: action.uid,
        ...(action.graceSeconds === undefined ? {} : { gracePeriodSeconds: action.graceSeconds }),
        signal,
      });
      break;
    case 'DeleteConfigMap':
      await client.delete(configMaps, key(action.name), { uid: action.uid, signal });
      break;
    case 'DeleteService':
      await client.delete(services, key(action.name), { uid: action.uid, signal });
      break;
    case 'DeletePolicy':
      await client.delete(networkPolicies, key(action.name), { uid: action.uid, signal });
      break;
    case 'ReleaseJob':
      await release(client, jobs, kubeJobs, action.uid);
      break;
    case 'ReleasePod':
      await release(client, pods, allPods, action.uid);
      break;
  }
}

async function release<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  all: readonly T[],
  uid: string,
): Promise<void> {
  const object = all.find(({ metadata }) => metadata.uid === uid);
  if (object) await removeFinalizer(client, type, object, finalizers.attempt);
}

async function createAttempt(
  client: KubeClient,
  settings: IslandSettings,
  seen: IslandJob,
  attempt: number,
  signal: AbortSignal,
): Promise<Created> {
  // The number must be stored before its pod can exist, and still be the open one: only the API server knows that.
  const job = await client.get(IslandJobKind, keyOf(seen), { signal });
  const open = openRecord(job?.status?.attempts ?? []);
  const { metadata, spec } = job ?? seen;
  const current =
    job !== undefined && metadata.uid === seen.metadata.uid && open?.number === attempt && open.jobUid === undefined;
  if (!current || isDeleting(job) || spec.stop || spec.suspend || unknownToHub(job)) return { outcome: 'Outdated' };
  try {
    const policy = networkPolicyOf(job, settings);
    const service = serviceOf(job, attempt);
    // All that the pod needs, before the Job that makes it.
    const needed = await Promise.allSettled([
      createOrAdopt(client, configMaps, configMapOf(job, attempt, settings), signal),
      ...(policy ? [createOrAdopt(client, networkPolicies, policy, signal)] : []),
      ...(service ? [createOrAdopt(client, services, service, signal)] : []),
    ]);
    for (const each of needed) if (each.status === 'rejected') throw each.reason;
    const made = await createOrAdopt(client, jobs, jobOf(job, attempt, settings), signal);
    return { outcome: 'Created', jobUid: made.metadata.uid ?? '' };
  } catch (error) {
    if (error instanceof NameTakenError) return { outcome: 'NameTaken', message: error.message };
    if (error instanceof InvalidWorkError || (error instanceof ApiError && error.isInvalid))
      return { outcome: 'Refused', message: error.message };
    throw error;
  }
}

/** Thrown when an object that is not of this attempt has the name that is needed. */
class NameTakenError extends Error {
  override readonly name = 'NameTakenError';
}

async function createOrAdopt<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  wanted: T,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await client.create(type, wanted, { signal });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
    const there = await client.get(type, keyOf(wanted), { signal });
    // Gone or going: it was in the way a moment ago. The back-off brings us here again.
    if (there === undefined || isDeleting(there))
      throw new ApiError(`create ${type.kind} ${wanted.metadata.name}`, 409, {
        reason: 'Conflict',
        message: 'one of that name is being deleted',
      });
    const ours = there.metadata.labels?.[labels.islandJobUid] === wanted.metadata.labels?.[labels.islandJobUid];
    if (ours && attemptOf(there) === attemptOf(wanted)) return there;
    throw new NameTakenError(`${type.kind} ${wanted.metadata.name} exists and belongs to something else: rename or delete it`);
  }
}
