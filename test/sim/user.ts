/** What people do in a simulated world: islands, a data set and a training are made, suspended, drained and deleted. */
import { createHash } from 'node:crypto';
import { ComputeIslandKind, computeIslandSpec } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind, expertDatasetSpec } from '../../src/api/expertdataset.ts';
import { type ExpertTraining, ExpertTrainingKind, expertTrainingSpec } from '../../src/api/experttraining.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { MemoryApi } from '../kube/memory-client.ts';
import type { Record } from './facts.ts';
import type { Shape } from './plan.ts';

export const namespace = 'research';
export const trainingName = 'digits';
const key = { namespace, name: trainingName };

export interface User {
  readonly client: KubeClient;
  /** Islands, a data set and a training that uses it. */
  begin(): void;
  training(): ExpertTraining | undefined;
  changeTraining(spec: object): Promise<void>;
  changeIsland(island: string, spec: object): Promise<void>;
  deleteTraining(): Promise<void>;
}

export function createUser(api: MemoryApi, shape: Shape, record: Record, joinToken: (island: string) => string): User {
  const client = api.client({ name: 'user' });
  const say = (text: string) => record.note({ kind: 'user', text });
  const part = { resources: { cpu: '1', memory: '1Gi' } };
  const retry = { maxRestarts: shape.maxRestarts, backoff: { initial: '2s', max: '20s' } };
  const grace = { save: '10s', publish: '60s' };
  const program = { ...part, retry, grace };

  return {
    client,
    begin() {
      for (const name of shape.islands) {
        const tokenDigest = `sha256:${createHash('sha256').update(joinToken(name)).digest('hex')}`;
        const join = { tokenDigest, expiresAt: '2027-01-01T00:00:00Z' };
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
  };
}
