/** From an owner's spec to the IslandJob that makes one work: containers resolved, params, inputs and prefixes filled in. Pure. */
import type { Container, Resources } from '../api/container.ts';
import { parseDuration } from '../api/duration.ts';
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { type IslandJob, type IslandJobSpec, islandJobSpec, type JobInput } from '../api/islandjob.ts';
import { index3, workPrefix } from '../api/keys.ts';
import { apiVersion } from '../api/kind.ts';
import { finalizers, labels } from '../api/labels.ts';
import { islandJobName } from '../api/names.ts';
import type { ManifestRef, WorkRole } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import type { Fresh, KubeObject } from '../kube/types.ts';
import { expertInputs, snapshotOf } from './inputs.ts';
import { expertPart } from './overrides.ts';
import type { Demand } from './placement.ts';
import type { HubSettings } from './settings.ts';

/** Everything about the IslandJobs of one work that does not depend on the placement. */
export interface JobTemplate {
  /** The object whose status remembers the work; it owns the IslandJobs. */
  owner: KubeObject;
  labels: Record<string, string>;
  demand: Demand;
  spec: Omit<IslandJobSpec, 'island' | 'placement' | 'resume' | 'revision' | 'suspend' | 'stop'>;
}

/** What is known when a placement is made. */
export interface PlacementFacts {
  placement: number;
  island: string;
  resume: ManifestRef[];
}

export function jobName(template: JobTemplate, placement: number): string {
  const { work, role } = template.spec;
  return islandJobName(work.owner, { role, index: work.index }, placement);
}

/** The key by which all IslandJobs of one work are found. */
export function workKey(spec: { role: WorkRole; work: { owner: { uid: string }; index?: number | undefined } }): string {
  return `${spec.work.owner.uid}/${spec.role}/${spec.work.index ?? ''}`;
}

