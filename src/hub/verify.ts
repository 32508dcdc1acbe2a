/** Accepting a result: the final manifest an IslandJob names is read from the bucket and checked for digest, identity, lineage and file sizes. */
import type { IslandJob } from '../api/islandjob.ts';
import { fileKey, parseManifestKey } from '../api/keys.ts';
import { decodeManifest, type Manifest, maxManifestBytes } from '../api/manifest.ts';
import type { Reason } from '../api/reasons.ts';
import type { AcceptedOutput, PublishedCheckpoint } from '../api/work.ts';
import { DamagedObjectError, isStorageError } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { wrongPartition } from './partition.ts';

export type Verification =
  | { result: 'Verified'; accepted: Omit<AcceptedOutput, 'at' | 'placement'>; manifest: Manifest }
  /** Looking again cannot change it. */
  | { result: 'Refused'; reason: Reason; message: string }
  /** The store is away: to be tried again after so many milliseconds. */
  | { result: 'Unknown'; reason: Reason; message: string; after: number };

/** The part of a bucket that the hub needs: it never writes or deletes. */
export type ReadableStore = Pick<ObjectStore, 'get' | 'head'>;

/** How many HEAD requests are under way at once for one manifest. */
const parallel = 8;

/**
 * Verifies the output of a Succeeded IslandJob. Contents of files are not read: every reader checks the SHA-256 of what it
 * restores. Throws when aborted.
 */
export async function verifyOutput(job: IslandJob, store: ReadableStore, signal: AbortSignal): Promise<Verification> {
  const output = job.status?.output;
  if (!output) return refused(`IslandJob ${job.metadata.name} says Succeeded and names no output`);
  const misplaced = wrongKey(job, output);
  if (misplaced !== undefined) return refused(misplaced);
  try {
    const bytes = await store.get(output.manifest, { maxBytes: maxManifestBytes, signal });
    if (bytes === undefined) return refused(`there is no object ${output.manifest} in the store`);
    const manifest = decode(bytes, output.digest);
    if (manifest instanceof Error) return refused(`${output.manifest}: ${manifest.message}`);
    const wrong =
      wrongIdentity(job, output, manifest) ??
      wrongLineage(job, manifest) ??
      (job.spec.role === 'Partition' ? wrongPartition(manifest, job.spec.work.experts) : undefined);
    if (wrong !== undefined) return refused(`${output.manifest}: ${wrong}`);
    const damaged = await wrongFile(output.manifest, manifest, store, signal);
    if (damaged !== undefined) return refused(damaged);
    return verified(output, manifest);
  } catch (error) {
    signal.throwIfAborted();
    if (isStorageError(error)) return { result: 'Unknown', reason: 'StoreUnreachable', message: error.message, after: 0 };
    if (error instanceof DamagedObjectError) return refused(error.message);
    throw error;
  }
}

function refused(message: string): Verification {
  return { result: 'Refused', reason: 'ManifestInvalid', message };
}

function verified(output: PublishedCheckpoint, manifest: Manifest): Verification {
  const accepted = {
    manifest: output.manifest,
    digest: output.digest,
    attempt: manifest.attempt,
    step: manifest.step,
    ...(manifest.samples === undefined ? {} : { samples: manifest.samples }),
    bytes: manifest.files.reduce((sum, file) => sum + file.size, 0),
  };
  return { result: 'Verified', accepted, manifest };
}

function decode(bytes: Uint8Array, digest: string): Manifest | Error {
  try {
    return decodeManifest(bytes, digest);
  } catch (error) {
    return new Error(`cannot accept it: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The manifest must lie where this placement and attempt write their final, and nowhere else. */
function wrongKey(job: IslandJob, output: PublishedCheckpoint): string | undefined {
  const key = parseManifestKey(job.spec.output.prefix, output.manifest);
  if (!key) return `${output.manifest} is not a manifest below ${job.spec.output.prefix}`;
  if (!key.final) return `${output.manifest} is a checkpoint and not a final result`;
  if (key.placement !== job.spec.placement) {
    return `${output.manifest} was written by placement ${key.placement}, the current one is ${job.spec.placement}`;
  }
  if (key.attempt !== output.attempt) return `${output.manifest} was written by attempt ${key.attempt}, not ${output.attempt}`;
  return undefined;
}

function wrongIdentity(job: IslandJob, output: PublishedCheckpoint, manifest: Manifest): string | undefined {
  const { work, role, placement } = job.spec;
  const pairs: [what: string, found: unknown, wanted: unknown][] = [
    ['work.owner.uid', manifest.work.owner.uid, work.owner.uid],
    ['work.owner.kind', manifest.work.owner.kind, work.owner.kind],
    ['work.role', manifest.work.role, role],
    ['work.index', manifest.work.index, work.index],
    ['work.experts', manifest.work.experts, work.experts],
    ['placement', manifest.placement, placement],
    ['attempt', manifest.attempt, output.attempt],
    ['final', manifest.final, true],
  ];
  const wrong = pairs.find(([, found, wanted]) => found !== wanted);
  return wrong && `${wrong[0]} is ${said(wrong[1])} and must be ${said(wrong[2])}: it is the result of another work`;
}

/** The inputs it was made from must be those that the IslandJob gave it: lineage is a chain of digests. */
function wrongLineage(job: IslandJob, manifest: Manifest): string | undefined {
  const given = new Map(job.spec.inputs.map((input) => [input.name, input.digest]));
  for (const input of manifest.inputs) {
    const wanted = given.get(input.name);
    if (wanted === undefined) return `it names an input ${input.name} that the IslandJob did not give`;
    if (wanted !== input.digest) return `its input ${input.name} has the digest ${input.digest} and must have ${wanted}`;
    given.delete(input.name);
  }
  const [missing] = given.keys();
  return missing === undefined ? undefined : `it does not name the input ${missing}`;
}

/** The first file, in path order, that is missing from the bucket or has another size than the manifest says. */
async function wrongFile(
  key: string,
  manifest: Manifest,
  store: ReadableStore,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let start = 0; start < manifest.files.length; start += parallel) {
    const some = manifest.files.slice(start, start + parallel);
    const found = await Promise.all(some.map((file) => store.head(fileKey(key, file.path), { signal })));
    for (const [at, file] of some.entries()) {
      const size = found[at]?.size;
      if (size === undefined) return `${fileKey(key, file.path)} is listed in the manifest and missing from the store`;
      if (size !== file.size) return `${fileKey(key, file.path)} has ${size} bytes in the store, the manifest says ${file.size}`;
    }
  }
  return undefined;
}

function said(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
