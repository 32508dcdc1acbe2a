/** The IslandJobs of an island, and which of them still run. */
import { type IslandJob, IslandJobKind } from '../../api/islandjob.ts';
import { keyString } from '../../kube/types.ts';
import type { Cluster } from '../cluster.ts';

const ended = new Set<string | undefined>(['Succeeded', 'Failed', 'Stopped']);

export const hasEnded = (job: IslandJob): boolean => ended.has(job.status?.state);

export async function jobsOf({ client }: Cluster, island: string): Promise<IslandJob[]> {
  return (await client.list(IslandJobKind, { fieldSelector: `spec.island=${island}` })).items;
}

export const namesOf = (jobs: readonly IslandJob[]): string[] => jobs.map(({ metadata }) => keyString(metadata));
