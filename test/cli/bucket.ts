/** A complete run in a real bucket: an ensemble, two experts and a router, as couriers publish them. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStorage } from '../../local/object-storage.ts';
import type { ExpertTraining } from '../../src/api/experttraining.ts';
import { manifestKey, workPrefix } from '../../src/api/keys.ts';
import { encodeManifest, type Manifest } from '../../src/api/manifest.ts';
import type { AcceptedOutput, ManifestRef, WorkRole } from '../../src/api/work.ts';
import { createObjectStore } from '../../src/store/client.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export class RunBucket {
  readonly store: ObjectStore;
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    const { endpoint, region, credentials } = storage;
    this.#storage = storage;
    this.store = createObjectStore({ name: 'default', endpoint, region, bucket: 'atoll', pathStyle: true }, credentials);
  }

  /** Publishes one manifest with these files. */
  async publish(
    run: ExpertTraining,
    work: { role: WorkRole; index?: number },
    files: Record<string, Uint8Array>,
    more: Partial<Pick<Manifest, 'step' | 'final' | 'inputs' | 'kind'>> = {},
  ): Promise<AcceptedOutput> {
    const { name, namespace = '', uid = '' } = run.metadata;
    const { role, index } = work;
    const { step = 100, final = true, inputs = [], kind = 'Export' } = more;
    const prefix = workPrefix('atoll/', { namespace, name, uid }, role, index);
    const manifest = manifestKey(prefix, { placement: 1, attempt: 1 }, step, final);
    const folder = manifest.slice(0, manifest.lastIndexOf('/') + 1);
    for (const [path, bytes] of Object.entries(files)) await this.store.put(`${folder}${path}`, bytes);
    const { bytes, digest } = encodeManifest({
      schema: 'atoll.dev/manifest/v1',
      work: {
        namespace,
        owner: { kind: 'ExpertTraining', name, uid },
        training: name,
        experts: 2,
        role,
        ...(index === undefined ? {} : { index }),
      },
      placement: 1,
      attempt: 1,
      step,
      kind,
      final,
      files: Object.entries(files).map(([path, content]) => ({
        path,
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      })),
      inputs,
      image: 'ddm',
      metrics: {},
    });
    await this.store.put(manifest, bytes);
    const size = Object.values(files).reduce((sum, content) => sum + content.length, 0);
    return { manifest, digest, placement: 1, attempt: 1, step, bytes: size, at: '2026-11-26T07:00:00Z' };
  }

  /** Where an object lies on this disk. */
  path = (key: string): string => join(this.#storage.objects, 'atoll', key);

  /** Changes one byte in the middle of an object; the returned function puts it back. */
  async damage(key: string): Promise<() => Promise<void>> {
    const bytes = await readFile(this.path(key));
    const at = Math.floor(bytes.length / 2);
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await writeFile(this.path(key), changed);
    return () => writeFile(this.path(key), bytes);
  }
}

export const input = (name: string, { manifest, digest }: ManifestRef): Manifest['inputs'][number] => ({
  name,
  manifest,
  digest,
});