export function islandJob(template: JobTemplate, facts: PlacementFacts): Fresh<IslandJob> {
  const { owner } = template;
  const { island, placement, resume } = facts;
  return {
    metadata: {
      name: jobName(template, placement),
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      // From the start, so that a deletion waits until its island has said that nothing of it is left.
      finalizers: [finalizers.island],
      labels: { ...template.labels, [labels.placement]: String(placement), [labels.island]: island },
      ownerReferences: [
        {
          apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { ...template.spec, island, placement, resume, suspend: false, stop: false, revision: 1 },
  };
}

/** How the reference image runs each role. */
const programs: Record<WorkRole, string> = { Partition: 'partition', Expert: 'expert', Router: 'router', Evaluate: 'evaluate' };

/** The image that a part of a spec asks for, or the reference image. */
export function imageOf(container: Pick<Container, 'image'>, settings: HubSettings): string {
  return container.image ?? settings.images.workload;
}

/** A container with image and command: the reference image runs the role's program, any other its own entry point. */
function resolve(container: Container, role: WorkRole, image: string, settings: HubSettings): IslandJobSpec['container'] {
  const resolved: IslandJobSpec['container'] = { ...containerFields(container), image };
  if (container.image !== undefined) return resolved;
  if (settings.imagePullPolicy !== undefined) resolved.imagePullPolicy ??= settings.imagePullPolicy;
  resolved.command ??= ['python3', '-m', 'ddm', programs[role]];
  return resolved;
}

/** The container alone, out of a part of a spec that also has params, retry and more. */
function containerFields(part: Container): Container {
  const { resources, image, imagePullPolicy, imagePullSecrets, command, args, env, envFrom } = part;
  const { nodeSelector, tolerations, priorityClassName, runAsUser, podTemplate } = part;
  const all = {
    resources,
    image,
    imagePullPolicy,
    imagePullSecrets,
    command,
    args,
    env,
    envFrom,
    nodeSelector,
    tolerations,
    priorityClassName,
    runAsUser,
    podTemplate,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Container;
}

export function partitionTemplate(dataset: ExpertDataset, settings: HubSettings): JobTemplate {
  const { spec, metadata } = dataset;
  const owner = ownerOf(dataset);
  const { maxSkew: _, ...partition } = spec.partition;
  const job = spec.job;
  return {
    owner: dataset,
    labels: {
      [labels.datasetUid]: owner.uid,
      [labels.dataset]: metadata.name,
      [labels.role]: 'Partition',
    },
    demand: partitionDemand(dataset),
    spec: templateSpec.parse({
      role: 'Partition',
      work: {
        namespace: owner.namespace,
        owner: { kind: 'ExpertDataset', name: owner.name, uid: owner.uid },
        experts: partition.experts,
      },
      seed: partition.clusters?.seed ?? 0,
      container: resolve(job, 'Partition', imageOf(job, settings), settings),
      // What the program of the user is told besides must not contradict what the resource says.
      params: { ...job.params, ...partition, format: spec.source.format },
      inputs: [],
      output: { store: spec.storage.store, prefix: workPrefix(spec.storage.prefix, owner, 'Partition') },
      source: { store: spec.source.store, prefix: spec.source.prefix },
      retry: job.retry,
      ...(job.failureRules ? { failureRules: job.failureRules } : {}),
      stall: job.stall,
      grace: job.grace,
    }),
  };
}

/** One expert. Needs the snapshot that the training froze at its start; `store` is that of the data set. */
export function expertTemplate(training: ExpertTraining, shard: ExpertShard, settings: HubSettings): JobTemplate {
  const { index } = shard.spec;
  const { part, matchLabels } = expertPart(training, index);
  const inputs = expertInputs(shard.spec, snapshotOf(training).store);
  return trainingTemplate(training, shard, settings, {
    role: 'Expert',
    index,
    part,
    inputs,
    checkpoint: part.checkpoint,
    matchLabels,
  });
}

/** The router, on the data set alone or, when it waits for the experts, on exactly what they published. */
export function routerTemplate(training: ExpertTraining, inputs: JobInput[], settings: HubSettings): JobTemplate {
  const part = training.spec.router;
  if (!part) throw new Error(`cannot build the router of ${training.metadata.name}: spec.router is absent`);
  return trainingTemplate(training, training, settings, { role: 'Router', part, inputs, checkpoint: part.checkpoint });
}

export function evaluationTemplate(training: ExpertTraining, inputs: JobInput[], settings: HubSettings): JobTemplate {
  const part = training.spec.evaluation;
  if (!part) throw new Error(`cannot build the evaluation of ${training.metadata.name}: spec.evaluation is absent`);
  return trainingTemplate(training, training, settings, { role: 'Evaluate', part, inputs });
}

interface Part {
  role: Exclude<WorkRole, 'Partition'>;
  index?: number;
  part: ExpertTraining['spec']['expert'] | NonNullable<ExpertTraining['spec']['router'] | ExpertTraining['spec']['evaluation']>;
  inputs: JobInput[];
  checkpoint?: IslandJobSpec['checkpoint'];
  /** Default: those of spec.placement. */
  matchLabels?: Record<string, string>;
}

function trainingTemplate(training: ExpertTraining, holder: KubeObject, settings: HubSettings, want: Part): JobTemplate {
  const { role, index, part, inputs } = want;
  const owner = ownerOf(training);
  const { storage, seed, deadline, placement } = training.spec;
  const { snapshot, startedAt } = training.status ?? {};
  const image = snapshot?.images[role] ?? imageOf(part, settings);
  const spec = templateSpec.parse({
    role,
    work: {
      namespace: owner.namespace,
      owner: { kind: 'ExpertTraining', name: owner.name, uid: owner.uid },
      training: owner.name,
      ...(index === undefined ? {} : { index }),
      experts: snapshotOf(training).experts,
    },
    seed,
    container: resolve(part, role, image, settings),
    params: part.params ?? {},
    inputs,
    output: { store: storage.store, prefix: workPrefix(storage.prefix, owner, role, index) },
    retry: part.retry,
    ...(part.failureRules ? { failureRules: part.failureRules } : {}),
    stall: part.stall,
    grace: part.grace,
    ...queued(part),
    islandLost: placement.islandLost,
    ...(want.checkpoint ? { checkpoint: want.checkpoint } : {}),
    ...(deadline !== undefined && startedAt !== undefined
      ? { deadline: timestamp(Date.parse(startedAt) + parseDuration(deadline)) }
      : {}),
  });
  return {
    owner: holder,
    labels: {
      [labels.trainingUid]: owner.uid,
      [labels.training]: owner.name,
      [labels.role]: role,
      ...(index === undefined ? {} : { [labels.expert]: index3(index) }),
    },
    demand: partDemand(training, { resources: part.resources, nodes: spec.nodes }, want.matchLabels),
    spec,
  };
}

/** Parsing applies the defaults of the API, so that what is created equals what the API server stores. */
const templateSpec = islandJobSpec.omit({
  island: true,
  placement: true,
  resume: true,
  revision: true,
  suspend: true,
  stop: true,
});

/** What one expert asks of an island, without building the rest of its template. */
export function expertDemand(training: ExpertTraining, index: number): Demand {
  const { part, matchLabels } = expertPart(training, index);
  return partDemand(training, part, matchLabels);
}

/** The same of any part; the router and the evaluation may go wherever the run may. */
export function partDemand(
  training: ExpertTraining,
  { resources, nodes = 1 }: { resources: Resources; nodes?: number },
  matchLabels = training.spec.placement.islands.matchLabels ?? {},
): Demand {
  return demandOf(training, resources, { matchLabels, priority: training.spec.priority, nodes });
}

/** The same of the partition of a data set. */
export function partitionDemand(dataset: ExpertDataset): Demand {
  return demandOf(dataset, dataset.spec.job.resources, { matchLabels: {}, priority: 0 });
}

/** How many pods work together, and the queue that they wait in, as far as a part can say so. */
function queued(part: Part['part']): Partial<Pick<IslandJobSpec, 'nodes' | 'queueName' | 'queueDeadline'>> {
  return {
    ...('nodes' in part ? { nodes: part.nodes } : {}),
    ...(part.queueName === undefined ? {} : { queueName: part.queueName }),
    ...('queueDeadline' in part && part.queueDeadline !== undefined ? { queueDeadline: part.queueDeadline } : {}),
  };
}

interface Asked {
  matchLabels: Record<string, string>;
  priority: number;
  nodes?: number;
}

function demandOf(run: KubeObject, { gpus = 0, gpuProduct }: Resources, { matchLabels, priority, nodes = 1 }: Asked): Demand {
  const { uid: group = '', namespace = '', creationTimestamp = '' } = run.metadata;
  const product = gpuProduct === undefined ? {} : { gpuProduct };
  return { group, namespace, gpus: gpus * nodes, ...product, matchLabels, priority, since: Date.parse(creationTimestamp) || 0 };
}

function ownerOf(object: KubeObject): { namespace: string; name: string; uid: string } {
  const { namespace = '', name, uid = '' } = object.metadata;
  return { namespace, name, uid };
}
