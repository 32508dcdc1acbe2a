/** Publishing a checkpoint: every file once, then its manifest, last and create-only. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointFile } from '../api/contract.ts';
import { checkpointPrefix, manifestKey } from '../api/keys.ts';
import {
  canonicalJson,
  decodeManifest,
  digestOf,
  encodeManifest,
  filePath,
  type Manifest,
  type ManifestFile,
  manifestSchema,
} from '../api/manifest.ts';
import { AttemptTakenError, InvalidCheckpointError, PreconditionFailedError, StoreUnavailableError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';
import { inParallel } from './parallel.ts';
import { SafetensorsInspector } from './safetensors.ts';

/** Files of one checkpoint on their way at the same time; their parts share the store's one budget of memory. */
const PARALLEL_FILES = 8;
/** What the courier itself writes into a checkpoint's directory. */
const OURS = new Set(['published.json', 'refused.json']);

/** Who publishes: the same for every checkpoint of an attempt. */
export type Publisher = Pick<Manifest, 'work' | 'placement' | 'attempt' | 'inputs' | 'image'> & {
  /** Prefix of the work. */
  prefix: string;
};

export interface Published {
  manifest: string;
  digest: string;
  /** Of the files together, without the manifest. */
  bytes: number;
}

/**
 * Publishes a complete directory. Doing it again after any interruption ends with the same objects. Throws `InvalidCheckpointError` for
 * what the trainer did wrong and `AttemptTakenError` when other bytes stand under a key of this attempt.
 */
export async function publishCheckpoint(
  store: ObjectStore,
  publisher: Publisher,
  directory: string,
  checkpoint: CheckpointFile,
  signal?: AbortSignal,
): Promise<Published> {
  const { prefix, ...identity } = publisher;
  const { step, samples, kind, final, metrics, model, partition } = checkpoint;
  const folder = checkpointPrefix(prefix, publisher, step, final);
  const paths = await filesOf(directory);
  const files = await inParallel(paths, PARALLEL_FILES, (path) =>
    upload(store, `${folder}${path}`, join(directory, path), path, kind, signal),
  );
  const facts = { step, samples, kind, final, metrics, model, partition };
  const { bytes } = encode(directory, { schema: manifestSchema, ...identity, ...facts, files });
  const key = manifestKey(prefix, publisher, step, final);
  const stored = await commit(store, key, bytes, signal);
  const listed = stored === bytes ? files : filesOfOurs(stored, bytes);
  if (listed === undefined) throw new AttemptTakenError(key, 'another pod');
  return { manifest: key, digest: digestOf(stored), bytes: listed.reduce((sum, { size }) => sum + size, 0) };
}

async function upload(
  store: ObjectStore,
  key: string,
  source: string,
  path: string,
  kind: CheckpointFile['kind'],
  signal?: AbortSignal,
): Promise<ManifestFile> {
  const { size } = await stat(source);
  const inspect = path.endsWith('.safetensors') ? new SafetensorsInspector(path, size, { finite: kind === 'Export' }) : undefined;
  try {
    const stored = await store.putFile(key, source, { ...(inspect ? { inspect } : {}), ...(signal ? { signal } : {}) });
    return { path, ...stored };
  } catch (error) {
    if (error instanceof PreconditionFailedError) throw new AttemptTakenError(key, 'another pod', { cause: error });
    throw error;
  }
}

/** Makes the checkpoint exist: the one write that others see. Returns what stands under the key, which an earlier write may have put there. */
async function commit(store: ObjectStore, key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const abort = signal ? { signal } : {};
  try {
    await store.put(key, bytes, { ifNoneMatch: '*', contentType: 'application/json', ...abort });
    return bytes;
  } catch (error) {
    // Refused or without an answer: the first write, whose reply was lost, may have been ours. The bytes tell.
    if (!(error instanceof PreconditionFailedError) && !(error instanceof StoreUnavailableError)) throw error;
    const found = await store.get(key, { maxBytes: bytes.length + 1024 * 1024, ...abort });
    if (found === undefined) throw error;
    return found;
  }
}

/**
 * The files of a manifest that stands under our key in place of ours, when it is our own from an earlier try that could not be noted, as
 * on a disk that was full: it says the same of the same attempt, and each file that it lists was found in the store with our bytes just
 * now. What it does not list was added between the tries, by the courier itself. Undefined for any other manifest.
 */
function filesOfOurs(stored: Uint8Array, ours: Uint8Array): ManifestFile[] | undefined {
  const { files: known, ...mine } = decodeManifest(ours, digestOf(ours));
  try {
    const { files, ...found } = decodeManifest(stored, digestOf(stored));
    const sums = new Map(known.map(({ path, sha256 }) => [path, sha256]));
    const same = canonicalJson(found) === canonicalJson(mine) && files.every(({ path, sha256 }) => sums.get(path) === sha256);
    return same ? files : undefined;
  } catch {
    return undefined;
  }
}

/** Relative paths of every file, sorted; anything that is neither file nor folder is refused. */
async function filesOf(directory: string): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (relative: string) => {
    for (const entry of await readdir(join(directory, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (OURS.has(path) || path === 'published.json.tmp') continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) paths.push(checkedPath(path));
      else throw new InvalidCheckpointError(path, 'it is neither a file nor a folder; links cannot be published');
    }
  };
  await walk('');
  return paths.toSorted();
}

function checkedPath(path: string): string {
  const result = filePath.safeParse(path);
  if (result.success) return result.data;
  throw new InvalidCheckpointError(
    path,
    `its name cannot be published: ${result.error.issues[0]?.message ?? 'it is not allowed'}`,
  );
}

function encode(directory: string, manifest: Manifest): { bytes: Uint8Array; digest: string } {
  try {
    return encodeManifest(manifest);
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new InvalidCheckpointError(directory, `its manifest would not be valid: ${why}`, { cause });
  }
}
