/** Run → row and view. Pure. */
import type { ExpertDataset } from '../../../api/expertdataset.ts';
import type { ExpertShard } from '../../../api/expertshard.ts';
import type { ExpertTraining } from '../../../api/experttraining.ts';
import type { IslandJob } from '../../../api/islandjob.ts';
import type { WorkStatus } from '../../../api/work.ts';
import type { RunMay, RunRow, RunView } from '../run.ts';
import type { WorkRow } from '../work.ts';
import { conditionsOf, defined, type Facts, revOf, round, secondsOf, shareOf } from './facts.ts';
import { needsOf } from './needs.ts';
import { runSentence } from './sentence.ts';
import { expertName, type WorkSource, workRow } from './work.ts';

/** A run with everything that belongs to it. */
export interface RunSource {
  training: ExpertTraining;
  shards: readonly ExpertShard[];
  /** IslandJobs of all its works. */
  jobs: readonly IslandJob[];
  dataset: ExpertDataset | undefined;
}

const roles = { router: 'Router', evaluation: 'Evaluate' } as const;

/** The works of a run: experts by index, then router and evaluation where the spec asks for them. */
export function worksOf({ training, shards, jobs, dataset }: RunSource): WorkSource[] {
  const { namespace = '', name: run } = training.metadata;
  const samples = new Map(dataset?.status?.shards?.map((shard) => [shard.index, shard.samples]));
  const experts = shards
    .toSorted((a, b) => a.spec.index - b.spec.index)
    .map(({ spec: { index }, status }) => ({
      namespace,
      run,
      work: expertName(index),
      index,
      status,
      jobs: jobs.filter(({ spec }) => spec.role === 'Expert' && spec.work.index === index),
      eta: status?.display.eta,
      samples: samples.get(index),
    }));
  const parts = (['router', 'evaluation'] as const).flatMap((work) =>
    training.spec[work]
      ? [{ namespace, run, work, status: training.status?.[work], jobs: jobs.filter(({ spec }) => spec.role === roles[work]) }]
      : [],
  );
  return [...experts, ...parts];
}

export interface Projected {
  row: RunRow;
  experts: WorkRow[];
  /** Router and evaluation. */
  parts: WorkRow[];
  view: (may: RunMay) => RunView;
}

export function projectRun(source: RunSource, facts: Facts): Projected {
  const { training, dataset } = source;
  const { metadata, spec, status } = training;
  const works = worksOf(source).map((work) => ({ status: work.status, row: workRow(work, facts) }));
  const rows = works.map(({ row }) => row);
  const experts = rows.filter(({ index }) => index !== undefined);
  const parts = rows.filter(({ index }) => index === undefined);
  const needs = needsOf({ training, dataset, works, now: facts.now });
  const namespace = metadata.namespace ?? '';
  const state = status?.state ?? 'Pending';
  const { total = 0, running = 0, accepted = 0, blocked = 0 } = status?.experts ?? {};
  const ended = state === 'Complete' || state === 'Failed';
  const slow = ended ? undefined : slowest(experts);
  const row = defined({
    id: `${namespace}/${metadata.name}`,
    namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    rev: revOf(
      metadata.generation,
      essence(training),
      rows.map(({ rev }) => rev),
      needs.map(({ id }) => id),
    ),
    state,
    reason: status?.conditions.find(({ type }) => type === 'Progressing')?.reason,
    experts: { total: total || experts.length, running, accepted, blocked },
    progress: progressOf(experts, total || experts.length),
    eta: ended ? undefined : secondsOf(status?.display.eta),
    slowest: slow,
    router: status?.display.router,
    evaluation: status?.display.evaluation,
    suspend: spec.suspend,
    needs: needs.filter(({ urgency }) => urgency === 'act').length,
    failure: lastFailure(works),
    createdAt: metadata.creationTimestamp ?? '',
    completedAt: status?.completedAt,
  });
  const view = (may: RunMay): RunView => {
    const elapsed = elapsedOf(training, facts.now);
    const critical = slow && experts.find(({ index }) => index === slow.index);
    return defined({
      row,
      sentence: runSentence(training, experts, needs, facts.now),
      needsYou: needs,
      elapsed,
      makespan: elapsed === undefined || (!ended && row.eta === undefined) ? undefined : elapsed + (ended ? 0 : (row.eta ?? 0)),
      critical: slow && defined({ index: slow.index, eta: critical?.eta }),
      startedAt: status?.startedAt,
      dataset: defined({ name: spec.dataset, digest: status?.snapshot?.dataset?.digest ?? dataset?.status?.digest }),
      router: parts.find(({ work }) => work === 'router'),
      evaluation: parts.find(({ work }) => work === 'evaluation'),
      ensemble: status?.ensemble && { manifest: status.ensemble.manifest, digest: status.ensemble.digest },
      conditions: conditionsOf(status?.conditions),
      may: { suspend: may.suspend && !ended && !spec.suspend, resume: may.resume && !ended && spec.suspend },
    });
  };
  return { row, experts, parts, view };
}

/** A status without what only shows progress. */
function essence({ spec, status }: ExpertTraining): unknown {
  return status && [spec.suspend, status.state, status.experts, status.conditions, status.ensemble, status.completedAt];
}

/** Mean over all experts; one that has said nothing counts as not begun. Undefined when none has. */
function progressOf(experts: readonly WorkRow[], total: number): number | undefined {
  const shares = experts.map(doneOf);
  if (total === 0 || shares.every((share) => share === undefined)) return undefined;
  return round(shares.reduce<number>((sum, share) => sum + (share ?? 0), 0) / Math.max(total, shares.length));
}

function doneOf({ state, step, steps }: WorkRow): number | undefined {
  if (state === 'Accepted') return 1;
  return step === undefined ? undefined : shareOf({ step, ...(steps === undefined ? {} : { steps }) });
}

/** The expert that is furthest from its end, unless there is no other. */
function slowest(experts: readonly WorkRow[]): RunRow['slowest'] {
  if (experts.length < 2) return undefined;
  const unfinished = experts.filter(({ state }) => state !== 'Accepted' && state !== 'Blocked');
  const known = unfinished.flatMap((row) => {
    const progress = doneOf(row);
    return progress === undefined || row.index === undefined ? [] : [{ index: row.index, progress, eta: row.eta ?? -1 }];
  });
  const last = known.toSorted((a, b) => b.eta - a.eta || a.progress - b.progress)[0];
  return last && { index: last.index, progress: last.progress };
}

function lastFailure(works: readonly { row: WorkRow; status: WorkStatus | undefined }[]): RunRow['failure'] {
  const all = works.flatMap(({ row, status }) => {
    const failure = status?.failure;
    return failure?.class === undefined ? [] : [defined({ work: row.work, class: failure.class, at: failure.finishedAt })];
  });
  const newest = all.toSorted((a, b) => (b.at ?? '').localeCompare(a.at ?? ''))[0];
  return newest;
}

function elapsedOf({ status }: ExpertTraining, now: number): number | undefined {
  if (status?.startedAt === undefined) return undefined;
  const end = status.completedAt === undefined ? now : Date.parse(status.completedAt);
  return Math.max(0, Math.round((end - Date.parse(status.startedAt)) / 1000));
}
