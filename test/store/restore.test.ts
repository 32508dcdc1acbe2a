/** Which checkpoint an attempt goes on from, and when it must rather end than go on: against a bucket in memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { manifestKey } from '../../src/api/keys.ts';
import { encodeManifest, type Manifest, manifestSchema } from '../../src/api/manifest.ts';
import { DamagedObjectError, StoreUnavailableError } from '../../src/store/errors.ts';
import { type Identity, readManifest } from '../../src/store/manifests.ts';
import { candidates, findFinal, restoreNewest, restoreSource, type Skipped } from '../../src/store/restore.ts';
import { MemoryStore } from './memory-store.ts';

const prefix = 'atoll/research.digits.1a2b3c4d/experts/003/';
const owner = { kind: 'ExpertTraining' as const, name: 'digits', uid: '1a2b3c4d-0000-4000-8000-000000000000' };
const work: Identity['work'] = { namespace: 'research', owner, training: 'digits', index: 3, experts: 4, role: 'Expert' };
/** The attempt that is about to start. */
const identity = { work, placement: 1, attempt: 3 };

/** Publishes a checkpoint of an attempt of this placement; `over` is what its manifest says otherwise. */
async function publish(store: MemoryStore, attempt: number, step: number, over: Partial<Manifest> = {}) {
  const final = over.final ?? false;
  const key = manifestKey(prefix, { placement: 1, attempt }, step, final);
  const body = Buffer.from(`state of step ${step}`);
  const { bytes, digest } = encodeManifest({
    schema: manifestSchema,
    work,
    placement: 1,
    attempt,
    step,
    kind: 'Resumable',
    final,
    files: [{ path: 'state.bin', size: body.length, sha256: createHash('sha256').update(body).digest('hex') }],
    inputs: [],
    image: 'registry.example/trainer:1',
    metrics: {},
    ...over,
  });
  await store.put(key.replace('manifest.json', 'state.bin'), body);
  await store.put(key, bytes);
  return { manifest: key, digest };
}

interface Resumed {
  step: number | undefined;
  skipped: Skipped[];
}

/** What the attempt resumes from; `skipped` is what it knows already. */
async function resume(store: MemoryStore, target: string, skipped: Skipped[] = []): Promise<Resumed> {
  const list = await candidates(store, prefix, identity);
  const request = { store, prefix, identity, resume: [], quarantined: [], target };
  const found = await restoreNewest(request, list, skipped);
  return { step: found?.content.step, skipped };
}

describe('an attempt', () => {
  async function folder(context: { after(fn: () => Promise<void>): void }): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'atoll-restore-'));
    context.after(() => rm(path, { recursive: true }));
    return join(path, 'resume');
  }

  const others: [whose: string, over: Partial<Manifest>][] = [
    ['another expert', { work: { ...work, index: 2 } }],
    ['another training', { work: { ...work, owner: { ...owner, uid: 'another' } } }],
    ['the router', { work: { ...work, role: 'Router' } }],
    ['another placement', { placement: 2 }],
    ['another attempt', { attempt: 1 }],
  ];
  for (const [whose, over] of others)
    test(`goes on from its own older checkpoint when the newest under its key is of ${whose}`, async (context) => {
      const store = new MemoryStore();
      await publish(store, 2, 5);
      const { manifest } = await publish(store, 2, 6, over);
      const target = await folder(context);
      const { step, skipped } = await resume(store, target);
      assert.deepEqual([step, await readFile(join(target, 'state.bin'), 'utf8')], [5, 'state of step 5']);
      assert.deepEqual(
        skipped.map((one) => [one.manifest, /another work, placement or attempt/.test(one.why)]),
        [[manifest, true]],
      );
    });

  test('does not hand to a trainer what only holds weights: an export has no state to go on from', async (context) => {
    const store = new MemoryStore();
    await publish(store, 2, 5);
    await publish(store, 2, 6, { kind: 'Export' });
    assert.deepEqual(await resume(store, await folder(context)), { step: 5, skipped: [] });
  });

  test('waits for a store that is away in the middle rather than lose steps to an older checkpoint', async (context) => {
    const store = new MemoryStore();
    await publish(store, 2, 5);
    const { manifest } = await publish(store, 2, 6);
    store.faults.before = (operation, key) => {
      if (key === manifest) throw new StoreUnavailableError(operation, key, 'the store is away');
    };
    const skipped: Skipped[] = [];
    const target = await folder(context);
    await assert.rejects(resume(store, target, skipped), StoreUnavailableError);
    assert.deepEqual(skipped, []);
    store.faults = {};
    assert.equal((await resume(store, target, skipped)).step, 6);
  });

  test('looks at a damaged checkpoint once, and names it once, however often it is tried again', async (context) => {
    const store = new MemoryStore();
    await publish(store, 2, 5);
    const { manifest } = await publish(store, 2, 6);
    store.objects.set(manifest.replace('manifest.json', 'state.bin'), Buffer.from('damaged'));
    const skipped: Skipped[] = [];
    const target = await folder(context);
    await resume(store, target, skipped);
    await resume(store, target, skipped);
    assert.deepEqual(
      skipped.map((one) => one.manifest),
      [manifest],
    );
  });

  test('has nothing left to do when a final verifies, and has when the only one is damaged', async () => {
    const store = new MemoryStore();
    const { manifest, digest } = await publish(store, 1, 9, { final: true, kind: 'Export' });
    const look = async (skipped: Skipped[] = []) =>
      (await findFinal({ store, prefix, identity }, await candidates(store, prefix, identity), skipped))?.digest;
    assert.equal(await look(), digest);
    store.objects.set(manifest.replace('manifest.json', 'state.bin'), Buffer.from('damaged'));
    const skipped: Skipped[] = [];
    assert.deepEqual([await look(skipped), skipped.length], [undefined, 1]);
  });

  test('whose input is not there is told so by name', async () => {
    await assert.rejects(
      readManifest(new MemoryStore(), 'atoll/d/manifest.json', 'sha256:none'),
      (error: unknown) => error instanceof DamagedObjectError && /atoll\/d\/manifest.json: it does not exist/.test(error.message),
    );
  });

  test('writes no raw data outside of its folder, whatever the objects are called', async (context) => {
    const store = new MemoryStore();
    await store.put('raw/good.npz', 'good');
    await store.put('raw/../outside.npz', 'bad');
    const target = await folder(context);
    await assert.rejects(restoreSource(store, 'raw/', target), DamagedObjectError);
    assert.equal((await readdir(join(target, '..'))).includes('outside.npz'), false);
  });
});
