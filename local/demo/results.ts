/** Brings the result of a training to this machine: every file of the ensemble manifest, each checked against its digest. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExpertTraining } from '../../src/api/experttraining.ts';
import { fileKey } from '../../src/api/keys.ts';
import { decodeManifest } from '../../src/api/manifest.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

const MANIFEST_LIMIT = 16 * 1024 * 1024;

export interface Result {
  /** Key of the ensemble manifest in the bucket. */
  manifest: string;
  digest: string;
  /** Folder with ensemble.json, metrics.json and grid.png. */
  folder: string;
  metrics: Readonly<Record<string, string>>;
}

/** Downloads into `folder`; throws when a byte differs from what the status and the manifest say. */
export async function fetchResult(
  store: ObjectStore,
  training: ExpertTraining,
  folder: string,
  signal: AbortSignal,
): Promise<Result> {
  const ensemble = training.status?.ensemble;
  if (ensemble === undefined)
    throw new Error(`cannot fetch the result of ${training.metadata.name}: its status names no ensemble`);
  const bytes = await store.get(ensemble.manifest, { maxBytes: MANIFEST_LIMIT, signal });
  if (bytes === undefined) throw new Error(`cannot fetch ${ensemble.manifest}: there is no such object in the bucket`);
  for (const { path, size, sha256 } of decodeManifest(bytes, ensemble.digest).files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await store.getFile(fileKey(ensemble.manifest, path), join(folder, path), { size, sha256, signal });
  }
  return { manifest: ensemble.manifest, digest: ensemble.digest, folder, metrics: ensemble.metrics };
}
