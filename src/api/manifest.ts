/** manifest.json: what was published, by which work and from which inputs. Its canonical bytes are what the digest names. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { workIdentity } from './islandjob.ts';
import { workRole } from './work.ts';

export const manifestSchema = 'atoll.dev/manifest/v1';
/** A manifest is read whole: this bounds it. Some 20,000 files fit. */
export const maxManifestBytes = 4 * 1024 * 1024;

/** A path inside a checkpoint: relative, with `/`, without `.`, `..`, empty parts, backslashes or control characters. */
export const filePath = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\\\p{Cc}]+$/u, 'must not hold backslashes or control characters')
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'must be a relative path without ".", ".." and empty parts',
  )
  .refine((path) => path !== 'manifest.json', 'manifest.json is the manifest itself');

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
export const digestText = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 lower-case hexadecimal digits');
const whole = z.int().min(0);

export const manifestFile = z.object({ path: filePath, size: whole, sha256: sha256Hex });

/** What an ensemble needs to mix unlike experts. Further keys of the trainer are kept. */
export const modelFacts = z.looseObject({
  prediction: z.string().max(64).optional(),
  schedule: z.string().max(64).optional(),
  time: z.string().max(64).optional(),
  parameters: whole.optional(),
  dtype: z.string().max(32).optional(),
  conditioning: z.string().max(64).optional(),
});

/** What a partition says about its shards; the hub writes it into the status of the data set. */
export const partitionFacts = z.looseObject({
  method: z.enum(['Clusters', 'Labels', 'Random']),
  experts: z.int().min(1).max(256),
  samples: whole,
  heldOut: whole,
  skew: z.number().min(1),
  shards: z.array(z.looseObject({ index: z.int().min(0).max(255), samples: whole })).max(256),
});

/** Named numbers; anything that is not a finite number cannot be said in JSON and is refused. */
export const metrics = z.record(z.string().max(128), z.number());

export const manifest = z.object({
  schema: z.literal(manifestSchema),
  work: z.object({ ...workIdentity.shape, role: workRole }),
  placement: z.int().min(1),
  attempt: z.int().min(1),
  step: whole,
  samples: whole.optional(),
  kind: z.enum(['Resumable', 'Export']),
  final: z.boolean(),
  files: z
    .array(manifestFile)
    .min(1)
    .max(20_000)
    .refine(
      (files) => files.every((file, index) => index === 0 || (files[index - 1]?.path ?? '') < file.path),
      'must be sorted by path, each path once',
    ),
  inputs: z.array(z.object({ name: z.string().max(63), manifest: z.string().max(1024), digest: digestText })).max(300),
  image: z.string().max(512),
  metrics,
  model: modelFacts.optional(),
  partition: partitionFacts.optional(),
});

export type Manifest = z.infer<typeof manifest>;
export type ManifestFile = z.infer<typeof manifestFile>;
export type PartitionFacts = z.infer<typeof partitionFacts>;
export type ModelFacts = z.infer<typeof modelFacts>;

/**
 * JSON in one form only: keys sorted by UTF-16 code unit, no spaces, absent and undefined members left out.
 * Throws on what JSON cannot say (NaN, infinities, functions).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`cannot write ${value} as JSON: numbers must be finite`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new Error(`cannot write a ${typeof value} as JSON`);
}

/** `sha256:<64 hex>` of the bytes as they are. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Checks a manifest and gives the bytes to store and their digest. The files are sorted here. */
export function encodeManifest(value: Manifest): { bytes: Uint8Array; digest: string } {
  const files = value.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const bytes = new TextEncoder().encode(canonicalJson(manifest.parse({ ...value, files })));
  if (bytes.length > maxManifestBytes) {
    throw new Error(`cannot publish a manifest of ${bytes.length} bytes: at most ${maxManifestBytes} are allowed`);
  }
  return { bytes, digest: digestOf(bytes) };
}

/** Reads a manifest whose bytes must have this digest. Throws with what is wrong. */
export function decodeManifest(bytes: Uint8Array, digest: string): Manifest {
  const found = digestOf(bytes);
  if (found !== digest) throw new Error(`cannot trust the manifest: its digest is ${found}, not ${digest}`);
  return manifest.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
}
