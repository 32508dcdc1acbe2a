/** Placements before the current one: what training resumes from, and when their IslandJobs go. Pure. */
import type { IslandJob } from '../api/islandjob.ts';
import type { ManifestRef, WorkStatus } from '../api/work.ts';
import { hasEnded } from './islands.ts';
import type { WorkAction } from './work.ts';

/** IslandJobs of older placements that stay for people to look at; their checkpoints are also in the status of the work. */
const kept = 3;

/** Older placements end for good, however the work came to have a newer one; of those that have ended the newest few are kept. */
export function olderPlacements(current: number, jobs: readonly IslandJob[], decided: readonly WorkAction[]): WorkAction[] {
  const older = jobs
    .filter(({ spec, metadata }) => spec.placement < current && metadata.deletionTimestamp === undefined)
    .filter((job) => !decided.some((action) => action.type !== 'Create' && action.job === job))
    .toSorted((a, b) => b.spec.placement - a.spec.placement);
  const stops = older.filter((job) => !hasEnded(job) && !job.spec.stop).map(stop);
  const ended = older.filter(hasEnded).slice(kept);
  return [...stops, ...ended.map((job): WorkAction => ({ type: 'Delete', job }))];
}

function stop(job: IslandJob): WorkAction {
  const { suspend, retry, checkpoint, revision } = job.spec;
  return { type: 'Patch', job, spec: { suspend, stop: true, retry, checkpoint, revision: revision + 1 } };
}

/**
 * Published checkpoints of earlier placements that training can go on from, newest first: `keep` of those that the work remembers,
 * since older ones may be deleted, and the newest of each IslandJob that is still there.
 */
export function resumeFrom(current: WorkStatus, jobs: readonly IslandJob[], keep: number): ManifestRef[] {
  const quarantined = new Set(jobs.flatMap((job) => job.status?.quarantined ?? []));
  const ofJobs = jobs.toSorted((a, b) => b.spec.placement - a.spec.placement).map((job) => job.status?.checkpoint);
  const published = [current.checkpoint, ...ofJobs].filter((checkpoint) => checkpoint?.kind === 'Resumable');
  const remembered = (current.resumable ?? []).filter(({ manifest }) => !quarantined.has(manifest)).slice(0, keep);
  const found = new Map<string, ManifestRef>();
  for (const checkpoint of [...remembered, ...published]) {
    if (!checkpoint || quarantined.has(checkpoint.manifest) || found.has(checkpoint.digest)) continue;
    found.set(checkpoint.digest, { manifest: checkpoint.manifest, digest: checkpoint.digest });
  }
  return [...found.values()].slice(0, 20);
}
