/** What the manifest of a partition says about the shards, as it stands in the status of an ExpertDataset. Pure. */
import { decimalText } from '../api/contract.ts';
import type { ExpertDatasetStatus } from '../api/expertdataset.ts';
import { index3 } from '../api/keys.ts';
import { canonicalJson, digestOf, type Manifest } from '../api/manifest.ts';

export type PartitionResult = Required<Pick<ExpertDatasetStatus, 'samples' | 'heldOut' | 'skew' | 'shards'>>;

/** Sizes and digests of the shards; a digest covers path, size and SHA-256 of every file of its shard. */
export function partitionResult(manifest: Manifest): PartitionResult | undefined {
  const facts = manifest.partition;
  if (!facts) return undefined;
  const shards = facts.shards
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, samples }) => {
      const files = manifest.files.filter(({ path }) => path.startsWith(`shards/${index3(index)}/`));
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      return { index, samples, bytes, digest: digestOf(canonicalJson(files)) };
    });
  return { samples: facts.samples, heldOut: facts.heldOut, skew: decimalText(facts.skew), shards };
}

/** What is wrong with the partition in a manifest, besides what is checked of every manifest. */
export function wrongPartition(manifest: Manifest, experts: number): string | undefined {
  const facts = manifest.partition;
  if (!facts) return 'it has no field partition: the program must say how it cut the data';
  if (facts.experts !== experts) return `partition.experts is ${facts.experts} and must be ${experts}`;
  for (let index = 0; index < experts; index++) {
    const found = facts.shards.filter((shard) => shard.index === index).length;
    if (found !== 1) return `partition.shards has ${found} entries of index ${index} and must have one`;
    const prefix = `shards/${index3(index)}/`;
    if (!manifest.files.some(({ path }) => path.startsWith(prefix))) return `it lists no file below ${prefix}`;
  }
  return facts.shards.length === experts
    ? undefined
    : `partition.shards has ${facts.shards.length} entries and must have ${experts}`;
}

/** `12 MiB`: the size of all shards for people. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[power]}`;
}
