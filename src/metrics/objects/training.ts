/** Gauges of trainings and data sets. */
import { parseDuration, readDisplayed } from '../../api/duration.ts';
import { datasetStates, type ExpertDataset } from '../../api/expertdataset.ts';
import { type ExpertTraining, trainingStates } from '../../api/experttraining.ts';
import { shareOfExpert } from './expert.ts';
import { gauges, secondsOf, stateSet } from './gauge.ts';

const from = 'the store of ExpertTrainings, at each scrape';
const id = ({ metadata }: ExpertTraining | ExpertDataset) => [metadata.namespace ?? '', metadata.name];
const labels = ['namespace', 'training'];

export const trainingGauges = gauges<ExpertTraining>(
  {
    name: 'atoll_training_info',
    help: 'What a training is made of; always 1',
    labels: [...labels, 'dataset', 'experts'],
    from,
    *samples(training) {
      const { snapshot, experts } = training.status ?? {};
      const total = snapshot?.dataset?.experts ?? experts?.total ?? 0;
      yield [[...id(training), training.spec.dataset, String(total)], 1];
    },
  },
  {
    name: 'atoll_training_status',
    help: 'Whether the training is in this state: 1 or 0',
    labels: [...labels, 'state'],
    from,
    samples: (training) => stateSet(id(training), trainingStates, training.status?.state ?? 'Pending'),
  },
  {
    name: 'atoll_training_condition',
    help: 'Conditions of the training by type and status; 1 for those that it has',
    labels: [...labels, 'type', 'status'],
    from,
    *samples(training) {
      for (const { type, status } of training.status?.conditions ?? []) yield [[...id(training), type, status], 1];
    },
  },
  {
    name: 'atoll_training_progress_ratio',
    help: 'Mean share of their steps that the experts have done, from 0 to 1',
    unit: 'ratio',
    labels,
    from: 'the stores of ExpertTrainings and ExpertShards, at each scrape',
    *samples(training, context) {
      const total = training.status?.experts.total ?? 0;
      const shares = context.shardsOf(training.metadata.uid ?? '').map((shard) => shareOfExpert(shard, context) ?? 0);
      if (total > 0) yield [id(training), shares.reduce((sum, share) => sum + share, 0) / total];
    },
  },
  {
    name: 'atoll_training_eta_seconds',
    help: 'Estimated time until the training is complete, to the precision of its ETA column',
    unit: 'seconds',
    labels,
    from,
    *samples(training) {
      const left = readDisplayed(training.status?.display.eta ?? '');
      if (left !== undefined) yield [id(training), left / 1000];
    },
  },
  {
    name: 'atoll_training_created_timestamp_seconds',
    help: 'Unix time at which the training was made',
    unit: 'timestamp',
    labels,
    from,
    samples: (training) => secondsOf(id(training), training.metadata.creationTimestamp),
  },
  {
    name: 'atoll_training_completed_timestamp_seconds',
    help: 'Unix time at which the training became Complete or Failed',
    unit: 'timestamp',
    labels,
    from,
    samples: (training) => secondsOf(id(training), training.status?.completedAt),
  },
  {
    name: 'atoll_training_deadline_timestamp_seconds',
    help: 'Unix time at which the training fails because of spec.deadline',
    unit: 'timestamp',
    labels,
    from,
    *samples(training) {
      const { spec, status } = training;
      if (spec.deadline === undefined || status?.startedAt === undefined || status.completedAt !== undefined) return;
      yield [id(training), (Date.parse(status.startedAt) + parseDuration(spec.deadline)) / 1000];
    },
  },
);

export const datasetGauges = gauges<ExpertDataset>({
  name: 'atoll_dataset_status',
  help: 'Whether the data set is in this state: 1 or 0',
  labels: ['namespace', 'dataset', 'state'],
  from: 'the store of ExpertDatasets, at each scrape',
  samples: (dataset) => stateSet(id(dataset), datasetStates, dataset.status?.state ?? 'Pending'),
});
