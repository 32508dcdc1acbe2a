/** Events about what two stored statuses differ in: a checkpoint, where an attempt goes on from, a store that is in the way. Pure. */
import type { IslandJobStatus } from '../api/islandjob.ts';
import { parseResult } from './ending.ts';
import type { EventNote, Observed } from './observed.ts';
import { endOf } from './podview.ts';

export function eventsBetween(before: IslandJobStatus, after: IslandJobStatus, observed: Observed): EventNote[] {
  return [...resumeEvents(before, after, observed), ...checkpointEvents(before, after), ...storeEvents(before, after)];
}

/** That it goes on is told by the checkpoint that is published next. */
function storeEvents(before: IslandJobStatus, { reason, message = '' }: IslandJobStatus): EventNote[] {
  if (reason !== 'StoreUnreachable' || before.reason === reason) return [];
  return [{ type: 'Warning', reason, message }];
}

function checkpointEvents(before: IslandJobStatus, after: IslandJobStatus): EventNote[] {
  const { checkpoint } = after;
  if (checkpoint === undefined || checkpoint.manifest === before.checkpoint?.manifest || checkpoint.final) return [];
  return [{ type: 'Normal', reason: 'CheckpointPublished', message: `step ${checkpoint.step}: ${checkpoint.manifest}` }];
}

/** Told once, when the trainer of an attempt has started: where it goes on from, and what did not verify on the way there. */
function resumeEvents(before: IslandJobStatus, after: IslandJobStatus, { pods }: Observed): EventNote[] {
  const record = after.attempts.at(-1);
  const known = before.attempts.find(({ number }) => number === record?.number);
  if (record?.startedAt === undefined || known?.startedAt !== undefined) return [];
  const pod = pods.find(({ metadata }) => metadata.uid === record.podUid);
  const { resumedFrom, skipped, message } = (pod && parseResult(endOf(pod, 'restore')?.message)) ?? {};
  const attempt = `attempt ${record.number}`;
  const events: EventNote[] = [];
  if (skipped?.[0] !== undefined)
    events.push({
      type: 'Warning',
      reason: 'CheckpointDamaged',
      message: `${attempt} passed over ${skipped.join(', ')}: ${message ?? 'it does not verify'}`,
    });
  if (resumedFrom)
    events.push({
      type: 'Normal',
      reason: 'Resumed',
      message: `${attempt} goes on from step ${resumedFrom.step}: ${resumedFrom.manifest}`,
    });
  return events;
}
