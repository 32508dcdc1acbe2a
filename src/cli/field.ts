/** What placement looks at, read once: islands, all that the hub has placed, and the quotas of its settings. */
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import { createField, type Quotas, type WritableField } from '../hub/field.ts';
import { islandView, runningWork } from '../hub/islands.ts';
import { ApiError } from '../kube/errors.ts';
import { keyString } from '../kube/types.ts';
import type { Scope } from './cluster.ts';
import { findHubConfig } from './hub.ts';
import type { Call } from './verb.ts';

export interface Ground {
  field: WritableField;
  islands: ComputeIsland[];
  /** Every placement that has not been deleted, as far as the user may see them. */
  jobs: IslandJob[];
}

/** Says on `err` what the user may not see and what is left out because of it. */
export async function readGround(call: Call, scope: Scope): Promise<Ground> {
  const { client, hub } = scope;
  const [{ items: islands }, jobs, quotas] = await Promise.all([
    client.list(ComputeIslandKind),
    allJobs(call, scope),
    findHubConfig(hub).then(({ found }): Quotas => found?.quotas ?? {}),
  ]);
  const field = createField(quotas);
  for (const island of islands) field.setIsland(islandView(island));
  for (const job of jobs) {
    const work = runningWork(job);
    if (work) field.put(keyString(job.metadata), work);
  }
  return { field, islands, jobs };
}

async function allJobs(call: Call, { client, namespace }: Scope): Promise<IslandJob[]> {
  try {
    return (await client.list(IslandJobKind)).items;
  } catch (error) {
    if (!(error instanceof ApiError && error.isForbidden)) throw error;
    call.io.err(
      `atoll: you may see the works of namespace ${namespace} only; GPUs that others have just taken are not counted\n`,
    );
    return (await client.list(IslandJobKind, { namespace })).items;
  }
}
