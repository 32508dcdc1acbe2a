/** What of a run waits for a person, and what a person should know though it goes on by itself. Pure. */
import { displayDuration } from '../../../api/duration.ts';
import type { ExpertDataset } from '../../../api/expertdataset.ts';
import type { ExpertTraining } from '../../../api/experttraining.ts';
import type { WorkStatus } from '../../../api/work.ts';
import type { WorkName } from '../common.ts';
import type { Need } from '../run.ts';
import type { WorkRow } from '../work.ts';
import { defined } from './facts.ts';
import { hintFor, hintOf } from './hints.ts';
import { meaningOf } from './work.ts';

export interface RunParts {
  training: ExpertTraining;
  dataset: ExpertDataset | undefined;
  /** Experts by index, then router and evaluation where the spec asks for them. */
  works: readonly { row: WorkRow; status: WorkStatus | undefined }[];
  /** Milliseconds since the epoch, for how long an island has been silent. */
  now: number;
}

/** Reasons for which a work that waits never goes on by itself. */
const stuck = new Set([
  'NoMatchingIsland',
  'ExceedsAnyIsland',
  'IslandCordoned',
  'IslandNotApproved',
  'NamespaceNotAdmitted',
  'ImageNotAdmitted',
  'LimitExceeded',
  'QueueNotFound',
  'NameTaken',
]);

export function titleOf(work: WorkName): string {
  const index = /^expert-([0-9]{3})$/.exec(work)?.[1];
  return index === undefined ? `the ${work}` : `expert ${Number(index)}`;
}

export const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

export function needsOf({ training, dataset, works, now }: RunParts): Need[] {
  const state = training.status?.state;
  if (state === 'Complete') return [];
  if (state === 'Failed') return [failed(training)];
  const needs = [
    ...preconditions(training, dataset),
    ...works.flatMap(ofWork),
    ...silent(
      works.map(({ row }) => row),
      now,
    ),
  ];
  if (training.spec.suspend) {
    const what = 'The run is suspended.';
    needs.push({
      id: 'suspended',
      urgency: 'look',
      what,
      todo: 'Resume it to go on from its last checkpoints.',
      action: 'resume',
    });
  }
  return needs.toSorted((a, b) => Number(a.urgency === 'look') - Number(b.urgency === 'look'));
}

function failed({ status }: ExpertTraining): Need {
  const { reason = 'ExpertFailed', message = '' } = status?.conditions.find(({ type }) => type === 'Failed') ?? {};
  return {
    id: 'failed',
    urgency: 'look',
    what: `The run has failed: ${message || meaningOf(reason)}`,
    todo: hintFor(reason) ?? 'It does not go on. Make a new ExpertTraining; the published checkpoints stay in the bucket.',
    reason,
  };
}

/** The data set, and what the spec names. */
function preconditions({ status, spec }: ExpertTraining, dataset: ExpertDataset | undefined): Need[] {
  const skew = dataset?.status?.conditions.find(({ reason, status: is }) => reason === 'SkewTooHigh' && is !== 'True');
  const digest = dataset?.status?.digest;
  if (dataset?.status?.state === 'Blocked' && (skew || dataset.status.work?.state === 'Accepted')) {
    const what = `Data set ${spec.dataset} waits for approval: its largest shard is ${dataset.status.skew ?? 'far over'} times the smallest.`;
    const todo = hintFor('SkewTooHigh') ?? '';
    return [
      defined({ id: 'skew', urgency: 'act' as const, what, todo, action: 'approve' as const, reason: 'SkewTooHigh', digest }),
    ];
  }
  const work = dataset?.status?.work;
  if (work?.state === 'Blocked') {
    const what = `The partition of data set ${spec.dataset} is blocked: ${work.message ?? meaningOf(work.reason ?? '')}`;
    return [
      {
        id: 'partition',
        urgency: 'act',
        what,
        todo: hintOf(work.state, work.reason, work.failure) ?? 'Retry it.',
        work: 'partition',
        action: 'retry',
      },
    ];
  }
  const validated = status?.conditions.find(({ type }) => type === 'Validated');
  if (validated?.status !== 'False') return [];
  const { reason, message } = validated;
  return [
    {
      id: 'spec',
      urgency: 'act',
      what: `The run cannot start: ${message}`,
      todo: hintFor(reason) ?? 'Correct the spec.',
      reason,
    },
  ];
}

function ofWork({ row, status }: RunParts['works'][number]): Need[] {
  const { work, state } = row;
  const reason = status?.reason;
  const title = capital(titleOf(work));
  const why = status?.message ?? (reason === undefined ? 'no reason is known' : meaningOf(reason));
  const about = defined({ work, island: row.island, reason });
  if (state === 'Blocked') {
    const todo = hintOf(state, reason, status?.failure) ?? 'Read its last failure; retry when its cause is gone.';
    return [{ id: `blocked/${work}`, urgency: 'act', what: `${title} is blocked: ${why}`, todo, action: 'retry', ...about }];
  }
  if (reason !== undefined && stuck.has(reason) && (state === 'Waiting' || state === 'Pending')) {
    const todo = hintFor(reason) ?? 'Change what the message names.';
    return [{ id: `waits/${work}`, urgency: 'act', what: `${title} waits: ${why}`, todo, ...about }];
  }
  return [];
}

/** One entry for each island that is silent. */
function silent(rows: readonly WorkRow[], now: number): Need[] {
  const islands = new Map<string, WorkRow[]>();
  for (const row of rows)
    if (row.silentSince !== undefined && row.island !== undefined)
      islands.set(row.island, [...(islands.get(row.island) ?? []), row]);
  return [...islands].map(([island, there]) => ({
    id: `silent/${island}`,
    urgency: 'look' as const,
    what: `Island ${island} has not been heard for ${silenceOf(there, now)}; ${listed(there.map(({ work }) => titleOf(work)))} ${there.length === 1 ? 'is' : 'are'} there.`,
    todo: hintFor('IslandUnreachable') ?? '',
    island,
    reason: 'IslandUnreachable',
  }));
}

/** How long the island of these works has been silent. */
function silenceOf(rows: readonly WorkRow[], now: number): string {
  return displayDuration(now - Math.min(...rows.map(({ silentSince = '' }) => Date.parse(silentSince))));
}

/** `a, b and c`; of many the first three and how many more. */
function listed(names: readonly string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
