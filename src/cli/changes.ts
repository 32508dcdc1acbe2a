/** What is new in a run since it was looked at last, one line each. Pure. */
import type { WorkStatus } from '../api/work.ts';
import type { Snapshot } from './live.ts';
import { sentenceOf } from './standing.ts';

type Work = Omit<WorkStatus, 'restarts'>;

/** Everything that stands, when there was nothing before. */
export function changesOf(before: Snapshot | undefined, now: Snapshot): string[] {
  const known = new Map(before ? worksOf(before).map(([title, work]) => [title, lineOf(work)]) : []);
  const lines = worksOf(now).flatMap(([title, work]) => {
    const line = lineOf(work);
    return known.get(title) === line ? [] : [`${title} ${line}`];
  });
  const headline = coarse(now);
  return before && coarse(before) === headline ? lines : [headline, ...lines];
}

function worksOf({ training, shards, dataset }: Snapshot): [string, Work][] {
  const { router, evaluation } = training.status ?? {};
  const named: [string, Work | undefined][] = [
    ['data set', dataset?.status?.work],
    ...shards
      .toSorted((a, b) => a.spec.index - b.spec.index)
      .map((shard): [string, Work | undefined] => [`expert ${shard.spec.index}`, shard.status]),
    ['router', router],
    ['evaluation', evaluation],
  ];
  return named.flatMap(([title, work]): [string, Work][] => (work ? [[title, work]] : []));
}

/** State, place, attempt and newest checkpoint: what changes a few times an hour, and not every second. */
function lineOf({ state, reason, message, island, placement, attempt, checkpoint, accepted }: Work): string {
  const why = reason === undefined || ['Running', 'Accepted'].includes(state) || reason === state ? '' : ` (${reason})`;
  const parts = [
    `${state}${why}`,
    island === undefined ? '' : `on ${island}`,
    attempt > 0 ? `p${placement}a${attempt}` : '',
    accepted ? `final step ${accepted.step}` : checkpoint ? `checkpoint ${checkpoint.step}` : '',
    state === 'Blocked' && message ? `: ${message}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** The sentence about the run, its percentage rounded down to ten and without the time left. */
function coarse({ training }: Snapshot): string {
  const { eta: _, progress, ...display } = training.status?.display ?? {};
  const percent = progress === undefined ? {} : { progress: `${Math.floor(Number.parseInt(progress, 10) / 10) * 10}%` };
  const status = training.status && { ...training.status, display: { ...display, ...percent } };
  return sentenceOf({ ...training, ...(status ? { status } : {}) });
}
