/** What people do in a simulated world: islands, a data set and a training are made, suspended, drained and deleted. */
import { createHash } from 'node:crypto';
import { ComputeIslandKind, computeIslandSpec } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind, expertDatasetSpec } from '../../src/api/expertdataset.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind, expertTrainingSpec } from '../../src/api/experttraining.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import { finalizers, requestAnnotations } from '../../src/api/labels.ts';
import { moveOf, retryOf, withMove, withRetry } from '../../src/api/requests.ts';
import { removeFinalizer } from '../../src/kube/finalizers.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { MemoryApi } from '../kube/memory-client.ts';
import type { Record } from './facts.ts';
import type { Shape } from './plan.ts';

export const namespace = 'research';
export const trainingName = 'digits';
const key = { namespace, name: trainingName };

const digestOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

export interface User {
  readonly client: KubeClient;
  /** Islands, a data set and a training that uses it. */
  begin(): void;
  training(): ExpertTraining | undefined;
  changeTraining(spec: object): Promise<void>;
  changeIsland(island: string, spec: object): Promise<void>;
  deleteTraining(): Promise<void>;
  /** The cluster of an island is gone: nobody waits for its word any more, and the new one joins with another token. */
  replaceIsland(island: string, token: string): Promise<void>;
  /** Asks for an expert to be moved from where it is. */
  moveExpert(index: number): Promise<void>;
  /** Asks for an expert to be tried again, which replaces its result when it has one. */
  retryExpert(index: number): Promise<void>;
  /** Does so for every expert that is blocked. */
  retryBlocked(): Promise<void>;
}

export function createUser(api: MemoryApi, shape: Shape, record: Record, joinToken: (island: string) => string): User {
  const client = api.client({ name: 'user' });
  const say = (text: string) => record.note({ kind: 'user', text });
  const part = { resources: { cpu: '1', memory: '1Gi' } };
  const retry = { maxRestarts: shape.maxRestarts, backoff: { initial: '2s', max: '20s' } };
  const grace = { save: '10s', publish: '60s' };
  const program = { ...part, retry, grace };

  const shards = () => api.all(ExpertShardKind);
  const asking = async (name: string, value: (before: string | undefined) => string) => {
    const annotations = api.get(ExpertTrainingKind, key)?.metadata.annotations;
    if (!api.get(ExpertTrainingKind, key)) return;
    const patch = { metadata: { annotations: { [name]: value(annotations?.[name]) } } };
    await client.patch(ExpertTrainingKind, key, patch, { contentType: 'merge' });
  };
  const statusOf = (index: number) => shards().find(({ spec }) => spec.index === index)?.status;

  const user: User = {
    client,
    begin() {
      for (const name of shape.islands) {
        const join = { tokenDigest: digestOf(joinToken(name)), expiresAt: '2027-01-01T00:00:00Z' };
        api.put(ComputeIslandKind, { metadata: { name }, spec: computeIslandSpec.parse({ join }) });
      }
      api.put(ExpertDatasetKind, {
        metadata: key,
        spec: expertDatasetSpec.parse({
          source: { prefix: 'raw/' },
          storage: { prefix: 'atoll/' },
          partition: { experts: shape.experts },
          job: { ...part, retry, grace },
        }),
      });
      const { policy } = shape;
      api.put(ExpertTrainingKind, {
        metadata: key,
        spec: expertTrainingSpec.parse({
          dataset: trainingName,
          storage: { prefix: 'atoll/' },
          expert: {
            ...program,
            resources: { ...part.resources, gpus: 1 },
            params: { steps: 12 },
            checkpoint: { keep: shape.keep },
          },
          router: { ...program, start: shape.router },
          evaluation: program,
          placement: { islandLost: policy === 'Wait' ? { policy } : { policy, after: '1m' } },
        }),
      });
    },
    training: () => api.get(ExpertTrainingKind, key),
    async changeTraining(spec) {
      if (!api.get(ExpertTrainingKind, key)) return;
      say(`training: ${JSON.stringify(spec)}`);
      await client.patch(ExpertTrainingKind, key, { spec }, { contentType: 'merge' });
    },
    async changeIsland(island, spec) {
      say(`island ${island}: ${JSON.stringify(spec)}`);
      await client.patch(ComputeIslandKind, { name: island }, { spec }, { contentType: 'merge' });
    },
    async deleteTraining() {
      const uid = api.get(ExpertTrainingKind, key)?.metadata.uid;
      if (uid === undefined) return;
      say('delete the training');
      await client.delete(ExpertTrainingKind, key, { uid, propagationPolicy: 'Foreground' });
    },
    async replaceIsland(island, token) {
      say(`island ${island} is lost and made again`);
      const found = api.get(ComputeIslandKind, { name: island });
      await client.delete(ComputeIslandKind, { name: island }, { uid: found?.metadata.uid ?? '' });
      for (const job of api.all(IslandJobKind).filter(({ spec }) => spec.island === island)) {
        const { name, uid = '' } = job.metadata;
        const over = ['Succeeded', 'Failed', 'Stopped'].includes(job.status?.state ?? '');
        if (!over) await client.delete(IslandJobKind, { namespace, name }, { uid });
        const now = api.get(IslandJobKind, { namespace, name });
        if (now) await removeFinalizer(client, IslandJobKind, now, finalizers.island);
      }
      const join = { tokenDigest: digestOf(token), expiresAt: '2027-01-01T00:00:00Z' };
      api.put(ComputeIslandKind, { metadata: { name: island }, spec: computeIslandSpec.parse({ join }) });
    },
    async moveExpert(index) {
      say(`move expert ${index}`);
      await asking(requestAnnotations.move, (before) => withMove(before, moveOf(index, statusOf(index))));
    },
    async retryExpert(index) {
      say(`retry expert ${index}`);
      await asking(requestAnnotations.retry, (before) => withRetry(before, retryOf(index, statusOf(index))));
    },
    async retryBlocked() {
      for (const { spec, status } of shards()) if (status?.state === 'Blocked') await user.retryExpert(spec.index);
    },
  };
  return user;
}
