/** The experts of a run, counted: how many run, are accepted or blocked, and whether the run can go on with them. */
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { cut } from '../api/fields.ts';
import type { Reason } from '../api/reasons.ts';
import { sentences } from '../api/sentences.ts';
import type { WorkState, WorkStatus } from '../api/work.ts';
import { answerRetry, askedOf } from './asked.ts';
import type { ExpertResult } from './inputs.ts';
import { retryCommand } from './requests.ts';
import type { Why } from './work.ts';

export interface Experts {
  total: number;
  running: number;
  accepted: ExpertResult[];
  blocked: { index: number; placement: number; why: Why }[];
  /** What they have made is kept from the store, or cannot be read there. */
  stuck: { index: number; placement: number; why: Why }[];
  /** Accepted experts that are enough: completion.minExperts, never more than there are. */
  needed: number;
  /** Not accepted, not blocked and with pods that may exist. */
  active: number;
  /** Not accepted, not blocked and without a placement; the first by index says why. */
  waiting: number;
  waitingWhy: Why | undefined;
  /** Each is accepted or blocked, and enough are accepted: the run goes on. */
  complete: boolean;
  /** Even if every other expert is accepted, they will not be enough. */
  hopeless: boolean;
}

/** States in which pods may exist. */
export const activeStates: readonly (WorkState | undefined)[] = [
  'Pending',
  'Queued',
  'Starting',
  'Running',
  'Publishing',
  'Stopping',
];

export function countExperts(training: ExpertTraining, shards: readonly ExpertShard[], total: number): Experts {
  const sorted = shards.toSorted((a, b) => a.spec.index - b.spec.index);
  const stateOf = (shard: ExpertShard): WorkState => {
    const work = workOf(shard);
    // What is to be made again counts as that at once: nothing may end on the result that it has now.
    const again = work && answerRetry(askedOf(training, shard.spec.index), work, undefined).type === 'Go';
    return again ? 'Waiting' : (work?.state ?? 'Waiting');
  };
  const inState = (state: WorkState) => sorted.filter((shard) => stateOf(shard) === state);
  const accepted = inState('Accepted').flatMap(({ spec, status }) =>
    status?.accepted ? [{ index: spec.index, manifest: status.accepted.manifest, digest: status.accepted.digest }] : [],
  );
  const told = ({ spec, status }: ExpertShard) => ({
    index: spec.index,
    placement: status?.placement ?? 0,
    why: whyOf(status, 'ExpertBlocked'),
  });
  const blocked = inState('Blocked').map(told);
  const needed = Math.min(training.spec.completion.minExperts ?? total, total);
  const waiting = inState('Waiting');
  const first = waiting.find(({ status }) => status?.reason !== undefined)?.status;
  return {
    total,
    running: inState('Running').length,
    accepted,
    blocked,
    stuck: sorted.filter(({ status }) => status?.reason === 'StoreUnreachable').map(told),
    needed,
    active: sorted.filter(({ status }) => activeStates.includes(status?.state)).length,
    waiting: total - sorted.length + waiting.length,
    waitingWhy: first && whyOf(first, 'WaitingForCapacity'),
    complete: total > 0 && accepted.length + blocked.length === total && accepted.length >= needed,
    hopeless: total > 0 && total - blocked.length < needed,
  };
}

/** The work in the status of a shard, without what the shard adds to it. */
export function workOf({ status }: ExpertShard): WorkStatus | undefined {
  if (!status) return undefined;
  const { observedGeneration: _, placements: __, display: ___, conditions: ____, ...work } = status;
  return work;
}

/** Reason and message of a status that may lack either. */
export function whyOf(status: { reason?: string | undefined; message?: string | undefined } | undefined, otherwise: Reason): Why {
  return { reason: (status?.reason ?? otherwise) as Reason, message: status?.message ?? '' };
}

/** `1 accepted expert is`, `4 accepted experts are`. */
export const countedText = (count: number) => (count === 1 ? '1 accepted expert is' : `${count} accepted experts are`);

const mostNamed = 3;
const longestWhy = 400;

/** `expert 3 (Crash: ...)`, at most a few of them, for messages. */
export function namesOf(blocked: Experts['blocked']): string {
  const named = blocked
    .slice(0, mostNamed)
    .map(({ index, why }) => `expert ${index} (${why.reason}${why.message ? `: ${cut(why.message, longestWhy)}` : ''})`);
  const more = blocked.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Which experts cannot go on and why, what becomes of the others, and how these are tried again. */
export function degradedText(experts: Experts, run: string): string {
  const { blocked, needed, accepted, hopeless, active, waiting } = experts;
  const others = hopeless
    ? `${active + waiting > 0 ? 'The others go on, and the run waits' : 'The run waits'}: ${countedText(needed)} needed, accepted: ${accepted.length}`
    : `The run goes on without: ${countedText(needed)} needed`;
  return sentences(
    `${namesOf(blocked)} cannot go on`,
    others,
    retryCommand(
      'et',
      run,
      blocked.slice(0, mostNamed).map(({ index, placement }) => ({ work: index, placement })),
    ),
  );
}
