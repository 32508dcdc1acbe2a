/** The ExpertShards of a run: made once the snapshot is stored, one for each expert. */
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { index3 } from '../api/keys.ts';
import { apiVersion } from '../api/kind.ts';
import { fieldManagers, finalizers, labels } from '../api/labels.ts';
import { shardName } from '../api/names.ts';
import type { Clock } from '../clock.ts';
import { ApiError } from '../kube/errors.ts';
import type { Fresh, KubeClient } from '../kube/types.ts';

/** Requests under way at once while the shards of one run are made. */
const parallel = 8;

/** How long a shard counts as made that the cache does not show: longer than any watch is late. */
const lateMs = 30_000;

export interface ShardMaker {
  /**
   * Creates those that are missing. One that exists already under its name is seen by the next reconcile, ours or not. Returns the
   * milliseconds after which to look again, when one was made and is not in the cache yet.
   */
  make(training: ExpertTraining, existing: readonly ExpertShard[], signal: AbortSignal): Promise<number | undefined>;
}

export function createShardMaker(client: KubeClient, clock: Clock): ShardMaker {
  /** When each shard was made, by uid of its training and index; until the cache shows it. */
  const made = new Map<string, number>();

  async function create(shard: Fresh<ExpertShard>, id: string, signal: AbortSignal): Promise<void> {
    try {
      await client.create(ExpertShardKind, shard, { fieldManager: fieldManagers.hub, signal });
    } catch (error) {
      if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
    }
    made.set(id, clock.now());
  }

  return {
    async make(training, existing, signal) {
      const total = training.status?.snapshot?.dataset?.experts ?? 0;
      const idOf = (index: number) => `${training.metadata.uid}/${index}`;
      const have = new Set(existing.map(({ spec }) => spec.index));
      for (const index of have) made.delete(idOf(index));
      const absent = Array.from({ length: total }, (_, index) => index).filter((index) => !have.has(index));
      const missing = absent.filter((index) => clock.now() - (made.get(idOf(index)) ?? Number.NEGATIVE_INFINITY) >= lateMs);
      for (let start = 0; start < missing.length; start += parallel) {
        const some = missing.slice(start, start + parallel);
        await Promise.all(some.map((index) => create(expertShard(training, index), idOf(index), signal)));
      }
      // Bounded: what is dropped is only asked for once more.
      if (made.size > mostMade) made.clear();
      return absent.length > 0 ? lateMs : undefined;
    },
  };
}

const mostMade = 16_384;

export function expertShard(training: ExpertTraining, index: number): Fresh<ExpertShard> {
  const dataset = training.status?.snapshot?.dataset;
  if (!dataset) throw new Error(`cannot make an expert of ${training.metadata.name}: its data set has no snapshot yet`);
  const { name, namespace, uid = '' } = training.metadata;
  return {
    metadata: {
      name: shardName(name, index),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [labels.trainingUid]: uid, [labels.training]: name, [labels.expert]: index3(index) },
      finalizers: [finalizers.cleanup],
      ownerReferences: [{ apiVersion, kind: training.kind, name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      training: name,
      trainingUid: uid,
      index,
      experts: dataset.experts,
      dataset: { manifest: dataset.manifest, digest: dataset.digest },
    },
  };
}
