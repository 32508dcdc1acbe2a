/** Reading manifests: by key and digest, or by key and what the key itself says. */
import { type AttemptNumber, fileKey } from '../api/keys.ts';
import { decodeManifest, digestOf, type Manifest, maxManifestBytes } from '../api/manifest.ts';
import type { ManifestRef } from '../api/work.ts';
import { DamagedObjectError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';
import { inParallel } from './parallel.ts';

const PARALLEL_FILES = 8;

export interface FoundManifest extends ManifestRef {
  content: Manifest;
  /** The manifest as it is stored. */
  bytes: Uint8Array;
}

/** The manifest under a key, with this digest or, without one, with whatever digest it has. Throws `DamagedObjectError`. */
export async function readManifest(
  store: ObjectStore,
  key: string,
  digest?: string,
  signal?: AbortSignal,
): Promise<FoundManifest> {
  const bytes = await store.get(key, { maxBytes: maxManifestBytes, ...(signal ? { signal } : {}) });
  if (bytes === undefined) throw new DamagedObjectError(key, 'it does not exist');
  const found = digest ?? digestOf(bytes);
  try {
    return { manifest: key, digest: found, content: decodeManifest(bytes, found), bytes };
  } catch (cause) {
    throw new DamagedObjectError(key, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Whose manifest it has to be. */
export interface Identity extends AttemptNumber {
  work: Manifest['work'];
}

/** A manifest speaks for the work and attempt under whose key it stands, or it is not to be trusted. */
export function expectIdentity({ manifest, content }: FoundManifest, { work, placement, attempt }: Identity): void {
  const same =
    content.work.owner.uid === work.owner.uid &&
    content.work.role === work.role &&
    content.work.index === work.index &&
    content.placement === placement &&
    content.attempt === attempt;
  if (!same) throw new DamagedObjectError(manifest, 'it names another work, placement or attempt than its key');
}

/** Reads every file that a manifest lists and keeps nothing. Throws `DamagedObjectError` naming the first that is not what it should be. */
export async function verifyFiles(store: ObjectStore, { manifest, content }: FoundManifest, signal?: AbortSignal): Promise<void> {
  await inParallel(content.files, PARALLEL_FILES, ({ path, size, sha256 }) =>
    store.verifyFile(fileKey(manifest, path), { size, sha256, ...(signal ? { signal } : {}) }),
  );
}

/** Size of a checkpoint: its files together, without the manifest. */
export function bytesOf({ files }: Manifest): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
