/** What an administrator decided about IslandJobs that an island holds and the hub does not know, as annotations of the ComputeIsland. */
import type { ComputeIsland } from './computeisland.ts';
import type { JobName } from './islandreport.ts';
import { islandAnnotations } from './labels.ts';

export type Mark = 'adopt' | 'forget';

/** The IslandJobs with this mark, in the order in which they were named; what cannot be read counts as not there. */
export function marked(island: ComputeIsland | undefined, mark: Mark): JobName[] {
  const text = island?.metadata.annotations?.[islandAnnotations[mark]];
  if (text === undefined) return [];
  return text.split(',').flatMap((entry) => {
    const [namespace = '', name = '', uid = ''] = entry.split('/');
    return namespace === '' || name === '' || uid === '' ? [] : [{ namespace, name, uid }];
  });
}

/** The annotation for these IslandJobs; null, which takes it away, for none. */
export function markText(jobs: readonly JobName[]): string | null {
  return jobs.length === 0 ? null : jobs.map(({ namespace, name, uid }) => `${namespace}/${name}/${uid}`).join(',');
}
