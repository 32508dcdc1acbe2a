/** What a user has asked of one work by annotation, and what follows from it as the work stands. Pure. */
import { requestAnnotations } from '../api/labels.ts';
import { type MoveRequest, type RetryRequest, readMove, readRetry, type WorkName, withRetry } from '../api/requests.ts';
import type { WorkStatus } from '../api/work.ts';
import type { KubeObject } from '../kube/types.ts';
import type { Place } from './placement.ts';
import type { Why } from './work.ts';

/** The requests for one work; each counts for the placement that it names only. */
export interface AskedOfWork {
  /** The work in words, such as `expert 3`. */
  what: string;
  retry?: RetryRequest | undefined;
  move?: MoveRequest | undefined;
  /** Why nothing can be asked any more: its run is complete. */
  over?: string | undefined;
  /** Why an accepted result of it is never replaced. */
  irreplaceable?: string | undefined;
}

/** What the annotations of its owner ask of one work. */
export function askedOf({ metadata }: KubeObject, work: WorkName): AskedOfWork {
  const { [requestAnnotations.retry]: retry, [requestAnnotations.move]: move } = metadata.annotations ?? {};
  const mine = (request: { work: WorkName }) => request.work === work;
  return {
    what: workText(work),
    retry: retry === undefined ? undefined : readRetry(retry).requests.findLast(mine),
    move: move === undefined ? undefined : readMove(move).requests.findLast(mine),
  };
}

export function workText(work: WorkName): string {
  return typeof work === 'number' ? `expert ${work}` : `the ${work}`;
}

/** What becomes of a request now. */
export type Answer =
  /** It is carried out. */
  | { type: 'Go'; why: Why }
  /** Nothing is done about it. */
  | { type: 'Ignore'; why: Why }
  /** Nothing is left to do about it, or it is under way. */
  | { type: 'Nothing' };

const nothing: Answer = { type: 'Nothing' };

/** Whether a work that has ended gets another placement because it was asked for; `stop`: its owner ends it for good. */
export function answerRetry(asked: AskedOfWork | undefined, current: WorkStatus, stop: Why | undefined): Answer {
  const request = asked?.retry;
  if (!asked || !request || request.placement < current.placement) return nothing;
  const ignore = (because: string): Answer => ({
    type: 'Ignore',
    why: { reason: 'RetryIgnored', message: `retry of placement ${request.placement} is not done: ${because}` },
  });
  const closed = over(asked, stop);
  if (closed !== undefined) return ignore(closed);
  if (request.placement > current.placement) return ignore(`it stands at placement ${current.placement}`);
  switch (current.state) {
    case 'Blocked':
      return go('Retried', `placement ${current.placement} was blocked with ${current.reason}, and a retry was asked for`);
    case 'Accepted': {
      if (asked.irreplaceable !== undefined) return ignore(asked.irreplaceable);
      const digest = current.accepted?.digest;
      if (request.replaces === digest) return go('Retried', `its accepted result ${digest} is to be replaced, as was asked for`);
      const value = withRetry(undefined, { ...request, replaces: digest });
      return ignore(
        request.replaces === undefined
          ? `it is accepted; to replace its result set the annotation ${requestAnnotations.retry} to ${value}`
          : `its accepted result is ${digest}, and not the one that was to be replaced`,
      );
    }
    default:
      // Between two placements it is what was asked for.
      if (current.job === undefined) return nothing;
      return ignore(`it is ${current.state}; only if this placement is blocked it is retried`);
  }
}

/** Whether a move was asked of this placement and may be carried out at all. */
export function answerMove(asked: AskedOfWork | undefined, current: WorkStatus, stop: Why | undefined): Answer {
  const request = asked?.move;
  if (!asked || !request || request.placement < current.placement) return nothing;
  const to = request.island === undefined ? 'elsewhere' : `to island ${request.island}`;
  const ignore = (because: string): Answer => ({
    type: 'Ignore',
    why: { reason: 'MoveIgnored', message: `move of placement ${request.placement} ${to} is not done: ${because}` },
  });
  const closed = over(asked, stop);
  if (closed !== undefined) return ignore(closed);
  if (request.placement > current.placement) return ignore(`it stands at placement ${current.placement}`);
  if (current.state === 'Accepted') return ignore('its result is accepted');
  if (current.state === 'Blocked') return ignore(`it is blocked with ${current.reason}; ask for a retry, too`);
  if (request.island !== undefined && request.island === current.island) return ignore('it is there already');
  return go('MoveRequested', `it goes on ${to}, as was asked for`);
}

/** Where the next placement may go after the one that a move names; undefined: anywhere. */
export function placeAsked(asked: AskedOfWork | undefined, placement: number, from: string | undefined): Place | undefined {
  const request = asked?.move;
  if (request?.placement !== placement || request.island === from) return undefined;
  return request.island === undefined ? { except: from } : { only: request.island };
}

function over(asked: AskedOfWork, stop: Why | undefined): string | undefined {
  if (asked.over !== undefined) return asked.over;
  return stop && `${stop.message}, which is final`;
}

function go(reason: Why['reason'], message: string): Answer {
  return { type: 'Go', why: { reason, message } };
}
