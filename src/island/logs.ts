/** Reads the log of a work's pod: finds the pod and its container, and says in words why there is none. */

import { containerNames } from '../api/courier.ts';
import type { IslandJob } from '../api/islandjob.ts';
import type { LogsRequest, ReadLogs } from '../api/islandreport.ts';
import type { Pod } from '../kube/core.ts';
import type { Store } from '../kube/store.ts';
import { keyOf, keyString, type PodLogs } from '../kube/types.ts';
import { attemptOf, indexOf } from './jobview.ts';
import { islandJobIndex } from './look.ts';

/** Thrown when there is no such log; the message is for whoever asked. */
export class NoLogError extends Error {
  override readonly name = 'NoLogError';
}

export interface LogsOptions {
  readonly client: Partial<PodLogs>;
  readonly islandJobs: Store<IslandJob>;
  readonly pods: Store<Pod>;
  /** Name of this island. */
  readonly island: string;
}

export function createReadLogs({ client, islandJobs, pods, island }: LogsOptions): ReadLogs {
  return (request, signal) => {
    const work = `IslandJob ${keyString(request.job)}`;
    const job = islandJobs.get(request.job);
    if (job === undefined) throw new NoLogError(`cannot read a log: ${work} is not on island ${island}`);
    const pod = podOf(pods.byIndex(islandJobIndex, job.metadata.uid ?? ''), request, work);
    const container = request.container ?? containerNames.trainer;
    const known = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name);
    if (!known.includes(container))
      throw new NoLogError(
        `cannot read a log: pod ${pod.metadata.name} has no container ${container}; it has ${known.join(', ')}`,
      );
    if (client.logs === undefined) throw new NoLogError(`cannot read a log: island ${island} has no access to logs`);
    const { follow, tailLines } = request;
    return client.logs(
      keyOf(pod),
      { container, ...(follow === undefined ? {} : { follow }), ...(tailLines === undefined ? {} : { tailLines }) },
      signal,
    );
  };
}

/** The newest pod of the attempt and place that were asked for. */
function podOf(all: readonly Pod[], { attempt, index = 0 }: LogsRequest, work: string): Pod {
  const numbers = [...new Set(all.map(attemptOf))].toSorted((a, b) => a - b);
  const wanted = attempt ?? numbers.at(-1);
  if (wanted === undefined) throw new NoLogError(`cannot read a log: ${work} has no pod now`);
  const created = (pod: Pod) => pod.metadata.creationTimestamp ?? '';
  const found = all
    .filter((pod) => attemptOf(pod) === wanted && indexOf(pod) === index)
    .toSorted((a, b) => created(a).localeCompare(created(b)))
    .at(-1);
  if (found) return found;
  if (!numbers.includes(wanted))
    throw new NoLogError(
      `cannot read a log: attempt ${wanted} of ${work} has no pod any more; attempts that have: ${numbers.join(', ') || 'none'}`,
    );
  throw new NoLogError(`cannot read a log: attempt ${wanted} of ${work} has no pod ${index}`);
}
