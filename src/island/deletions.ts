/** Whether a courier may delete old checkpoints now: under policy Replace only while the hub is heard, else it deletes what another island resumes from. */
import { type DeletionPermit, unlimited } from '../api/courier.ts';
import { parseDuration } from '../api/duration.ts';
import type { IslandJob } from '../api/islandjob.ts';

/**
 * For how long from now. The hub replaces a work `after` its island was heard last; half of that is kept as a distance, for clocks that
 * differ and for deletions under way. `heardAt` is when the hub was heard last (ms), undefined before it was.
 */
export function deletionPermit(job: IslandJob | undefined, heardAt: number | undefined, now: number): DeletionPermit {
  // Gone already: whoever asks for it again decides anew.
  if (job === undefined) return 0;
  const { policy, after } = job.spec.islandLost;
  if (policy === 'Wait') return unlimited;
  return heardAt === undefined ? 0 : Math.max(0, heardAt + parseDuration(after) / 2 - now);
}
