/** What islands said last about running works: kept in memory only, lossy, and never needed for a decision. */
import type { IslandJob } from '../api/islandjob.ts';
import type { Progress } from '../api/work.ts';
import type { Store } from '../kube/store.ts';
import { decode } from './codec.ts';
import { progressMessage } from './messages.ts';

export interface ProgressMemory {
  get(uid: string): Progress | undefined;
  /** Returns how many entries are about works of other islands. Throws `MessageError`. */
  hear(island: string, data: Uint8Array): number;
  forget(uid: string): void;
}

/** Bounded by the IslandJobs that exist: nothing is kept about any other. */
export function createProgressMemory({ jobs }: { jobs: Store<IslandJob> }): ProgressMemory {
  const newest = new Map<string, Progress>();
  return {
    get: (uid) => newest.get(uid),
    hear(island, data) {
      let foreign = 0;
      for (const [uid, progress] of decode(progressMessage, data).entries) {
        const [job] = jobs.byIndex('uid', uid);
        // What has just been deleted, or is not in the cache yet, is no foreigner.
        if (job === undefined) continue;
        if (job.spec.island === island) newest.set(uid, progress);
        else foreign++;
      }
      return foreign;
    },
    forget: (uid) => void newest.delete(uid),
  };
}
