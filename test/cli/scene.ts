/** Objects of users as hub and islands leave them, on the API server of the CLI's tests. */
import { type ComputeIsland, ComputeIslandKind, computeIslandSpec } from '../../src/api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind, type ExpertShardStatus } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind, type ExpertTrainingStatus } from '../../src/api/experttraining.ts';
import { type IslandJob, IslandJobKind, type IslandJobStatus } from '../../src/api/islandjob.ts';
import { workPrefix } from '../../src/api/keys.ts';
import { labels } from '../../src/api/labels.ts';
import { islandJobName, shardName } from '../../src/api/names.ts';
import type { WorkRole, WorkStatus } from '../../src/api/work.ts';
import { events } from '../../src/kube/core.ts';
import { type KubeObject, keyOf, type ResourceType } from '../../src/kube/types.ts';
import { dataset, training } from '../hub/builders.ts';
import { spec as jobSpec } from '../island/builders.ts';
import type { CliWorld } from './world.ts';

export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
export const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-26T06:00:00Z',
});

/** One namespace of the world, with a data set `digits`. */
export class Scene {
  readonly #world: CliWorld;
  readonly namespace: string;

  constructor(world: CliWorld, namespace = 'research') {
    this.#world = world;
    this.namespace = namespace;
  }

  /** What the hub writes; a status of a test says only what the test is about. */
  async #status<T extends KubeObject>(type: ResourceType<T>, object: T, status: object): Promise<T> {
    const { namespace, name, uid } = object.metadata;
    const applied: KubeObject & { status: object } = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name, ...(uid === undefined ? {} : { uid }), ...(namespace === undefined ? {} : { namespace }) },
      status,
    };
    const any: ResourceType<KubeObject> = type;
    return (await this.#world.client.applyStatus(any, applied, { fieldManager: 'atoll-hub', force: true })) as T;
  }

  async island(
    name: string,
    gpus: { product?: string; total: number; free: number } | undefined,
    more: Partial<ComputeIsland['spec']> = {},
    state: 'Ready' | 'Unreachable' | 'NotJoined' = 'Ready',
  ) {
    const made = await this.#world.client.create(ComputeIslandKind, {
      metadata: { name, labels: { zone: name === 'west' ? 'us' : 'eu' } },
      spec: computeIslandSpec.parse(more),
    });
    const reachable = { Ready: 'True', Unreachable: 'Unknown', NotJoined: 'Unknown' } as const;
    const heard = { lastHeard: new Date(Date.now()).toISOString(), version: '0.1.0', kubernetes: 'v1.35.0' };
    return await this.#status(ComputeIslandKind, made, {
      state,
      jobs: 0,
      ...(state === 'NotJoined' ? {} : heard),
      capacity: {
        cpu: '64',
        memory: '512Gi',
        gpus: gpus ? [{ product: gpus.product ?? 'H100', total: gpus.total, free: gpus.free, unhealthy: 0 }] : [],
      },
      display: gpus ? { gpus: `${gpus.free}/${gpus.total}` } : {},
      conditions: [condition('Reachable', reachable[state], state === 'Ready' ? 'Ready' : 'IslandUnreachable')],
    });
  }

  async dataset(experts = 4, ready = true): Promise<ExpertDataset> {
    const { metadata, spec } = dataset({ partition: { experts } });
    const made = await this.#world.client.create(ExpertDatasetKind, {
      metadata: { ...metadata, namespace: this.namespace },
      spec,
    });
    const shards = Array.from({ length: experts }, (_, index) => ({ index, samples: 2250, bytes: 1_000_000 }));
    const done = { manifest: 'atoll/m.json', digest: digest('d'), samples: 2250 * experts, heldOut: 1000, skew: '1.1', shards };
    const status = ready ? { state: 'Ready', ...done, display: { size: '4.0 MB' } } : { state: 'Pending', display: {} };
    return await this.#status(ExpertDatasetKind, made, { ...status, conditions: [] });
  }

  /** Of the partition of the data set `digits`. */
  async datasetWork(work: Partial<WorkStatus>): Promise<ExpertDataset> {
    const made = await this.#world.client.get(ExpertDatasetKind, { namespace: this.namespace, name: 'digits' });
    if (!made) throw new Error('there is no data set');
    const { observedGeneration: _, ...status } = made.status ?? { display: {}, conditions: [] };
    const none: WorkStatus = { placement: 0, attempt: 0, restarts: 0, state: 'Waiting' };
    return await this.#status(ExpertDatasetKind, made, { ...status, work: { ...none, ...work } });
  }

  async run(name: string, spec: Record<string, unknown> = {}, status?: Partial<ExpertTrainingStatus>): Promise<ExpertTraining> {
    const { metadata, spec: whole } = training(spec, name);
    const made = await this.#world.client.create(ExpertTrainingKind, {
      metadata: { ...metadata, namespace: this.namespace },
      spec: whole,
    });
    return status ? await this.runStatus(made, status) : made;
  }

  runStatus(run: ExpertTraining, status: Partial<ExpertTrainingStatus>): Promise<ExpertTraining> {
    const none = { state: 'Pending', experts: { total: 0, running: 0, accepted: 0, blocked: 0 }, display: {}, conditions: [] };
    return this.#status(ExpertTrainingKind, run, { ...none, ...status });
  }

  async expert(run: ExpertTraining, index: number, status: Partial<ExpertShardStatus>, experts = 4): Promise<ExpertShard> {
    const { name, uid = '' } = run.metadata;
    const made = await this.#world.client.create(ExpertShardKind, {
      metadata: {
        namespace: this.namespace,
        name: shardName(name, index),
        labels: { [labels.trainingUid]: uid, [labels.training]: name, [labels.expert]: String(index).padStart(3, '0') },
      },
      spec: { training: name, trainingUid: uid, index, experts, dataset: { manifest: 'atoll/m.json', digest: digest('d') } },
    });
    return await this.expertStatus(made, status);
  }

  expertStatus(shard: ExpertShard, status: Partial<ExpertShardStatus>): Promise<ExpertShard> {
    const none: WorkStatus = { placement: 0, attempt: 0, restarts: 0, state: 'Waiting' };
    return this.#status(ExpertShardKind, shard, { ...none, display: {}, conditions: [], ...status });
  }

  /** A placement of a work of a run. */
  async job(
    run: ExpertTraining,
    work: { role?: WorkRole; index?: number },
    placement: number,
    island: string,
    status: Partial<IslandJobStatus> = {},
    gpus = 1,
  ): Promise<IslandJob> {
    const { name, uid = '' } = run.metadata;
    const { role = 'Expert', index } = work;
    const owner = { namespace: this.namespace, name, uid };
    const base = jobSpec({ island, placement });
    const made = await this.#world.client.create(IslandJobKind, {
      metadata: {
        namespace: this.namespace,
        name: islandJobName(owner, { role, index }, placement),
        labels: { [labels.trainingUid]: uid, [labels.role]: role },
      },
      spec: {
        ...base,
        role,
        work: {
          namespace: this.namespace,
          owner: { kind: 'ExpertTraining', name, uid },
          training: name,
          ...(index === undefined ? {} : { index }),
          experts: 4,
        },
        container: { image: 'ddm', resources: { cpu: '1', memory: '1Gi', ...(gpus > 0 ? { gpus } : {}) } },
        output: { store: 'default', prefix: workPrefix('atoll/', owner, role, index) },
      },
    });
    return await this.#status(IslandJobKind, made, { revision: 1, ...status });
  }

  async event(
    about: KubeObject,
    reason: string,
    note: string,
    type: 'Normal' | 'Warning' = 'Normal',
    at = Date.now(),
  ): Promise<void> {
    const { namespace = this.namespace, name, uid = '' } = about.metadata;
    await this.#world.client.create(events, {
      metadata: { namespace, name: `${name}.${reason.toLowerCase()}` },
      eventTime: `${new Date(at).toISOString().slice(0, -1)}000Z`,
      reportingController: 'atoll.dev/hub',
      reportingInstance: 'hub-0',
      type,
      reason,
      action: 'Reconcile',
      note,
      regarding: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid },
    });
  }

  async removeJob(job: IslandJob): Promise<void> {
    await this.#world.client.delete(IslandJobKind, keyOf(job), { uid: job.metadata.uid ?? '' });
  }
}
