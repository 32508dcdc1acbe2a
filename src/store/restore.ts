/** Bringing published things onto a disk: inputs, raw data, and the newest checkpoint that verifies. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CheckpointKey, fileKey, parseManifestKey } from '../api/keys.ts';
import type { ManifestRef } from '../api/work.ts';
import { DamagedObjectError } from './errors.ts';
import { expectIdentity, type FoundManifest, type Identity, readManifest, verifyFiles } from './manifests.ts';
import type { ObjectStore } from './object-store.ts';
import { inParallel } from './parallel.ts';

const PARALLEL_FILES = 8;

export interface Candidate extends CheckpointKey {
  manifest: string;
}

/** Every manifest of one placement up to an attempt, newest first: by attempt, then finals, then by step. */
export async function candidates(
  store: ObjectStore,
  prefix: string,
  { placement, attempt }: Pick<Identity, 'placement' | 'attempt'>,
  signal?: AbortSignal,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for await (const { key } of store.list(`${prefix}p${placement}a`, signal ? { signal } : {})) {
    const parsed = parseManifestKey(prefix, key);
    if (parsed?.placement === placement && parsed.attempt <= attempt) found.push({ ...parsed, manifest: key });
  }
  const rank = ({ final, step }: Candidate) => (final ? Number.POSITIVE_INFINITY : (step ?? 0));
  return found.toSorted((a, b) => b.attempt - a.attempt || (rank(b) > rank(a) ? 1 : rank(b) < rank(a) ? -1 : 0));
}

/** A manifest passed over, and why. */
export interface Skipped {
  manifest: string;
  why: string;
}

export interface RestoreRequest {
  store: ObjectStore;
  /** Prefix of the work. */
  prefix: string;
  identity: Identity;
  signal?: AbortSignal;
}

/** The final of an earlier attempt of this placement, if there is one and every byte of it verifies. */
export async function findFinal(
  request: RestoreRequest,
  list: Candidate[],
  skipped: Skipped[],
): Promise<FoundManifest | undefined> {
  const { store, identity, signal } = request;
  for (const candidate of list.filter(({ final }) => final)) {
    const found = await unlessDamaged(skipped, candidate.manifest, async () => {
      const read = await readManifest(store, candidate.manifest, undefined, signal);
      expectIdentity(read, { ...identity, attempt: candidate.attempt });
      await verifyFiles(store, read, signal);
      return read;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Downloads the newest checkpoint one can resume from into `target`: of this placement first, then of the given references in their order,
 * never a quarantined one. One that does not verify goes to `skipped`, and the next is tried. Undefined: there is none.
 */
export async function restoreNewest(
  request: RestoreRequest & { resume: ManifestRef[]; quarantined: string[]; target: string },
  list: Candidate[],
  skipped: Skipped[],
): Promise<FoundManifest | undefined> {
  const { store, identity, resume, quarantined, target, signal } = request;
  const own = list.filter(({ final }) => !final).map(({ manifest, attempt }) => ({ manifest, digest: undefined, attempt }));
  await rm(target, { recursive: true, force: true });
  for (const { manifest, digest, attempt } of [...own, ...resume.map((ref) => ({ ...ref, attempt: undefined }))]) {
    if (quarantined.includes(manifest)) continue;
    const found = await unlessDamaged(skipped, manifest, async () => {
      const read = await readManifest(store, manifest, digest, signal);
      if (attempt !== undefined) expectIdentity(read, { ...identity, attempt });
      if (read.content.kind !== 'Resumable') return undefined;
      await downloadInto(store, read, `${target}.partial`, { signal });
      await rename(`${target}.partial`, target);
      return read;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Downloads the files of a manifest, every SHA-256 checked, into an emptied directory. */
export async function downloadInto(
  store: ObjectStore,
  { manifest, content }: FoundManifest,
  target: string,
  { include, signal }: { include?: string[] | undefined; signal?: AbortSignal | undefined },
): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const wanted = content.files.filter(({ path }) => include?.some((prefix) => path.startsWith(prefix)) ?? true);
  try {
    await inParallel(wanted, PARALLEL_FILES, ({ path, size, sha256 }) =>
      store.getFile(fileKey(manifest, path), join(target, path), { size, sha256, ...(signal ? { signal } : {}) }),
    );
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
}

/** Downloads one input and puts its verified manifest beside the files. */
export async function restoreInput(
  store: ObjectStore,
  input: ManifestRef & { include?: string[] | undefined },
  target: string,
  signal?: AbortSignal,
): Promise<FoundManifest> {
  const found = await readManifest(store, input.manifest, input.digest, signal);
  await downloadInto(store, found, target, { include: input.include, signal });
  await writeFile(join(target, 'manifest.json'), found.bytes);
  return found;
}

/** Downloads raw data, which no manifest describes: every object below the prefix. Returns how many there were. */
export async function restoreSource(store: ObjectStore, prefix: string, target: string, signal?: AbortSignal): Promise<number> {
  const objects: { key: string; size: number }[] = [];
  for await (const object of store.list(prefix, signal ? { signal } : {})) objects.push(object);
  await rm(target, { recursive: true, force: true });
  await inParallel(objects, PARALLEL_FILES, async ({ key, size }) => {
    const path = join(target, key.slice(prefix.length));
    if (!path.startsWith(`${target}/`)) throw new DamagedObjectError(key, 'its name leads out of the directory for raw data');
    await mkdir(dirname(path), { recursive: true });
    await store.getFile(key, path, { size, ...(signal ? { signal } : {}) });
  });
  return objects.length;
}

async function unlessDamaged<T>(
  skipped: Skipped[],
  manifest: string,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  // Trying again after the store was away: what is known to be damaged stays so.
  if (skipped.some((known) => known.manifest === manifest)) return undefined;
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DamagedObjectError)) throw error;
    skipped.push({ manifest, why: error.message });
    return undefined;
  }
}
