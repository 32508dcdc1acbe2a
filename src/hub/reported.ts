/** What the island of a placement reports, as the status of the work. Pure. */

import { cut } from '../api/fields.ts';
import type { IslandJob } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import { type ManifestRef, mostResumable, type PublishedCheckpoint, type WorkState, type WorkStatus } from '../api/work.ts';
import { failedAttempts, withFailures } from './evidence.ts';
import type { Why } from './work.ts';

const mirrored: Record<string, WorkState> = {
  Queued: 'Queued',
  Starting: 'Starting',
  Running: 'Running',
  Publishing: 'Publishing',
  Stopping: 'Stopping',
  Suspended: 'Suspended',
};

/** What the island reports, with the memory of what earlier placements reached. Numbers never go back. */
export function mirror(current: WorkStatus, job: IslandJob): WorkStatus {
  const seen = job.status;
  const status: WorkStatus = {
    ...withoutWhy(current),
    ...withFailures(current, job),
    state: mirrored[seen?.state ?? ''] ?? 'Pending',
    attempt: Math.max(current.attempt, seen?.attempt ?? 0),
    restarts: Math.max(current.restarts, seen?.restarts ?? 0),
  };
  if (seen?.reason !== undefined) status.reason = seen.reason;
  if (seen?.message !== undefined) status.message = seen.message;
  if (seen?.progress) status.progress = seen.progress;
  if (seen?.checkpoint) {
    status.checkpoint = seen.checkpoint;
    const resumable = withCheckpoint(current.resumable, seen.checkpoint);
    if (resumable.length > 0) status.resumable = resumable;
  }
  const startedAt = current.startedAt ?? seen?.startedAt;
  if (startedAt !== undefined) status.startedAt = startedAt;
  return status;
}

/** The newest first; a final that nobody can go on from adds nothing. */
function withCheckpoint(known: readonly ManifestRef[] = [], { manifest, digest, kind }: PublishedCheckpoint): ManifestRef[] {
  if (kind !== 'Resumable' || known[0]?.digest === digest) return [...known];
  return [{ manifest, digest }, ...known.filter((one) => one.digest !== digest)].slice(0, mostResumable);
}

/** Why a failed IslandJob failed: its own words, else those of its last attempt. */
export function failureOf(job: IslandJob): Why {
  const failure = failedAttempts(job).at(-1);
  const reason = (job.status?.reason ?? failure?.class ?? 'Crash') as Reason;
  const attempt = failure
    ? `attempt ${failure.number} ended with ${failure.class}: ${failure.message ?? 'it left no message'}`
    : '';
  return { reason, message: cut(job.status?.message ?? (attempt || 'the island gave no message'), 1024) };
}

export function withoutWhy(status: WorkStatus): WorkStatus {
  const { reason: _, message: __, ...rest } = status;
  return rest;
}
