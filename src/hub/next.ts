/** The next placement of a work: whether there is to be one, where it goes, and what it resumes from. Pure. */

import { cut } from '../api/fields.ts';
import type { WorkStatus } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { placeAsked } from './asked.ts';
import { resumeFrom } from './older.ts';
import type { Placement } from './placement.ts';
import { withoutWhy } from './reported.ts';
import type { Seen, Why, Wish, WorkDecision } from './work.ts';

/** How often a work that found no island looks again by itself; islands that change wake it at once. */
export const lookAgain = 30_000;

/** Decides the next placement, if there is to be one. */
export function next(wish: Wish, seen: Seen, current: WorkStatus): WorkDecision {
  const { island, job: _, ...kept } = withoutWhy(current);
  if (wish.stop) return { status: blocked(kept, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...kept, state: 'Waiting', ...hold }, actions: [] };
  const held = seen.adoptable?.(kept.placement);
  if (held) return onIsland(wish, seen, { ...kept, placement: held.placement - 1 }, { island: held.island });
  const left = island ?? seen.jobs.find(({ spec }) => spec.placement === kept.placement)?.spec.island;
  return onIsland(wish, seen, kept, seen.place(placeAsked(wish.asked, kept.placement, left) ?? {}));
}

/** A work that had ended goes on with a new budget; what it published stays to be resumed from. */
export function again(wish: Wish, seen: Seen, ended: WorkStatus): WorkDecision {
  const { finishedAt: _, progress, ...kept } = ended;
  // Of an accepted one the old progress says "done".
  return next(wish, seen, ended.state === 'Accepted' || !progress ? kept : { ...kept, progress });
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
export function create(wish: Wish, seen: Seen, current: WorkStatus, island: string): WorkDecision {
  if (wish.stop) return { status: blocked(current, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...current, ...hold }, actions: [] };
  // reason and message stay: they may say why the API server refused the IslandJob the last time.
  const status = current.reason === 'Suspended' ? withoutWhy(current) : current;
  return {
    status: wish.inputs === undefined ? status : { ...status, inputs: wish.inputs },
    actions: [
      { type: 'Create', placement: current.placement, island, resume: resumeFrom(current, seen.jobs, wish.checkpoint.keep) },
    ],
  };
}

function holdBack(wish: Wish): Why | undefined {
  if (wish.suspend) return { reason: 'Suspended', message: 'spec.suspend is true' };
  return wish.hold;
}

/** Its island is given up: the next placement does not wait for a proof. What the older one still publishes never counts. */
export function replace(wish: Wish, seen: Seen, current: WorkStatus, why: Why): WorkDecision {
  const { island, job: _, ...kept } = withoutWhy(current);
  if (wish.stop) return { status: blocked(current, wish.stop, seen.now), actions: [] };
  const hold = holdBack(wish);
  if (hold) return { status: { ...current, ...cutWhy(why) }, actions: [] };
  const chosen = seen.place({ ...placeAsked(wish.asked, kept.placement, island), except: island });
  if (chosen.island !== undefined) return { ...onIsland(wish, seen, kept, chosen), moves: why };
  const message = `${why.message}; ${chosen.message}`;
  return { status: { ...current, ...cutWhy({ ...why, message }) }, actions: [], after: lookAgain };
}

export function blocked(status: WorkStatus, why: Why, now: number): WorkStatus {
  return { ...status, state: 'Blocked', ...why, finishedAt: timestamp(now) };
}

export function cutWhy({ reason, message }: Why): Why {
  return { reason, message: cut(message, 1024) };
}
