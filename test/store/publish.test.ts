/** What is published of a directory, what becomes of a manifest that cannot be written, and whose one is that stands there already. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CheckpointFile, checkpointFile } from '../../src/api/contract.ts';
import { digestOf, encodeManifest, type Manifest } from '../../src/api/manifest.ts';
import { AttemptTakenError, InvalidCheckpointError, StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import { type Publisher, publishCheckpoint } from '../../src/store/publish.ts';
import { MemoryStore } from './memory-store.ts';

const W = 'atoll/ns.name.12345678/experts/003/';
const key = `${W}p1a2/final/manifest.json`;
const publisher: Publisher = {
  work: {
    namespace: 'ns',
    owner: { kind: 'ExpertTraining', name: 'name', uid: '12345678' },
    role: 'Expert',
    index: 3,
    experts: 4,
  },
  placement: 1,
  attempt: 2,
  inputs: [],
  image: 'trainer:1',
  prefix: W,
};
const checkpoint: CheckpointFile = checkpointFile.parse({
  contract: 'atoll.dev/contract/v1',
  step: 16,
  kind: 'Export',
  final: true,
  metrics: { loss: 0.5 },
});

describe('publishing where a manifest stands already', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'atoll-publish-'));
    await writeFile(join(directory, 'weights.bin'), 'weights');
    await writeFile(join(directory, 'atoll-history.json'), '{}');
  });
  after(() => rm(directory, { recursive: true }));

  /** Publishes into a bucket that holds this manifest instead of the one that would be written now. */
  async function over(change: (manifest: Manifest) => Manifest | string) {
    const first = new MemoryStore();
    await publishCheckpoint(first, publisher, directory, checkpoint);
    const changed = change(JSON.parse(new TextDecoder().decode(first.objects.get(key))) as Manifest);
    const stored = typeof changed === 'string' ? new TextEncoder().encode(changed) : encodeManifest(changed).bytes;
    const store = new MemoryStore();
    await store.put(key, stored);
    const published = await publishCheckpoint(store, publisher, directory, checkpoint);
    assert.deepEqual(store.objects.get(key), stored, 'the manifest was overwritten');
    return { published, digest: digestOf(stored) };
  }
  const without = (manifest: Manifest, path: string) => ({
    ...manifest,
    files: manifest.files.filter((file) => file.path !== path),
  });

  const ours: [name: string, change: (manifest: Manifest) => Manifest, bytes: number][] = [
    ['the very same manifest', (manifest) => manifest, 9],
    ['the manifest of a try before the history was written', (manifest) => without(manifest, 'atoll-history.json'), 7],
  ];
  for (const [name, change, bytes] of ours)
    test(`${name} is taken as our own, with its digest`, async () => {
      const { published, digest } = await over(change);
      assert.deepEqual(published, { manifest: key, digest, bytes });
    });

  const others: [name: string, change: (manifest: Manifest) => Manifest | string][] = [
    ['that lists a file which is not in our directory', (manifest) => withFile(manifest, 'zzz.bin')],
    ['that lists other bytes for a file', (manifest) => withFile(without(manifest, 'weights.bin'), 'weights.bin')],
    ['of another step', (manifest) => ({ ...manifest, step: 15 })],
    ['of another attempt', (manifest) => ({ ...manifest, attempt: 1 })],
    ['with other metrics', (manifest) => ({ ...manifest, metrics: { loss: 0.4 } })],
    ['made by another image', (manifest) => ({ ...manifest, image: 'trainer:2' })],
    ['that is none', () => 'not a manifest'],
  ];
  for (const [name, change] of others)
    test(`a manifest ${name} is another pod's`, async () => {
      await assert.rejects(over(change), (error) => error instanceof AttemptTakenError && error.key === key);
    });
});

describe('publishing', () => {
  async function directoryWith(context: { after(fn: () => Promise<void>): void }, ...names: string[]): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'atoll-publish-'));
    context.after(() => rm(directory, { recursive: true }));
    for (const name of names) await writeFile(join(directory, name), name);
    return directory;
  }
  /** A bucket whose manifests cannot be written. */
  function failing(error: Error, stored?: Uint8Array): MemoryStore {
    const store = new MemoryStore();
    if (stored) store.objects.set(key, stored);
    store.faults.before = (operation) => {
      if (operation === 'put') throw error;
    };
    return store;
  }

  test('leaves out what the courier itself has left in the directory, half-written marks included', async (context) => {
    const directory = await directoryWith(context, 'weights.bin', 'refused.json', 'published.json.tmp');
    const store = new MemoryStore();
    await publishCheckpoint(store, publisher, directory, checkpoint);
    assert.deepEqual([...store.objects.keys()].toSorted(), [key, `${W}p1a2/final/weights.bin`]);
  });

  test('refuses a link, which could lead to anything that the courier may read', async (context) => {
    const directory = await directoryWith(context, 'weights.bin');
    await symlink('/etc/hostname', join(directory, 'innocent.bin'));
    await assert.rejects(publishCheckpoint(new MemoryStore(), publisher, directory, checkpoint), InvalidCheckpointError);
  });

  test('can be tried again when the manifest never arrived: nobody else has the attempt', async (context) => {
    const directory = await directoryWith(context, 'weights.bin');
    const store = failing(new StoreUnavailableError('put', key, 'the store is away'));
    await assert.rejects(publishCheckpoint(store, publisher, directory, checkpoint), StoreUnavailableError);
    store.faults = {};
    assert.equal((await publishCheckpoint(store, publisher, directory, checkpoint)).manifest, key);
  });

  test('names the refusal of credentials that may not write, whatever stands under the key', async (context) => {
    const directory = await directoryWith(context, 'weights.bin');
    const store = failing(new StoreRefusedError('put', key, 'AccessDenied', 'read only'), Buffer.from('something'));
    await assert.rejects(publishCheckpoint(store, publisher, directory, checkpoint), StoreRefusedError);
  });
});

function withFile(manifest: Manifest, path: string): Manifest {
  return { ...manifest, files: [...manifest.files, { path, size: 1, sha256: '0'.repeat(64) }] };
}
