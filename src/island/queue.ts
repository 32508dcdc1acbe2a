/** Kueue, as far as Atoll speaks to it: the label that puts a Job in a queue, and whether that queue is there. */
import type { IslandJob } from '../api/islandjob.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeClient, KubeObject, ResourceType } from '../kube/types.ts';

export const queueLabel = 'kueue.x-k8s.io/queue-name';

/** Newest first; Kueue serves each object in all the versions that it has. */
const localQueues: readonly ResourceType<KubeObject>[] = ['v1beta2', 'v1beta1'].map((version) => ({
  group: 'kueue.x-k8s.io',
  version,
  kind: 'LocalQueue',
  plural: 'localqueues',
  namespaced: true,
}));

/** What is missing for the work to be queued, in words; undefined when nothing is, or it asks for no queue. */
export async function missingQueue(client: KubeClient, job: IslandJob, signal: AbortSignal): Promise<string | undefined> {
  const { queueName } = job.spec;
  const { namespace } = job.metadata;
  if (queueName === undefined) return undefined;
  for (const type of localQueues) {
    try {
      const found = await client.get(type, { ...(namespace === undefined ? {} : { namespace }), name: queueName }, { signal });
      return found ? undefined : `queue ${queueName} is not in namespace ${namespace}: make a LocalQueue of that name there`;
    } catch (error) {
      // A kind that is not served is asked for in its other version.
      if (!(error instanceof ApiError && error.isNotFound)) throw error;
    }
  }
  return `queue ${queueName} cannot be used: Kueue is not installed on this island`;
}
