/** The hub's side of the protocol as a pure decision: from what it holds and what an island says to what the island is told. */

import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import type { RefusedJob } from '../api/islandreport.ts';
import { annotations, finalizers } from '../api/labels.ts';
import { type Reason, reasonNames } from '../api/reasons.ts';
import { hasFinalizer } from '../kube/finalizers.ts';
import { liveDigest } from './digest.ts';
import type { HaveEntry, Put, SentStatus, Standing } from './messages.ts';

export const applied = 'applied';

/** States after which a work is never handed out again: it has run. */
const ended = new Set<string>(['Succeeded', 'Failed', 'Stopped']);

export interface Question {
  /** IslandJobs of the island, as the hub holds them. */
  jobs: readonly IslandJob[];
  /** What the island holds; undefined while the hub does not know. */
  have: readonly HaveEntry[] | undefined;
  /** uids of which the island says that nothing is left. */
  dropped: ReadonlySet<string>;
  /** Promised never to be handed out. */
  withheld: (uid: string) => boolean;
}

export interface Answer {
  put: IslandJob[];
  drop: IslandJob[];
  /** Held by the island, not known here. */
  unknown: string[];
  /** The island is ahead: spec.revision must become larger than `above` before it is put again. */
  lift: { job: IslandJob; above: number }[];
  /** Must get the finalizer before they are handed out. */
  guard: IslandJob[];
  /** Being deleted, and nothing of them is left. */
  release: IslandJob[];
}

export function answer({ jobs, have, dropped, withheld }: Question): Answer {
  const result: Answer = { put: [], drop: [], unknown: [], lift: [], guard: [], release: [] };
  const held = new Map(have?.map((entry) => [entry[0], entry]));
  for (const job of jobs) {
    const uid = job.metadata.uid ?? '';
    const entry = held.get(uid);
    if (job.metadata.deletionTimestamp !== undefined) {
      if (dropped.has(uid)) result.release.push(job);
      else result.drop.push(job);
    } else if (have === undefined || dropped.has(uid)) {
      // Without knowing what is there nothing is handed out; what was just dropped is on its way out of this very view.
    } else if (entry === undefined) {
      if (withheld(uid) || ended.has(job.status?.state ?? '')) continue;
      (hasFinalizer(job, finalizers.island) ? result.put : result.guard).push(job);
    } else {
      const [, revision, live, state] = entry;
      const differs = state === applied && revision === job.spec.revision && live !== liveDigest(job.spec);
      if (revision > job.spec.revision || differs) result.lift.push({ job, above: revision });
      else if (revision < job.spec.revision && !withheld(uid)) result.put.push(job);
    }
  }
  const known = new Set(jobs.map(({ metadata }) => metadata.uid));
  for (const uid of held.keys()) if (!known.has(uid) && !dropped.has(uid)) result.unknown.push(uid);
  return result;
}

export type StatusVerdict = 'store' | 'known' | 'ahead';

/** What to do with a status that an island sends, given the stored one. Numbers never go back. */
export function judgeStatus(stored: IslandJobStatus | undefined, sent: SentStatus['status']): StatusVerdict {
  if (stored === undefined) return sent.revision > 0 ? 'store' : 'known';
  if (sent.attempt < stored.attempt || sent.restarts < stored.restarts || sent.revision < stored.revision) return 'ahead';
  // A final result or a stop proof is never taken back.
  if ((stored.output && sent['output'] === undefined) || (stored.stopped && sent['stopped'] === undefined)) return 'ahead';
  if (sent.revision > stored.revision) return 'store';
  return sent.attempt === stored.attempt && sent.state === stored.state ? 'known' : 'ahead';
}

/** The part of a stored status that an island must not fall behind. */
export function standingOf({ revision, attempt, restarts, state, output, stopped }: IslandJobStatus): Standing {
  return { revision, attempt, restarts, state, ...(output ? { output } : {}), ...(stopped ? { stopped } : {}) };
}

export function putOf(job: IslandJob): Put {
  const { uid = '', generation = 1, namespace = '', name, labels = {} } = job.metadata;
  const known = job.status && job.status.revision > 0 ? { known: standingOf(job.status) } : {};
  return { uid, generation, namespace, name, labels, live: liveDigest(job.spec), spec: job.spec, ...known };
}

/** Names and reasons of what the island refuses, for those that are known here. */
export function refusedOf(have: readonly HaveEntry[], jobs: readonly IslandJob[]): RefusedJob[] {
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  return have.flatMap(([uid, , , state, message = '']) => {
    const job = byUid.get(uid);
    if (state === applied || job === undefined) return [];
    const { namespace = '', name } = job.metadata;
    // An island of another version may have other reasons; its message says more anyway.
    const reason: Reason = reasonNames.find((known) => known === state) ?? 'JobInvalid';
    return [{ namespace, name, uid, reason, message }];
  });
}

export const hubUidOf = (mirror: IslandJob): string | undefined => mirror.metadata.annotations?.[annotations.hubUid];
