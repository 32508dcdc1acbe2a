/** Gauges of experts: the largest part of what is exported, and what `metrics.perExpert` switches off. */
import type { ExpertShard } from '../../api/expertshard.ts';
import { index3 } from '../../api/keys.ts';
import type { Progress } from '../../api/work.ts';
import { shareOf } from '../../hub/progress.ts';
import { type Context, gauges, type Sample, secondsOf } from './gauge.ts';

const from = 'the store of ExpertShards, at each scrape';
const live = `${from}, with what islands said since`;
const labels = ['namespace', 'training', 'expert'];
const id = ({ metadata, spec }: ExpertShard) => [metadata.namespace ?? '', spec.training, index3(spec.index)];

/** The newest of what is stored and what was heard since. */
export function progressOf({ status }: ExpertShard, context: Context): Progress | undefined {
  const uid = status?.placements?.find(({ number }) => number === status.placement)?.jobUid;
  const heard = uid === undefined ? undefined : context.live(uid);
  const stored = status?.progress;
  if (!heard || !stored) return heard ?? stored;
  return Date.parse(heard.at) >= Date.parse(stored.at) ? heard : stored;
}

/** Share of its steps that are done, from 0 to 1; undefined while that is not known. */
export function shareOfExpert(shard: ExpertShard, context: Context): number | undefined {
  return shard.status?.state === 'Accepted' ? 1 : shareOf(progressOf(shard, context));
}

/** One sample when the number is known. */
function* known(shard: ExpertShard, value: number | string | undefined): Iterable<Sample> {
  if (value !== undefined) yield [id(shard), Number(value)];
}

export const expertGauges = gauges<ExpertShard>(
  {
    name: 'atoll_expert_info',
    help: 'Where the expert runs, and which placement and attempt it is; always 1',
    labels: [...labels, 'island', 'placement', 'attempt'],
    from,
    *samples(shard) {
      const { island, placement, attempt } = shard.status ?? {};
      if (island !== undefined) yield [[...id(shard), island, String(placement), String(attempt)], 1];
    },
  },
  {
    name: 'atoll_expert_status',
    help: 'The state of the expert: 1 for the present one, no series for the others',
    labels: [...labels, 'state'],
    from,
    *samples(shard) {
      yield [[...id(shard), shard.status?.state ?? 'Waiting'], 1];
    },
  },
  {
    name: 'atoll_expert_progress_ratio',
    help: 'Share of its steps that the expert has done, from 0 to 1',
    unit: 'ratio',
    labels,
    from: live,
    samples: (shard, context) => known(shard, shareOfExpert(shard, context)),
  },
  {
    name: 'atoll_expert_step',
    help: 'Last step that the trainer reported',
    labels,
    from: live,
    samples: (shard, context) => known(shard, progressOf(shard, context)?.step),
  },
  {
    name: 'atoll_expert_loss',
    help: 'Loss at the last step that the trainer reported',
    labels,
    from: live,
    samples: (shard, context) => known(shard, progressOf(shard, context)?.loss),
  },
  {
    name: 'atoll_expert_samples_per_second',
    help: 'Training speed that the trainer reported last',
    labels,
    from: live,
    samples: (shard, context) =>
      shard.status?.state === 'Running' ? known(shard, progressOf(shard, context)?.samplesPerSecond) : [],
  },
  {
    name: 'atoll_expert_last_report_timestamp_seconds',
    help: 'Unix time of the last progress that the trainer reported',
    unit: 'timestamp',
    labels,
    from: live,
    samples: (shard, context) => secondsOf(id(shard), progressOf(shard, context)?.at),
  },
  {
    name: 'atoll_expert_last_checkpoint_timestamp_seconds',
    help: 'Unix time at which the newest checkpoint was published',
    unit: 'timestamp',
    labels,
    from,
    samples: (shard) => secondsOf(id(shard), shard.status?.checkpoint?.at),
  },
  {
    name: 'atoll_expert_last_checkpoint_step',
    help: 'Step of the newest published checkpoint',
    labels,
    from,
    samples: (shard) => known(shard, shard.status?.checkpoint?.step),
  },
  {
    name: 'atoll_expert_started_timestamp_seconds',
    help: 'Unix time at which the first container of the expert started',
    unit: 'timestamp',
    labels,
    from,
    samples: (shard) => secondsOf(id(shard), shard.status?.startedAt),
  },
  {
    name: 'atoll_expert_restarts',
    help: 'Counted failures of the expert so far, against retry.maxRestarts',
    labels,
    from,
    samples: (shard) => known(shard, shard.status?.restarts ?? 0),
  },
);
