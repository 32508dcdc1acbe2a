/** Data set → row and view. Pure. */
import type { ExpertDataset } from '../../../api/expertdataset.ts';
import type { IslandJob } from '../../../api/islandjob.ts';
import type { DatasetRow, DatasetView, ShardView } from '../dataset.ts';
import { conditionsOf, defined, finite, revOf, shareOf } from './facts.ts';
import { meaningOf, type WorkSource } from './work.ts';

export function datasetRow({ metadata, spec, status }: ExpertDataset): DatasetRow {
  const namespace = metadata.namespace ?? '';
  const bytes = status?.shards?.reduce((sum, shard) => sum + shard.bytes, 0);
  return defined({
    id: `${namespace}/${metadata.name}`,
    namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    rev: revOf(metadata.generation, { ...status, display: undefined, work: { ...status?.work, progress: undefined } }),
    state: status?.state ?? 'Pending',
    experts: spec.partition.experts,
    method: spec.partition.method,
    samples: status?.samples,
    bytes,
    skew: finite(status?.skew),
    progress: status?.state === 'Partitioning' ? shareOf(status.work?.progress) : undefined,
    createdAt: metadata.creationTimestamp ?? '',
  });
}

/** The partition as a work; undefined before it began. */
export function partitionOf({ metadata, status }: ExpertDataset, jobs: readonly IslandJob[]): WorkSource | undefined {
  if (!status?.work) return undefined;
  return { namespace: metadata.namespace ?? '', run: metadata.name, work: 'partition', status: status.work, jobs };
}

/** `thumbnails` are the indexes of shards with a picture. */
export function shardsOf({ status }: ExpertDataset, thumbnails: ReadonlySet<number>): ShardView[] {
  const shards = status?.shards ?? [];
  const mean = shards.reduce((sum, { samples }) => sum + samples, 0) / Math.max(1, shards.length);
  return shards.map(({ index, samples, bytes, digest }) =>
    defined({
      index,
      samples,
      bytes,
      share: mean === 0 ? 0 : Math.round((samples / mean) * 1000) / 1000,
      digest,
      thumbnail: thumbnails.has(index),
    }),
  );
}

export function datasetView(
  dataset: ExpertDataset,
  more: { runs: string[]; thumbnails: ReadonlySet<number>; partition: DatasetView['partition'] | undefined; mayApprove: boolean },
): DatasetView {
  const { spec, status } = dataset;
  return defined({
    row: datasetRow(dataset),
    sentence: sentence(dataset),
    maxSkew: spec.partition.maxSkew,
    heldOut: status?.heldOut,
    manifest: status?.manifest,
    digest: status?.digest,
    shards: shardsOf(dataset, more.thumbnails),
    runs: more.runs,
    partition: more.partition,
    conditions: conditionsOf(status?.conditions),
    may: { approve: more.mayApprove && status?.state === 'Blocked' && status.digest !== undefined },
  });
}

/** To two digits behind the point. */
const skewOf = (status: ExpertDataset['status']): string => String(Math.round((finite(status?.skew) ?? 1) * 100) / 100);

function sentence({ spec, status }: ExpertDataset): string {
  const k = `${spec.partition.experts} shard${spec.partition.experts === 1 ? '' : 's'}`;
  switch (status?.state ?? 'Pending') {
    case 'Ready':
      return `Ready: ${status?.samples?.toLocaleString('en') ?? 0} samples in ${k}; the largest has ${skewOf(status)} times as many as the smallest.`;
    case 'Partitioning':
      return `The data is being cut into ${k}.`;
    case 'Blocked':
      return status?.digest !== undefined
        ? `Waits for approval: the largest shard has ${skewOf(status)} times as many samples as the smallest, and ${spec.partition.maxSkew} is allowed.`
        : `Blocked: ${status?.work?.message ?? meaningOf(status?.work?.reason ?? 'PartitionFailed')}`;
    case 'Failed':
      return `The partition has failed: ${status?.work?.message ?? meaningOf('PartitionFailed')}`;
    default:
      return `Waits to be cut into ${k}${status?.work?.message ? `: ${status.work.message}` : '.'}`;
  }
}
