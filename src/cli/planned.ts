/** Which pods a run takes, and where each of its works would go, by the hub's own placement. Pure but for the field, which it fills. */
import type { Resources } from '../api/container.ts';
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { WorkStatus } from '../api/work.ts';
import { expertPart } from '../hub/overrides.ts';
import { type Demand, place } from '../hub/placement.ts';
import { expertDemand, partDemand, partitionDemand } from '../hub/templates.ts';
import type { Ground } from './field.ts';
import { CommandFailure } from './verb.ts';

export interface Pair {
  training: ExpertTraining;
  dataset: ExpertDataset | undefined;
  /** Whether the run is there, so that its works may have placements. */
  exists: boolean;
}

export interface PlannedWork {
  /** `data set`, `expert 3`, `router` or `evaluation`. */
  work: string;
  /** Index of an expert. */
  expert?: number;
  pods: number;
  /** Of all its pods. */
  gpus: number;
  gpuProduct?: string;
  /** Of each pod. */
  cpu: string;
  memory: string;
  island?: string;
  costPerHour?: number;
  /** Where it stands already. */
  state?: string;
  /** What has to be done first. */
  after?: string;
  reason?: string;
  message?: string;
}

export interface Plan {
  run: string;
  exists: boolean;
  works: PlannedWork[];
  /** Pods, GPUs and cost of the experts that have or would have an island and are not done. */
  pods: number;
  gpus: number;
  costPerHour: number;
}

type Standing = Pick<WorkStatus, 'state' | 'island'>;

/** One work as it is asked about. */
interface Asked extends Pick<PlannedWork, 'work' | 'expert' | 'after'> {
  part: { resources: Resources; nodes?: number };
  demand: Demand;
  status: Standing | undefined;
  /** Its GPUs are taken from what those behind it find: it runs beside them. */
  beside: boolean;
}

/** Places one work after the other, as the hub would, counting those before it. */
export function planOf({ field, islands }: Ground, { training, dataset, exists }: Pair, shards: readonly ExpertShard[]): Plan {
  const { name, namespace, uid } = training.metadata;
  if (!dataset)
    throw new CommandFailure(
      `cannot plan run ${name}: there is no ExpertDataset ${training.spec.dataset} in namespace ${namespace}, which says how many experts there are; put it into the file`,
    );
  const costs = new Map(islands.map(({ metadata, spec }) => [metadata.name, Number(spec.cost ?? Number.NaN)]));
  // Those that wait for the experts find what is free without them: then they are gone.
  const asked = worksOf(training, dataset, exists ? shards : []);
  const order = [...asked.filter(({ beside }) => !beside), ...asked.filter(({ beside }) => beside)];
  const planned = new Map(
    order.map((one): [Asked, PlannedWork] => {
      const where = settled(one.status) ?? placeNext(one, field, `${uid}/${one.work}`);
      const cost = where.island === undefined ? Number.NaN : (costs.get(where.island) ?? Number.NaN) * one.demand.gpus;
      return [one, { ...shapeOf(one), ...where, ...(Number.isNaN(cost) ? {} : { costPerHour: cost }) }];
    }),
  );
  const works = asked.flatMap((one) => planned.get(one) ?? []);
  const going = works.filter(({ expert, island, state }) => expert !== undefined && island !== undefined && state !== 'Accepted');
  const sum = (of: (work: PlannedWork) => number) => going.reduce((all, work) => all + of(work), 0);
  const total = { pods: sum(({ pods }) => pods), gpus: sum(({ gpus }) => gpus), costPerHour: sum((one) => one.costPerHour ?? 0) };
  return { run: name, exists, works, ...total };
}

/** In the order in which they run. */
function worksOf(training: ExpertTraining, dataset: ExpertDataset, shards: readonly ExpertShard[]): Asked[] {
  const { router, evaluation } = training.spec;
  const cut = dataset.status?.digest !== undefined;
  const afterData = cut ? {} : { after: 'the data set' };
  const statuses = new Map(shards.map(({ spec, status }) => [spec.index, status]));
  const experts = Array.from({ length: dataset.spec.partition.experts }, (_, expert): Asked => {
    const { part } = expertPart(training, expert);
    const demand = expertDemand(training, expert);
    return { work: `expert ${expert}`, expert, part, demand, status: statuses.get(expert), beside: true, ...afterData };
  });
  const early = router?.start === 'WhenDatasetReady';
  const all: (Asked | undefined)[] = [
    {
      work: 'data set',
      part: dataset.spec.job,
      demand: partitionDemand(dataset),
      status: cut ? { ...dataset.status?.work, state: 'Accepted' } : dataset.status?.work,
      beside: false,
    },
    ...experts,
    router && {
      work: 'router',
      part: router,
      demand: partDemand(training, router),
      status: training.status?.router,
      beside: early,
      ...(early ? afterData : { after: 'the experts' }),
    },
    evaluation && {
      work: 'evaluation',
      part: evaluation,
      demand: partDemand(training, evaluation),
      status: training.status?.evaluation,
      beside: false,
      after: router ? 'experts and router' : 'the experts',
    },
  ];
  return all.filter((one) => one !== undefined);
}

function shapeOf({ work, expert, part, demand, after, status }: Asked): PlannedWork {
  const { gpuProduct } = demand;
  return {
    work,
    ...(expert === undefined ? {} : { expert }),
    pods: part.nodes ?? 1,
    gpus: demand.gpus,
    ...(gpuProduct === undefined ? {} : { gpuProduct }),
    cpu: part.resources.cpu,
    memory: part.resources.memory,
    ...(after === undefined || settled(status) ? {} : { after }),
  };
}

function settled(status: Standing | undefined): Pick<PlannedWork, 'state' | 'island'> | undefined {
  if (!status || status.state === 'Waiting') return undefined;
  return { state: status.state, ...(status.island === undefined ? {} : { island: status.island }) };
}

function placeNext(
  { demand, beside }: Asked,
  field: Ground['field'],
  key: string,
): Pick<PlannedWork, 'island' | 'reason' | 'message'> {
  const placed = place(demand, field);
  if (placed.island === undefined) return { reason: placed.reason, message: placed.message };
  if (beside) {
    const { group, namespace, gpus, gpuProduct } = demand;
    const product = gpuProduct === undefined ? {} : { gpuProduct };
    field.put(key, { island: placed.island, group, namespace, gpus, ...product, started: false });
  }
  return { island: placed.island };
}
