/** Takes over into the status what a running attempt shows: its pod, its newest checkpoint and its progress. */
import { isDeepStrictEqual } from 'node:util';
import type { IslandJobStatus } from '../api/islandjob.ts';
import type { AttemptRecord, Progress, PublishedCheckpoint } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { type Condition, setCondition } from '../kube/conditions.ts';
import type { OpenAttempt } from './attempt.ts';
import { parseResult } from './ending.ts';
import type { Observed } from './observed.ts';
import { endOf, startedAt } from './podview.ts';
import { withRecord } from './record.ts';
import type { Standing } from './state.ts';

/** The status with the record's pod, node and start, and the newest checkpoint of this attempt. */
export function noteAttempt(status: IslandJobStatus, attempt: OpenAttempt, observed: Observed): IslandJobStatus {
  const { main, record } = attempt;
  const started = main ? startedAt(main) : undefined;
  const node = main?.spec.nodeName;
  const uid = main?.metadata.uid;
  const noted: AttemptRecord = {
    ...record,
    ...(main ? { pod: main.metadata.name } : {}),
    ...(uid === undefined ? {} : { podUid: uid }),
    ...(node === undefined ? {} : { node }),
    ...(started === undefined ? {} : { startedAt: started }),
  };
  const checkpoint = newest(status.checkpoint, checkpointsOf(attempt, observed));
  const first = status.startedAt ?? started;
  return {
    ...status,
    attempts: withRecord(status.attempts, noted),
    ...(checkpoint ? { checkpoint } : {}),
    ...(first === undefined ? {} : { startedAt: first }),
  };
}

/** What the courier told the agent while it ran, and what it left in the pod's status. */
function checkpointsOf({ main, record }: OpenAttempt, { report }: Observed): PublishedCheckpoint[] {
  const told = report?.attempt === record.number ? report.report : undefined;
  const left = main ? parseResult(endOf(main, 'courier')?.message) : undefined;
  return [told?.checkpoint, told?.final, left?.checkpoint, left?.final].flatMap((found) =>
    found?.attempt === record.number ? [found] : [],
  );
}

function newest(known: PublishedCheckpoint | undefined, found: readonly PublishedCheckpoint[]): PublishedCheckpoint | undefined {
  const later = (a: PublishedCheckpoint, b: PublishedCheckpoint) =>
    a.attempt - b.attempt || a.step - b.step || Number(a.final) - Number(b.final);
  return found.reduce((best, each) => (best === undefined || later(each, best) > 0 ? each : best), known);
}

export interface Finished {
  readonly status: IslandJobStatus;
  /** Milliseconds until progress that is held back may be written. */
  readonly again?: number;
}

/**
 * The status to store: with its standing and the display texts; the old one when nothing changed. Progress alone is held back until it is an interval newer than the stored one.
 */
export function finish(before: IslandJobStatus, next: IslandJobStatus, now: Standing, about: About): Finished {
  const { message: _, ...rest } = next;
  const message = now.message?.slice(0, 1024);
  const standing: IslandJobStatus = {
    ...rest,
    state: now.state,
    reason: now.reason,
    ...(message === undefined ? {} : { message }),
    conditions: terminalConditions(next, now, about),
    ...(about.generation === undefined ? {} : { observedGeneration: about.generation }),
  };
  const quiet = isDeepStrictEqual(withDisplay(standing), before);
  const { progress, progressIntervalMs: again } = about;
  if (progress === undefined) return { status: quiet ? before : withDisplay(standing) };
  const age = before.progress === undefined ? Number.POSITIVE_INFINITY : Date.parse(progress.at) - Date.parse(before.progress.at);
  // Time that went back, after a move to a node with another clock, must not hold progress up.
  if (quiet && age >= 0 && age < again) return { status: before, again: Math.max(250, again - age) };
  return { status: withDisplay({ ...standing, progress }), again };
}

export interface About {
  readonly now: number;
  readonly generation?: number;
  readonly progress?: Progress;
  readonly progressIntervalMs: number;
}

function withDisplay(status: IslandJobStatus): IslandJobStatus {
  const { progress, checkpoint, output } = status;
  const share = progress?.steps ? `${Math.min(100, Math.floor((100 * progress.step) / progress.steps))}%` : undefined;
  const display = {
    ...(output ? { progress: '100%' } : share === undefined ? {} : { progress: share }),
    ...(checkpoint ? { checkpoint: String(checkpoint.step) } : {}),
  };
  return { ...status, display };
}

function terminalConditions(
  status: IslandJobStatus,
  { state, reason, message }: Standing,
  about: About,
): IslandJobStatus['conditions'] {
  const type = state === 'Succeeded' ? 'Complete' : state === 'Failed' ? 'Failed' : undefined;
  if (type === undefined) return status.conditions;
  return setCondition(status.conditions as Condition[], { type, status: 'True', reason, message: message ?? '' }, about.now);
}

/** The stop proof: stored once, when nothing runs and nothing ever will. */
export function stopProof(status: IslandJobStatus, now: number): IslandJobStatus {
  const at = timestamp(now);
  return { ...status, stopped: { at, attempt: status.attempt, reason: 'Stopped' }, finishedAt: status.finishedAt ?? at };
}
