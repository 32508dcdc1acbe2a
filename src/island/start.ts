/** Whether the next attempt may start, and its number: the last step of deciding about a work of which nothing runs. */
import { parseDuration } from '../api/duration.ts';
import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import { annotations } from '../api/labels.ts';
import type { AttemptRecord } from '../api/work.ts';
import { avoidance } from './avoid.ts';
import { failed } from './conclude.ts';
import { attemptOf } from './jobview.ts';
import type { EventNote, Observed } from './observed.ts';
import { withRecord } from './record.ts';
import type { Held } from './state.ts';

/** What cannot be had now is looked for again after so long. */
const AGAIN_MS = 30_000;

export type Start =
  /** The API server must be asked about the pod first. */
  | { readonly next: 'Check' }
  /** Something must change outside before it can start. */
  | { readonly next: 'Wait'; readonly held: Held; readonly again?: number }
  /** It never can. */
  | { readonly next: 'Fail'; readonly status: IslandJobStatus; readonly events: readonly EventNote[] }
  /** The number is to be stored; the Job is made only after that. */
  | { readonly next: 'Go'; readonly number: number; readonly status: IslandJobStatus; readonly events: readonly EventNote[] };

/** Set while the hub does not know the work: what runs goes on, nothing new is started. */
export function unknownToHub({ metadata }: IslandJob): Held | undefined {
  const since = metadata.annotations?.[annotations.unknownToHub];
  if (since === undefined) return undefined;
  return {
    reason: 'UnknownJobs',
    message: `the hub does not know this work since ${since}: no new attempt is made until atoll island adopt or forget decides about it`,
  };
}

export function start(observed: Observed, before: IslandJobStatus, now: number): Start {
  const { job, refusal, podCheck } = observed;
  const unknown = unknownToHub(job);
  // Its annotation is taken away again by a write that wakes us.
  if (unknown) return { next: 'Wait', held: unknown };
  if (refusal) return fail(before, refusal.reason, refusal.reason, refusal.message, now);
  if (before.attempt === 0 || job.spec.queueName !== undefined) {
    if (podCheck === undefined) return { next: 'Check' };
    switch (podCheck.outcome) {
      case 'Later':
        return { next: 'Wait', held: { reason: 'PodRefused', message: podCheck.message }, again: AGAIN_MS };
      case 'Refused':
        return fail(before, 'Configuration', 'PodRefused', podCheck.message, now);
      case 'NoQueue':
        return withoutQueue(job, before, podCheck.message, now);
      case 'Accepted':
    }
  }
  const { nextAttemptAt: _, ...rest } = before;
  // Objects of a later number than the status knows tell of a status that went back in time: their numbers are used up.
  const used = Math.max(0, ...observed.kubeJobs.map(attemptOf), ...observed.pods.map(attemptOf));
  const number = Math.max(before.attempt, used) + 1;
  const { avoid, dropped } = avoidance(job.spec, rest.attempts, observed.nodes, now);
  const record: AttemptRecord = { number, ...(avoid.length === 0 ? {} : { avoid: [...avoid] }) };
  const status = { ...rest, attempt: number, attempts: withRecord(rest.attempts, record) };
  const message = `attempt ${used} has left objects, but the status knew of ${before.attempt} attempts only: ${number} is the next`;
  return {
    next: 'Go',
    number,
    status,
    events: [
      ...(used > before.attempt ? [{ type: 'Warning', reason: 'StateWentBack', message } as const] : []),
      ...avoidanceEvents(number, avoid, dropped),
    ],
  };
}

function avoidanceEvents(number: number, avoid: readonly string[], dropped: readonly string[]): EventNote[] {
  if (avoid.length > 0)
    return [{ type: 'Normal', reason: 'NodeAvoided', message: `attempt ${number} is kept away from ${avoid.join(', ')}` }];
  if (dropped.length === 0) return [];
  const message = `attempt ${number} may run on ${dropped.join(', ')} again: too few other nodes fit`;
  return [{ type: 'Warning', reason: 'NodeAvoidanceDropped', message }];
}

function fail(
  before: IslandJobStatus,
  reason: EventNote['reason'],
  event: EventNote['reason'],
  message: string,
  now: number,
): Start {
  return { next: 'Fail', status: failed(before, reason, message, now), events: [{ type: 'Warning', reason: event, message }] };
}

/** Waiting for a queue to be made counts as waiting in it, from the end of the last attempt. */
function withoutQueue({ metadata, spec }: IslandJob, before: IslandJobStatus, message: string, now: number): Start {
  const held: Held = { reason: 'QueueNotFound', message };
  if (spec.queueDeadline === undefined) return { next: 'Wait', held, again: AGAIN_MS };
  const last: AttemptRecord | undefined = before.attempts.at(-1);
  const since = Date.parse(last?.finishedAt ?? metadata.creationTimestamp ?? '');
  const left = Number.isFinite(since) ? since + parseDuration(spec.queueDeadline) - now : AGAIN_MS;
  if (left > 0) return { next: 'Wait', held, again: Math.min(AGAIN_MS, left) };
  return fail(before, 'QueueDeadlineExceeded', 'QueueDeadlineExceeded', `${message}; waited for ${spec.queueDeadline}`, now);
}
