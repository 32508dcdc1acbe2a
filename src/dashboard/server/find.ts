/** From the parts of a path to the objects: what is not there is 404, for who may read the namespace. */
import type { IslandJob } from '../../api/islandjob.ts';
import { workPrefix } from '../../api/keys.ts';
import type { Clock } from '../../clock.ts';
import type { WorkName } from '../view/common.ts';
import { type RunSource, worksOf } from '../view/of/run.ts';
import { indexOf, type WorkSource } from '../view/of/work.ts';
import { type Bucket, createBucket } from './bucket.ts';
import type { DashboardContext, ReadStore } from './context.ts';
import { impatient } from './impatient.ts';
import { notFound } from './problem.ts';

export type Params = Readonly<Record<string, string>>;

export function needRun({ objects }: Pick<DashboardContext, 'objects'>, params: Params): RunSource {
  const { namespace = '', run = '' } = params;
  const source = objects.run(namespace, run);
  if (!source) throw notFound(`the run ${namespace}/${run}`);
  return source;
}

export function needWork(context: Pick<DashboardContext, 'objects'>, params: Params): { run: RunSource; work: WorkSource } {
  const run = needRun(context, params);
  const { namespace, work: name } = params;
  const work = worksOf(run).find((one) => one.work === name);
  if (!work) throw notFound(`${name} of the run ${namespace}/${run.training.metadata.name}`);
  return { run, work };
}

export function needDataset({ objects }: Pick<DashboardContext, 'objects'>, params: Params) {
  const { namespace = '', dataset: name = '' } = params;
  const dataset = objects.datasets.store.get({ namespace, name });
  if (!dataset) throw notFound(`the data set ${namespace}/${name}`);
  return dataset;
}

export interface Buckets {
  /** Undefined for a store that the operator does not know, or has no credentials for. */
  get(store: string): Bucket | undefined;
  names(): string[];
}

export function createBuckets(stores: ReadonlyMap<string, ReadStore>, clock: Clock): Buckets {
  const buckets = new Map([...stores].map(([name, store]) => [name, createBucket(impatient(store, clock))]));
  return { get: (name) => buckets.get(name), names: () => [...buckets.keys()] };
}

const roles = { router: 'Router', evaluation: 'Evaluate', partition: 'Partition' } as const;

/** Where a work of a run publishes. */
export function publishedBy({ training }: RunSource, work: WorkName): { store: string; prefix: string } {
  const { metadata, spec } = training;
  const owner = { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' };
  const index = indexOf(work);
  const prefix =
    index === undefined
      ? workPrefix(spec.storage.prefix, owner, roles[work as keyof typeof roles])
      : workPrefix(spec.storage.prefix, owner, 'Expert', index);
  return { store: spec.storage.store, prefix };
}

/** The IslandJob that an attempt such as p2a1 belongs to; the newest without one. */
export function jobOf(
  { jobs, status }: WorkSource,
  attempt: string | undefined,
): { job: IslandJob; attempt?: number } | undefined {
  const match = /^p([0-9]{1,4})a([0-9]{1,4})$/.exec(attempt ?? '');
  if (match) {
    const job = jobs.find(({ spec }) => spec.placement === Number(match[1]));
    return job && { job, attempt: Number(match[2]) };
  }
  const job = jobs.find(({ metadata }) => metadata.name === status?.job);
  return job && { job };
}
