/** The one mechanism for a work of any role: what its owner wants and what is seen become the next status and what to do to its IslandJobs. */

import { cut } from '../api/fields.ts';
import type { IslandJob, IslandJobSpec } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { ManifestRef, WorkStatus } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { type Answer, type AskedOfWork, answerMove, answerRetry, placeAsked } from './asked.ts';
import { inputsDigest } from './inputs.ts';
import { hasEnded } from './islands.ts';
import { decideMove, type IslandLost, type Move, type Standing } from './move.ts';
import { again, blocked, create, cutWhy, lookAgain, next, replace } from './next.ts';
import { olderPlacements } from './older.ts';
import type { Place, Placement } from './placement.ts';
import { failureOf, mirror, withoutWhy } from './reported.ts';
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
  /** What a user asked of it. */
  asked?: AskedOfWork | undefined;
  /** Digest of what it must be made from, for works whose inputs can be replaced: one made from something else is made again. */
  inputs?: string | undefined;
}

export interface Seen {
  /** As last stored in the owner's status: the memory of placement numbers. */
  current: WorkStatus | undefined;
  /** Every IslandJob of the work; that of the current placement is known to be absent when it is not in here. */
  jobs: readonly IslandJob[];
  /** Of the output of the current placement's IslandJob, once that has Succeeded. */
  verification: Verification | undefined;
  /** Chooses an island, and counts the work there from now on. */
  place(where: Place): Placement;
  /** Which island would be chosen if it were placed now; nothing is counted. */
  look?: (where: Place) => Placement;
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
  /** Why it goes on although it had ended, in the decision that makes it so. */
  retried?: Why;
  /** What was asked of it and is not done, or not yet; worth a word each time that it is something else. */
  unmet?: Why[];
  /** The island that did not take it, to be left alone for a while. */
  avoid?: { island: string; uid: string; why: Why };
}

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
  const current = stored.state === 'Accepted' ? stored : adoptNewest(stored, seen.jobs);
  const retry = answerRetry(wish.asked, current, wish.stop);
  const decision =
    current.state === 'Accepted' || current.state === 'Blocked' ? ended(wish, seen, current, retry) : going(wish, seen, current);
  const answers = [retry, answerMove(wish.asked, decision.status, wish.stop)];
  const unmet = [...(decision.unmet ?? []), ...answers.flatMap((answer) => (answer.type === 'Ignore' ? [answer.why] : []))];
  return unmet.length === 0 ? decision : { ...decision, unmet };
}

/** Accepted and Blocked stay, unless somebody asks for another placement or what it was made from was replaced. */
function ended(wish: Wish, seen: Seen, current: WorkStatus, retry: Answer): WorkDecision {
  const why = retry.type === 'Go' ? retry.why : replacedInputs(wish, current);
  const job = seen.jobs.find(({ metadata }) => metadata.name === current.job);
  // One that is Blocked while something of it still runs is told to stop first: see olderPlacements.
  if (!why || (job && !hasEnded(job))) return { status: current, actions: [] };
  return { ...again(wish, seen, current), retried: why };
}

/** Why it is made again: an input of it has been replaced since. A result stays until what replaces it can be made. */
function replacedInputs({ inputs, stop, hold }: Wish, { inputs: made, state }: WorkStatus): Why | undefined {
  if (stop || inputs === undefined || made === undefined || made === inputs) return undefined;
  if (state === 'Accepted' && hold) return undefined;
  return { reason: 'InputsReplaced', message: 'an input that it was made from has been replaced' };
}

function going(wish: Wish, seen: Seen, current: WorkStatus): WorkDecision {
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

/** The IslandJob of the current placement exists: the island says where it stands, the owner whether it goes on. */
function follow(wish: Wish, seen: Seen, current: WorkStatus, job: IslandJob): WorkDecision {
  const mirrored = mirror(current, job);
  const status = wish.inputs === undefined ? mirrored : { ...mirrored, inputs: inputsDigest(job.spec.inputs) };
  const replaced = replacedInputs(wish, status);
  switch (job.status?.state) {
    case 'Succeeded':
      return replaced && !wish.hold
        ? { ...again(wish, seen, status), retried: replaced }
        : { ...accept(status, seen), actions: [] };
    case 'Failed':
      return { status: blocked(status, failureOf(job), seen.now), actions: [] };
    case 'Stopped':
      return next(wish, seen, status);
    default:
  }
  const { standing, now, claimDeadlineMs = claimDeadline } = seen;
  const leave: Leaving = replaced ? { leave: replaced } : leaves(wish, seen, status, job);
  const move = decideMove({ job, standing, islandLost: wish.islandLost, claimDeadlineMs, leave: leave.leave, now });
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
  const { waits } = leave;
  if (!waits || move.type === 'Stop') return goOn(wish, job, status, move);
  const after = Math.min(move.after ?? lookAgain, lookAgain);
  return { ...goOn(wish, job, status, { type: 'Stay', why: move.why ?? waits, after }), unmet: [waits] };
}

interface Leaving {
  leave?: Why;
  /** Why it does not leave yet. */
  waits?: Why;
}

/** Whether a move that was asked for begins now; while there is no room for it elsewhere the work goes on where it is. */
function leaves(wish: Wish, seen: Seen, status: WorkStatus, job: IslandJob): Leaving {
  const answer = answerMove(wish.asked, { ...status, island: job.spec.island }, wish.stop);
  if (answer.type !== 'Go') return {};
  const where = placeAsked(wish.asked, status.placement, job.spec.island) ?? {};
  const room = job.spec.stop ? undefined : seen.look?.(where);
  if (!room || room.island !== undefined) return { leave: answer.why };
  const to = where.only === undefined ? 'elsewhere' : `to island ${where.only}`;
  const message = `it is to go ${to} and goes on here until it can: ${room.message}`;
  return { waits: { reason: 'WaitingToMove', message } };
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
