/** The ExpertShards of a run: made once the snapshot is stored, one for each expert. */
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { index3 } from '../api/keys.ts';
import { apiVersion } from '../api/kind.ts';
import { fieldManagers, finalizers, labels } from '../api/labels.ts';
import { shardName } from '../api/names.ts';
import { ApiError } from '../kube/errors.ts';
import type { Fresh, KubeClient } from '../kube/types.ts';

/** Requests under way at once while the shards of one run are made. */
const parallel = 8;

/** Creates those that are missing. One that exists already under its name is seen by the next reconcile, ours or not. */
export async function createShards(
  client: KubeClient,
  training: ExpertTraining,
  existing: readonly ExpertShard[],
  signal: AbortSignal,
): Promise<void> {
  const total = training.status?.snapshot?.dataset?.experts ?? 0;
  const have = new Set(existing.map(({ spec }) => spec.index));
  const missing = Array.from({ length: total }, (_, index) => index).filter((index) => !have.has(index));
  for (let start = 0; start < missing.length; start += parallel) {
    await Promise.all(
      missing.slice(start, start + parallel).map((index) => create(client, expertShard(training, index), signal)),
    );
  }
}

async function create(client: KubeClient, shard: Fresh<ExpertShard>, signal: AbortSignal): Promise<void> {
  try {
    await client.create(ExpertShardKind, shard, { fieldManager: fieldManagers.hub, signal });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
  }
}

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
