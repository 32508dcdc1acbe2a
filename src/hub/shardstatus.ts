/** The whole status of an ExpertShard, with conditions that a person can read from top to bottom. Pure. */
import type { ExpertShard, ExpertShardStatus } from '../api/expertshard.ts';
import { cut } from '../api/fields.ts';
import { sentences } from '../api/sentences.ts';
import type { WorkStatus } from '../api/work.ts';
import { failureText } from './evidence.ts';
import { etaText, percentText, type Remaining, timeLeft } from './progress.ts';
import { retryCommand } from './requests.ts';
import { conditionList } from './status.ts';
import type { Why } from './work.ts';

/** The reason to give when the island gave none. */
const reasonOfState: Partial<Record<WorkStatus['state'], Why['reason']>> = {
  Running: 'Running',
  Publishing: 'Publishing',
  Stopping: 'Stopping',
  Suspended: 'Suspended',
  Accepted: 'Accepted',
};

const mostPlacements = 20;
/** Of a message of a condition. */
const longest = 4096;

export function shardStatus(
  shard: ExpertShard,
  work: WorkStatus,
  jobUid: string | undefined,
  remaining: Remaining,
  deleting: Why | undefined,
  now: number,
): ExpertShardStatus {
  const { metadata, status: stored } = shard;
  const list = conditionList(stored?.conditions, metadata.generation, now);
  const ended = work.state === 'Accepted' || work.state === 'Blocked';
  const reason = deleting?.reason ?? work.reason ?? reasonOfState[work.state] ?? 'WaitingForPod';
  const set = (type: string, status: boolean, message: string) => list.set(type, status, reason, cut(message, longest));
  const going = !ended && !deleting && work.state !== 'Waiting' && work.state !== 'Suspended';
  set('Progressing', going, deleting?.message ?? progressText(work));
  set('Complete', work.state === 'Accepted', work.state === 'Accepted' ? acceptedText(work) : '');
  set('Blocked', work.state === 'Blocked', work.state === 'Blocked' ? blockedText(shard, work) : '');
  const placements = placementRecords(stored?.placements, work, jobUid);
  const percent = work.state === 'Accepted' ? '100%' : percentText(work.progress);
  const eta = ended ? undefined : etaText(timeLeft([remaining]));
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...work,
    ...(placements.length === 0 ? {} : { placements }),
    display: {
      ...(percent === undefined ? {} : { progress: percent }),
      ...(eta === undefined ? {} : { eta }),
      ...(work.checkpoint ? { checkpoint: `step ${work.checkpoint.step}` } : {}),
    },
    conditions: list.conditions,
  };
}

/** What it does now, and what went wrong before when that was in the same placement. */
function progressText(work: WorkStatus): string {
  const { state, placement, attempt, island, failure, message } = work;
  if (state === 'Accepted') return acceptedText(work);
  if (state === 'Blocked') return `${work.reason}: ${message ?? 'it left no message'}`;
  const here = `placement ${placement} on island ${island}`;
  const usual: Record<typeof state, string> = {
    Waiting: 'no island has been chosen yet',
    Pending: `${here} has no pod yet`,
    Queued: `${here} waits in its queue`,
    Starting: `attempt ${attempt} of ${here} is being started`,
    Running: `attempt ${attempt} of ${here} runs`,
    Publishing: `attempt ${attempt} of ${here} publishes its result`,
    Stopping: `attempt ${attempt} of ${here} saves a checkpoint and stops`,
    Suspended: `${here} is suspended`,
  };
  // Running says all by itself what its island says of it, too.
  const now = state === 'Running' || message === undefined ? sentences(usual[state], message) : sentences(message);
  if (failure?.placement !== placement) return now;
  return `${now} Before: ${sentences(failureText(failure), failure.hint)}`;
}

function acceptedText({ accepted }: WorkStatus): string {
  return `the result of placement ${accepted?.placement}, attempt ${accepted?.attempt}, is accepted: ${accepted?.digest}`;
}

/** What happened, and what a person can do: nothing follows by itself. */
function blockedText({ spec }: ExpertShard, { failure, message, placement }: WorkStatus): string {
  const told = failure?.placement === placement && !message?.includes(failure.message ?? '') ? failureText(failure) : undefined;
  const retry = retryCommand('et', spec.training, [{ work: spec.index, placement }]);
  return sentences(message, told, 'It is not tried again by itself', failure?.hint, retry);
}

type Placements = NonNullable<ExpertShardStatus['placements']>;

/** The newest placements; the uid of an IslandJob is added once it is seen. */
function placementRecords(stored: Placements | undefined, work: WorkStatus, jobUid: string | undefined): Placements {
  const { placement: number, island, job } = work;
  const known = stored ?? [];
  if (number === 0 || island === undefined || job === undefined) return known;
  const old = known.find((one) => one.number === number);
  const uid = jobUid ?? old?.jobUid;
  const record = { number, island, job, ...(uid === undefined ? {} : { jobUid: uid }) };
  return [...known.filter((one) => one.number !== number), record].slice(-mostPlacements);
}
