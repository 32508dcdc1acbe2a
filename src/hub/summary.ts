/** The whole status of a run, made from what is true of it. Pure but for the meter, which measures speeds. */
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTrainingStatus } from '../api/experttraining.ts';
import { timestamp } from '../clock.ts';
import { workOf } from './experts.ts';
import { etaText, type Meter, overallPercent, timeLeft, workText } from './progress.ts';
import { conditionsOf, isComplete, type RunFacts } from './run.ts';
import { stateOf } from './state.ts';
import { conditionList } from './status.ts';
import type { Why } from './work.ts';

export function trainingStatus(
  facts: RunFacts,
  shards: readonly ExpertShard[],
  meter: Meter,
  deleting?: Why,
): ExpertTrainingStatus {
  const { training, experts, now } = facts;
  const { metadata, status: known, spec } = training;
  const { snapshot, startedAt, router, evaluation, ensemble } = known ?? {};
  if (known && isComplete(training)) return finished(known, metadata.generation, deleting, now);
  const conditions = conditionsOf(facts, deleting);
  const state = stateOf(conditions);
  const ended = state === 'Complete' || state === 'Failed';
  const completedAt = known?.completedAt ?? (ended ? timestamp(now) : undefined);
  const { total, running } = experts;
  const [accepted, blocked] = [experts.accepted.length, experts.blocked.length];
  const works = shards.map((shard) => ({ id: shard.metadata.uid ?? '', work: workOf(shard) }));
  const percent =
    total === 0
      ? undefined
      : overallPercent(
          padded(
            works.map(({ work }) => work),
            total,
          ),
        );
  const eta = ended || state === 'Suspended' ? undefined : etaText(leftOf(facts, works, meter));
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    state,
    experts: { total, running, accepted, blocked },
    display: {
      ...(total === 0 ? {} : { experts: `${accepted}/${total}${blocked === 0 ? '' : `, ${blocked} blocked`}` }),
      ...(percent === undefined ? {} : { progress: percent }),
      ...(eta === undefined ? {} : { eta }),
      ...(spec.router ? { router: router ? workText(router) : 'Waiting' } : {}),
      ...(spec.evaluation ? { evaluation: evaluation ? workText(evaluation) : 'Waiting' } : {}),
    },
    ...(router ? { router } : {}),
    ...(evaluation ? { evaluation } : {}),
    ...(ensemble ? { ensemble } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
    conditions,
  };
}

/** A complete run stays as it ended, whatever becomes of its experts' objects; it only says that it has seen its spec. */
function finished(
  status: ExpertTrainingStatus,
  generation: number | undefined,
  deleting: Why | undefined,
  now: number,
): ExpertTrainingStatus {
  const list = conditionList(status.conditions, generation, now);
  for (const { type, status: is, reason, message } of status.conditions) {
    if (deleting && type === 'Progressing') list.set(type, false, deleting.reason, deleting.message);
    else list.set(type, is, reason, message);
  }
  return { ...status, ...(generation === undefined ? {} : { observedGeneration: generation }), conditions: list.conditions };
}

/** Time until the experts, and the router if it runs beside them, are done; then until the part that runs is. */
function leftOf(
  { training, experts }: RunFacts,
  works: { id: string; work: ReturnType<typeof workOf> }[],
  meter: Meter,
): number | undefined {
  const { uid = '' } = training.metadata;
  const { router, evaluation } = training.status ?? {};
  if (evaluation?.state === 'Running') return timeLeft([meter.remaining(`${uid}/evaluation`, evaluation)]);
  const unfinished = works.filter(({ work }) => work?.state !== 'Accepted' && work?.state !== 'Blocked');
  const missing = Math.max(0, experts.total - works.length);
  const measured = [
    ...unfinished.map(({ id, work }) => meter.remaining(id, work)),
    ...Array.from({ length: missing }, () => ({ steps: undefined, rate: undefined })),
  ];
  const ofExperts = measured.length === 0 ? 0 : timeLeft(measured);
  if (ofExperts === undefined || router?.state !== 'Running') return ofExperts || undefined;
  const ofRouter = timeLeft([meter.remaining(`${uid}/router`, router)]);
  return Math.max(ofExperts, ofRouter ?? 0) || undefined;
}

function padded<T>(items: readonly T[], length: number): (T | undefined)[] {
  return Array.from({ length }, (_, at) => items[at]);
}
