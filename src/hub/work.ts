/** The one mechanism for a work of any role: what its owner wants and what is seen become the next status and what to do to its IslandJobs. */
import type { IslandJob, IslandJobSpec } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { ManifestRef, WorkStatus } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { decideMove, type IslandLost, type Move, type Standing } from './move.ts';
import { olderPlacements, resumeFrom } from './older.ts';
import type { Placement } from './placement.ts';
import { cut, failureOf, mirror, withoutWhy } from './reported.ts';
import type { Verification } from './verify.ts';

/** A reason of the closed list and the same in a sentence. */
export interface Why {
  reason: Reason;
  message: string;
}

/** What the owner wants of the work now. */
export interface Wish {
  suspend: boolean;
  /** Set: it must not be placed yet. */
  hold?: Why | undefined;
  /** Set: it ends for good, whatever it is doing. */
  stop?: Why | undefined;
  /** Policies that may change while it runs. */
  retry: IslandJobSpec['retry'];
  checkpoint: IslandJobSpec['checkpoint'];
  /** What happens when its island is not heard. Default: wait. */
  islandLost?: IslandLost | undefined;
  /** The same as its island is told. Default: as it was told. */
  told?: IslandJobSpec['islandLost'] | undefined;
}

export interface Seen {
  /** As last stored in the owner's status: the memory of placement numbers. */
  current: WorkStatus | undefined;
  /** Every IslandJob of the work; that of the current placement is known to be absent when it is not in here. */
  jobs: readonly IslandJob[];
  /** Of the output of the current placement's IslandJob, once that has Succeeded. */
  verification: Verification | undefined;
  /** Chooses an island, never the one given. */
  place(except?: string): Placement;
  /** A placement above this number that an island holds, and that an administrator said to make again there. */
  adoptable?: (above: number) => { island: string; placement: number } | undefined;
  jobName(placement: number): string;
  /** Of the island of the current placement. */
  standing?: Standing | undefined;
  /** Why the IslandJob of the current placement was withdrawn, while that is remembered. */
  withdrawn?: Why | undefined;
  claimDeadlineMs?: number;
  now: number;
}

export type WorkAction =
  | { type: 'Create'; placement: number; island: string; resume: ManifestRef[] }
  | { type: 'Patch'; job: IslandJob; spec: Partial<IslandJobSpec> }
  | { type: 'Delete'; job: IslandJob };

/**
 * The status is stored before the actions are carried out: it is the write-ahead log of the IslandJobs. State Waiting with a
 * `job` means "this placement is decided, its IslandJob may not exist yet"; without one, that the next placement is not decided.
 */
export interface WorkDecision {
  status: WorkStatus;
  actions: WorkAction[];
  /** Milliseconds after which to look again when nothing else happens. */
  after?: number;
  /** Why it leaves its island, in the decision that makes it so. */
  moves?: Why;
  /** The island that did not take it, to be left alone for a while. */
  avoid?: { island: string; uid: string; why: Why };
}

/** How often a work that found no island looks again by itself; islands that change wake it at once. */
export const lookAgain = 30_000;
const claimDeadline = 120_000;

export function decideWork(wish: Wish, seen: Seen): WorkDecision {
  const decision = decideCurrent(wish, seen);
  const { placement, state } = decision.status;
  // A work can be blocked while the island that held it is away: that placement is over too.
  const newest = state === 'Blocked' ? placement + 1 : placement;
  const older = olderPlacements(newest, seen.jobs, decision.actions);
  return older.length === 0 ? decision : { ...decision, actions: [...older, ...decision.actions] };
}

function decideCurrent(wish: Wish, seen: Seen): WorkDecision {
  const stored = seen.current ?? { placement: 0, attempt: 0, restarts: 0, state: 'Waiting' };
  if (stored.state === 'Accepted') return { status: stored, actions: [] };
  const current = adoptNewest(stored, seen.jobs);
  if (current.state === 'Blocked') return { status: current, actions: [] };
  if (current.job === undefined || current.island === undefined) return next(wish, seen, current);
  const job = seen.jobs.find((one) => one.metadata.name === current.job);
  if (job) return follow(wish, seen, current, job);
  // Gone after it had existed: its finalizer was lifted only when nothing of it ran, so that is the stop proof.
  return current.state === 'Waiting' ? create(wish, seen, current, current.island) : next(wish, seen, current);
}

/** A status restored from an older copy knows less than the IslandJobs do: the highest number ever seen counts. */
function adoptNewest(current: WorkStatus, jobs: readonly IslandJob[]): WorkStatus {
  const newest = jobs.toSorted((a, b) => b.spec.placement - a.spec.placement)[0];
  if (!newest || newest.spec.placement <= current.placement) return current;
  return {
    ...withoutWhy(current),
    placement: newest.spec.placement,
    island: newest.spec.island,
    job: newest.metadata.name,
    state: 'Pending',
    attempt: 0,
  };
}

/** Decides the next placement, if there is to be one. */
function next(wish: Wish, seen: Seen, current: WorkStatus): WorkDecision {
  const { island: _, job: __, ...kept } = withoutWhy(current);
  if (wish.stop) return { status: blocked(kept, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...kept, state: 'Waiting', ...hold }, actions: [] };
  const held = seen.adoptable?.(kept.placement);
  if (held) return onIsland(wish, seen, { ...kept, placement: held.placement - 1 }, { island: held.island });
  return onIsland(wish, seen, kept, seen.place());
}

function onIsland(wish: Wish, seen: Seen, kept: WorkStatus, chosen: Placement): WorkDecision {
  if (chosen.island === undefined) {
    return {
      status: { ...kept, state: 'Waiting', reason: chosen.reason, message: cut(chosen.message, 1024) },
      actions: [],
      after: lookAgain,
    };
  }
  const placement = kept.placement + 1;
  const decided: WorkStatus = {
    ...kept,
    placement,
    island: chosen.island,
    job: seen.jobName(placement),
    state: 'Waiting',
    attempt: 0,
  };
  return create(wish, seen, decided, chosen.island);
}

