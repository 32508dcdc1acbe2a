/** Reading what works have published: manifests, and small files of theirs, each checked against its digest; kept, since nothing is ever overwritten. */
import { createHash } from 'node:crypto';
import { fileKey, parseManifestKey } from '../../api/keys.ts';
import type { Manifest } from '../../api/manifest.ts';
import { messageOf } from '../../kube/errors.ts';
import { DamagedObjectError } from '../../store/errors.ts';
import { bytesOf, type FoundManifest, readManifest } from '../../store/manifests.ts';
import type { CheckpointView } from '../view/work.ts';
import type { ReadStore } from './context.ts';

export interface Bucket {
  /** The manifest under this key; throws `DamagedObjectError` when it is missing or not what the digest says. */
  manifest(key: string, digest?: string, signal?: AbortSignal): Promise<FoundManifest>;
  /** The same, read from the store now, whatever was read of it before. */
  readAgain(key: string, digest: string): Promise<FoundManifest>;
  /** A file that the manifest lists; undefined when it lists none of this path, or a larger one. */
  file(of: FoundManifest, path: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Keys of the manifests of a work, newest first: placement, attempt, then final and step. */
  checkpoints(workPrefix: string, signal?: AbortSignal): Promise<string[]>;
  readonly store: ReadStore;
}

const mostManifests = 512;
const mostFileBytes = 32 * 1024 * 1024;
/** A work with more objects than this is not listed to its end. */
const mostListed = 20_000;

export function createBucket(store: ReadStore): Bucket {
  const manifests = new Map<string, FoundManifest>();
  const files = new Map<string, Uint8Array>();
  let fileBytes = 0;

  async function read(key: string, digest?: string, signal?: AbortSignal): Promise<FoundManifest> {
    const { bytes: _, ...found } = await readManifest(store as Parameters<typeof readManifest>[0], key, digest, signal);
    // The bytes are not needed any more, and are most of it.
    const kept = { ...found, bytes: new Uint8Array() };
    manifests.set(key, kept);
    if (manifests.size > mostManifests) manifests.delete(manifests.keys().next().value ?? '');
    return kept;
  }

  return {
    store,
    async manifest(key, digest, signal) {
      const known = manifests.get(key);
      return known && (digest === undefined || known.digest === digest) ? known : await read(key, digest, signal);
    },
    readAgain: (key, digest) => read(key, digest),
    async file({ manifest, content }, path, maxBytes, signal) {
      const listed = content.files.find((file) => file.path === path);
      if (!listed || listed.size > maxBytes) return undefined;
      const key = fileKey(manifest, path);
      const id = `${key} ${listed.sha256}`;
      const known = files.get(id);
      if (known) return known;
      const bytes = await store.get(key, { maxBytes, ...(signal ? { signal } : {}) });
      if (bytes === undefined) throw new DamagedObjectError(key, 'it does not exist');
      const found = createHash('sha256').update(bytes).digest('hex');
      if (found !== listed.sha256) throw new DamagedObjectError(key, `its SHA-256 is ${found}, expected ${listed.sha256}`);
      files.set(id, bytes);
      fileBytes += bytes.length;
      while (fileBytes > mostFileBytes && files.size > 1) {
        const [oldest, { length }] = files.entries().next().value ?? ['', new Uint8Array()];
        files.delete(oldest);
        fileBytes -= length;
      }
      return bytes;
    },
    async checkpoints(workPrefix, signal) {
      const found: { key: string; order: number[] }[] = [];
      let listed = 0;
      for await (const { key } of store.list(workPrefix, signal ? { signal } : {})) {
        if (++listed > mostListed) break;
        const named = parseManifestKey(workPrefix, key);
        if (!named) continue;
        const { placement, attempt, final, step } = named;
        found.push({ key, order: [placement, attempt, Number(final), step ?? 0] });
      }
      const compare = (a: number[], b: number[]) =>
        a.map((value, at) => (b[at] ?? 0) - value).find((difference) => difference !== 0) ?? 0;
      return found.toSorted((a, b) => compare(a.order, b.order)).map(({ key }) => key);
    },
  };
}

/** Digests that a manifest says it was made from. */
export function inputsOf({ inputs }: Manifest): ReadonlySet<string> {
  return new Set(inputs.map(({ digest }) => digest));
}

export function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes && JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

const mostCheckpoints = 20;

export interface PublishedCheckpoints {
  checkpoints: CheckpointView[];
  /** The manifests among them that cannot be read, and why. */
  unread: { manifest: string; why: string }[];
}

/** The newest checkpoints in the bucket, as their manifests have them. */
export async function publishedCheckpoints(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<PublishedCheckpoints> {
  const keys = await bucket.checkpoints(prefix, signal).catch(() => []);
  const checkpoints: CheckpointView[] = [];
  const unread: PublishedCheckpoints['unread'] = [];
  for (const key of keys.slice(0, mostCheckpoints)) {
    try {
      const found = await bucket.manifest(key, undefined, signal);
      const { placement, attempt, step, final, kind } = found.content;
      checkpoints.push({
        placement,
        attempt,
        step,
        final,
        accepted: false,
        kind,
        bytes: bytesOf(found.content),
        manifest: key,
        digest: found.digest,
      });
    } catch (error) {
      unread.push({ manifest: key, why: messageOf(error) });
    }
  }
  return { checkpoints, unread };
}
