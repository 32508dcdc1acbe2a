/** What the works of a run read: the frozen data set, and what experts and router have published. Pure. */
import type { ExpertTraining } from '../api/experttraining.ts';
import type { JobInput } from '../api/islandjob.ts';
import { index3 } from '../api/keys.ts';
import { canonicalJson, digestOf } from '../api/manifest.ts';
import { expertInputName, inputNames } from '../api/names.ts';
import type { ManifestRef } from '../api/work.ts';

export function snapshotOf(training: ExpertTraining) {
  const dataset = training.status?.snapshot?.dataset;
  if (!dataset) throw new Error(`cannot build a job of ${training.metadata.name}: its data set has no snapshot yet`);
  return dataset;
}

/** Only the files that one expert may see: its shard and how it was cut. */
function expertInclude(index: number): string[] {
  return [`shards/${index3(index)}/`, 'partition.json'];
}

export function expertInputs(shard: { index: number; dataset: ManifestRef }, store: string): JobInput[] {
  return [{ name: inputNames.dataset, store, ...shard.dataset, include: expertInclude(shard.index) }];
}

/** The whole data set, the accepted experts in the order of their index, and the router when there is one. */
export function ensembleInputs(training: ExpertTraining, experts: readonly ExpertResult[], router?: ManifestRef): JobInput[] {
  const { manifest, digest, store } = snapshotOf(training);
  const own = training.spec.storage.store;
  const parts: JobInput[] = experts
    .toSorted((a, b) => a.index - b.index)
    .map((expert) => ({ name: expertInputName(expert.index), store: own, manifest: expert.manifest, digest: expert.digest }));
  if (router) parts.push({ name: inputNames.router, store: own, manifest: router.manifest, digest: router.digest });
  return [{ name: inputNames.dataset, store, manifest, digest }, ...parts];
}

/** One digest for what a work is made from: names and digests of its inputs, and nothing that a later version may write otherwise. */
export function inputsDigest(inputs: readonly JobInput[]): string {
  const pairs = inputs.map(({ name, digest }) => [name, digest]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return digestOf(canonicalJson(pairs));
}

/** The accepted manifest of one expert. */
export interface ExpertResult extends ManifestRef {
  index: number;
}