/** The placement is decided and its IslandJob does not exist. */
function create(wish: Wish, seen: Seen, current: WorkStatus, island: string): WorkDecision {
  if (wish.stop) return { status: blocked(current, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...current, ...hold }, actions: [] };
  // reason and message stay: they may say why the API server refused the IslandJob the last time.
  const status = current.reason === 'Suspended' ? withoutWhy(current) : current;
  return {
    status,
    actions: [{ type: 'Create', placement: current.placement, island, resume: resumeFrom(current, seen.jobs) }],
  };
}

function holdBack(wish: Wish): Why | undefined {
  if (wish.suspend) return { reason: 'Suspended', message: 'spec.suspend is true' };
  return wish.hold;
}

/** The IslandJob of the current placement exists: the island says where it stands, the owner whether it goes on. */
function follow(wish: Wish, seen: Seen, current: WorkStatus, job: IslandJob): WorkDecision {
  const status = mirror(current, job);
  switch (job.status?.state) {
    case 'Succeeded':
      return { ...accept(status, seen), actions: [] };
    case 'Failed':
      return { status: blocked(status, failureOf(job), seen.now), actions: [] };
    case 'Stopped':
      return next(wish, seen, status);
    default:
  }
  const { standing, now, claimDeadlineMs = claimDeadline } = seen;
  const move = decideMove({ job, standing, islandLost: wish.islandLost, claimDeadlineMs, now });
  if (move.type === 'Replace') return replace(wish, seen, status, move.why);
  if (job.metadata.deletionTimestamp !== undefined) {
    const { name } = job.metadata;
    const message = `IslandJob ${name} is being deleted; the next placement follows when its pods have stopped`;
    const why = seen.withdrawn ?? (move.type === 'Stay' && move.why) ?? undefined;
    return { status: { ...status, state: 'Stopping', ...(why || { reason: 'DeletionPending', message }) }, actions: [] };
  }
  if (move.type === 'Withdraw') {
    const avoid = { island: job.spec.island, uid: job.metadata.uid ?? '', why: move.why };
    const actions: WorkAction[] = [{ type: 'Delete', job }];
    return { status: { ...status, state: 'Stopping', ...cutWhy(move.why) }, actions, moves: move.why, avoid };
  }
  return goOn(wish, job, status, move);
}

/** The placement stays or is told to stop. */
function goOn(
  wish: Wish,
  job: IslandJob,
  status: WorkStatus,
  move: Exclude<Move, { type: 'Withdraw' | 'Replace' }>,
): WorkDecision {
  const spec = {
    suspend: wish.suspend,
    stop: job.spec.stop || wish.stop !== undefined || move.type === 'Stop',
    retry: wish.retry,
    checkpoint: wish.checkpoint,
    ...(wish.told ? { islandLost: wish.told } : {}),
  };
  const told = wish.told ?? job.spec.islandLost;
  const same =
    spec.suspend === job.spec.suspend &&
    spec.stop === job.spec.stop &&
    JSON.stringify(policies({ ...spec, islandLost: told })) === JSON.stringify(policies(job.spec));
  return {
    status: move.why ? { ...status, ...cutWhy(move.why) } : status,
    actions: same ? [] : [{ type: 'Patch', job, spec: { ...spec, revision: job.spec.revision + 1 } }],
    ...(move.type === 'Stop' ? { moves: move.why } : {}),
    ...(move.type === 'Stay' && move.after !== undefined ? { after: move.after } : {}),
  };
}

/** Its island is given up: the next placement does not wait for a proof. What the older one still publishes never counts. */
function replace(wish: Wish, seen: Seen, current: WorkStatus, why: Why): WorkDecision {
  const { island, job: _, ...kept } = withoutWhy(current);
  if (wish.stop) return { status: blocked(current, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...current, ...cutWhy(why) }, actions: [] };
  const chosen = seen.place(island);
  if (chosen.island !== undefined) return { ...onIsland(wish, seen, kept, chosen), moves: why };
  const message = `${why.message}; ${chosen.message}`;
  return { status: { ...current, ...cutWhy({ ...why, message }) }, actions: [], after: lookAgain };
}

/** The policies in one order of keys, so that they can be compared. */
function policies({ retry, checkpoint, islandLost }: Pick<IslandJobSpec, 'retry' | 'checkpoint' | 'islandLost'>) {
  const { maxRestarts, backoff } = retry;
  return [maxRestarts, backoff.initial, backoff.max, checkpoint.keep, islandLost.policy, islandLost.after];
}

function accept(status: WorkStatus, seen: Seen): { status: WorkStatus; after?: number } {
  const { verification } = seen;
  if (!verification) return { status: { ...status, state: 'Publishing' } };
  if (verification.result === 'Verified') {
    const accepted = { ...verification.accepted, placement: status.placement, at: timestamp(seen.now) };
    return { status: { ...withoutWhy(status), state: 'Accepted', accepted, finishedAt: timestamp(seen.now) } };
  }
  const why: Why = { reason: verification.reason, message: cut(verification.message, 1024) };
  if (verification.result === 'Refused') return { status: blocked(status, why, seen.now) };
  return { status: { ...status, state: 'Publishing', ...why }, after: verification.after };
}

function blocked(status: WorkStatus, why: Why, now: number): WorkStatus {
  return { ...status, state: 'Blocked', ...why, finishedAt: timestamp(now) };
}

function cutWhy({ reason, message }: Why): Why {
  return { reason, message: cut(message, 1024) };
}
