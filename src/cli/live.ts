/** The live table of a run: what runs where, how far it is and what is published, as plain text lines. */
import { displayDuration } from '../api/duration.ts';
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { WorkStatus } from '../api/work.ts';
import { acceptedText } from './standing.ts';

/** What the table shows, as read from the API server; `now` in milliseconds. */
export interface Snapshot {
  dataset?: ExpertDataset | undefined;
  training: ExpertTraining;
  shards: readonly ExpertShard[];
  now: number;
}

const HEADERS = ['', 'STATE', 'ISLAND', 'STEP', 'PROGRESS', 'LOSS', 'ETA', 'CHECKPOINT', 'TRY'] as const;
const BAR = 16;

/** The lines of the table, each at most `width` characters. */
export function render(snapshot: Snapshot, width: number): string[] {
  const { dataset, training, shards, now } = snapshot;
  const rows = [
    row('data set', dataset?.status?.work, now),
    ...shards
      .toSorted((a, b) => a.spec.index - b.spec.index)
      .map((shard) => row(`expert ${shard.spec.index}`, shard.status, now)),
    ...(training.spec.router ? [row('router', training.status?.router, now)] : []),
    ...(training.spec.evaluation ? [row('evaluation', training.status?.evaluation, now)] : []),
  ];
  const widths = HEADERS.map((header, column) => Math.max(header.length, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return [headline(training), '', line(HEADERS), ...rows.map(line)].map((text) => text.trimEnd().slice(0, width));
}

function headline({ metadata, status }: ExpertTraining): string {
  const parts = [`${metadata.namespace}/${metadata.name}`, status?.state ?? 'Pending'];
  if (status?.display.experts) parts.push(acceptedText(status.display.experts));
  if (status?.display.progress) parts.push(status.display.progress);
  if (status?.display.eta) parts.push(`${status.display.eta} left`);
  return parts.join('  ');
}

type Work = Omit<WorkStatus, 'restarts'>;

function row(name: string, work: Work | undefined, now: number): string[] {
  if (work === undefined) return [name, 'Waiting', '', '', bar(0), '', '', '', ''];
  const { progress } = work;
  const done = work.state === 'Accepted';
  const share = done ? 1 : progress?.steps ? progress.step / progress.steps : 0;
  return [
    name,
    work.reason && !done && work.state !== 'Running' ? `${work.state} (${work.reason})` : work.state,
    work.island ?? '',
    progress === undefined ? '' : stepsOf(progress, done),
    bar(share),
    progress?.loss === undefined ? '' : Number(progress.loss).toFixed(3),
    done ? '' : eta(work, now),
    done ? 'final, verified' : work.checkpoint ? `step ${work.checkpoint.step}` : '',
    work.attempt > 0 ? `p${work.placement}a${work.attempt}` : '',
  ];
}

/** The last report of a trainer that is done may be from before its end. */
function stepsOf({ step, steps }: { step: number; steps?: number | undefined }, done: boolean): string {
  return steps === undefined ? String(step) : `${done ? steps : step}/${steps}`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${String(Math.round(share * 100)).padStart(3)}%`;
}

/** Time left if it goes on as it did since its containers started. */
function eta(work: Work, now: number): string {
  const { progress, startedAt } = work;
  if (work.state !== 'Running' || !progress?.steps || progress.step === 0 || startedAt === undefined) return '';
  const elapsed = Date.parse(progress.at) - Date.parse(startedAt);
  const left = (elapsed / progress.step) * (progress.steps - progress.step) - (now - Date.parse(progress.at));
  return elapsed > 0 ? displayDuration(left) : '';
}
