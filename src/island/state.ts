/** What an IslandJob's state, reason and message are: one pure function, so that they never contradict each other. */
import type { CourierReport } from '../api/courier.ts';
import type { IslandJobSpec, IslandJobStatus } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { Waiting } from './podview.ts';

/** Where the open attempt stands. */
export interface AttemptStanding {
  readonly number: number;
  readonly phase: 'Uncreated' | 'NoPod' | 'Queued' | 'Unscheduled' | 'Starting' | 'Running' | 'Publishing' | 'Ended';
  /** Set when the attempt is being ended, with the reason in words. */
  readonly ending?: string;
  readonly waiting?: Waiting;
  /** What keeps the courier from publishing, and since when. */
  readonly trouble?: CourierReport['trouble'];
}

export interface View {
  readonly spec: IslandJobSpec;
  /** With everything that is new already in it, but for state, reason and message. */
  readonly status: IslandJobStatus;
  readonly deleting: boolean;
  readonly attempt?: AttemptStanding;
  /** Whether pods of concluded attempts still run. */
  readonly remains: boolean;
  /** Why the next attempt cannot be made now although it is due. */
  readonly held?: Held;
}

export interface Held {
  readonly reason: Reason;
  readonly message: string;
}

export interface Standing {
  readonly state: IslandJobStatus['state'];
  readonly reason: Reason;
  readonly message?: string;
}

export function standing(view: View): Standing {
  const { spec, status, attempt } = view;
  if (status.output)
    return { state: 'Succeeded', reason: 'Succeeded', message: `the final manifest is ${status.output.manifest}` };
  // A failure keeps the reason and message that the conclusion of its last attempt wrote.
  if (status.state === 'Failed')
    return {
      state: 'Failed',
      reason: (status.reason ?? 'Crash') as Reason,
      ...(status.message === undefined ? {} : { message: status.message }),
    };
  if (status.stopped) return { state: 'Stopped', reason: 'Stopped', message: 'the owner stopped it; nothing of it runs' };
  if (attempt) return view.held ? { state: 'Pending', ...view.held } : ofAttempt(attempt);
  if (view.remains) return { state: 'Stopping', reason: 'Stopping', message: 'pods of an earlier attempt are still ending' };
  if (view.deleting || spec.stop) return { state: 'Stopping', reason: view.deleting ? 'DeletionPending' : 'Stopping' };
  if (spec.suspend) return { state: 'Suspended', reason: 'Suspended', message: suspended(status) };
  if (view.held) return { state: 'Pending', ...view.held };
  if (status.nextAttemptAt !== undefined) {
    const last = status.attempts.at(-1);
    const why = last ? ` after ${last.class} of attempt ${last.number}: ${last.message ?? ''}` : '';
    return {
      state: 'Pending',
      reason: 'WaitingForRetry',
      message: `attempt ${status.attempt + 1} starts at ${status.nextAttemptAt}${why}`,
    };
  }
  return { state: 'Pending', reason: 'WaitingForPod', message: 'the first attempt is about to start' };
}

function suspended({ checkpoint }: IslandJobStatus): string {
  return checkpoint
    ? `it goes on from step ${checkpoint.step} when suspend is false`
    : 'it starts from the beginning when suspend is false';
}

function ofAttempt(attempt: AttemptStanding): Standing {
  const { number, phase, ending, waiting, trouble } = attempt;
  const stuck = trouble && `it waits for the store since ${trouble.at}: ${trouble.message}`;
  if (phase === 'Publishing') {
    const held = ending === undefined ? '' : `; ${ending}, which waits for this`;
    const message = `attempt ${number} is publishing its result${stuck === undefined ? '' : `; ${stuck}`}${held}`;
    return { state: 'Publishing', reason: stuck === undefined ? 'Publishing' : 'StoreUnreachable', message };
  }
  if (ending !== undefined) return { state: 'Stopping', reason: 'Stopping', message: `attempt ${number} is ending: ${ending}` };
  const why = waiting === undefined ? '' : `: ${waiting.message}`;
  switch (phase) {
    case 'Running':
      if (stuck !== undefined)
        return {
          state: 'Running',
          reason: 'StoreUnreachable',
          message: `attempt ${number} is running, and what it saves is kept on its disk; ${stuck}`,
        };
      return { state: 'Running', reason: 'Running', message: `attempt ${number} is running` };
    case 'Queued':
      return { state: 'Queued', reason: 'WaitingForQueue', message: `the Job of attempt ${number} waits in its queue` };
    case 'Uncreated':
    case 'NoPod':
    case 'Unscheduled':
      return { state: 'Pending', reason: 'WaitingForPod', message: `attempt ${number} waits for its pod${why}` };
    default:
      return { state: 'Starting', reason: 'WaitingForPod', message: `attempt ${number} is starting${why}` };
  }
}
