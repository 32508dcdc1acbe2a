/** Claim, restore and resume around a trainer, against a real versitygw. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeManifest } from '../../src/api/manifest.ts';
import { flipBit, gatewayMissing } from '../store/gateway.ts';
import { PREFIX, reportOf, until } from './pod.ts';
import { Scene } from './scene.ts';

describe('courier', { skip: gatewayMissing }, () => {
  const scene = new Scene();

  test('a first start finds nothing to resume, publishes checkpoints and the final, and ends with 0', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    assert.deepEqual(await first.result(), { v: 1, reason: 'Restored' });
    assert.deepEqual(await readdir(join(first.folder, 'work')).then((names) => names.includes('resume')), false);
    const step1 = await scene.isPublished(await trainer.save(1));
    const final = await scene.isPublished(
      await trainer.finish(2, { files: { 'model.bin': 'weights', 'deep/config.json': '{}' } }),
    );
    assert.equal(await sidecar.stop(), 0);

    assert.deepEqual((await scene.keys()).toSorted(), [
      'p1a1/claim-0.json',
      'p1a1/final/checkpoint.json',
      'p1a1/final/deep/config.json',
      'p1a1/final/manifest.json',
      'p1a1/final/model.bin',
      'p1a1/step-00000001/checkpoint.json',
      'p1a1/step-00000001/manifest.json',
      'p1a1/step-00000001/state.bin',
    ]);
    const bytes = await scene.store.get(final.manifest, { maxBytes: 100_000 });
    const manifest = decodeManifest(bytes ?? new Uint8Array(), final.digest);
    assert.equal(manifest.work.index, 3);
    assert.deepEqual(
      [manifest.placement, manifest.attempt, manifest.step, manifest.final, manifest.kind],
      [1, 1, 2, true, 'Export'],
    );
    assert.equal(manifest.image, 'registry.example/trainer:1');
    const result = await first.result();
    assert.equal(result.reason, 'Published');
    assert.equal(result.final?.manifest, final.manifest);
    assert.equal(result.final?.digest, final.digest);
    assert.notEqual(step1.manifest, final.manifest);
    assert.deepEqual(await readdir(join(first.paths.output, 'final')), ['published.json'], 'published files leave the disk');
  });

  test('the next attempt resumes from the newest checkpoint, and the one after a final has nothing to do', async () => {
    const one = await scene.running();
    await scene.isPublished(await one.trainer.save(1));
    const newest = await scene.isPublished(await one.trainer.save(2));
    await one.sidecar.stop();

    const two = await scene.running(scene.config({}, 2), 'pod-2');
    const result = await two.pod.result();
    assert.deepEqual(result, { v: 1, reason: 'Restored', step: 2, resumedFrom: { ...newest, step: 2 } });
    assert.equal(await readFile(join(two.pod.paths.resume, 'state.bin'), 'utf8'), 'state of step 2');
    assert.equal(JSON.parse(await readFile(join(two.pod.paths.resume, 'checkpoint.json'), 'utf8')).step, 2);
    const final = await scene.isPublished(await two.trainer.finish(3));
    await two.sidecar.stop();
    assert.deepEqual((await two.pod.result()).resumedFrom, { ...newest, step: 2 });

    const three = await scene.pod(scene.config({}, 3), 'pod-3');
    assert.equal(await three.restore(), 4);
    const already = await three.result();
    assert.equal(already.reason, 'AlreadyFinal');
    assert.deepEqual([already.final?.manifest, already.final?.digest, already.final?.attempt], [final.manifest, final.digest, 2]);
  });

  test('the newest checkpoint damaged by one bit is refused by name, and the one before is used', async () => {
    const one = await scene.running();
    const before = await scene.isPublished(await one.trainer.save(1));
    const newest = await scene.isPublished(await one.trainer.save(2));
    await one.sidecar.stop();
    await flipBit(join(scene.gateway.folder, PREFIX, 'p1a1/step-00000002/state.bin'));

    const two = await scene.running(scene.config({ checkpoint: { keep: 1 } }, 2), 'pod-2');
    const result = await two.pod.result();
    assert.deepEqual(result.resumedFrom, { ...before, step: 1 });
    assert.deepEqual(result.skipped, [newest.manifest]);
    assert.match(
      result.message ?? '',
      /cannot use .*p1a1\/step-00000002\/state\.bin: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
    );
    assert.equal(await readFile(join(two.pod.paths.resume, 'state.bin'), 'utf8'), 'state of step 1');

    // The damaged one does not count as kept, and stays to be looked at.
    await scene.isPublished(await two.trainer.save(3));
    await until('the checkpoint resumed from goes', async () => !(await scene.keys()).includes('p1a1/step-00000001/state.bin'));
    assert.ok((await scene.keys()).includes('p1a1/step-00000002/state.bin'));
  });

  test('a damaged manifest, a damaged final and a missing file are passed over as well', async () => {
    const one = await scene.running(scene.config({ checkpoint: { keep: 9 } }));
    for (const step of [1, 2, 3]) await scene.isPublished(await one.trainer.save(step));
    const final = await scene.isPublished(await one.trainer.finish(4));
    await one.sidecar.stop();
    await flipBit(join(scene.gateway.folder, PREFIX, 'p1a1/final/state.bin'));
    await flipBit(join(scene.gateway.folder, PREFIX, 'p1a1/step-00000003/manifest.json'), 2);
    await scene.store.delete(`${PREFIX}p1a1/step-00000002/state.bin`);

    const two = await scene.pod(scene.config({}, 2), 'pod-2');
    assert.equal(await two.restore(), 0);
    const result = await two.result();
    assert.equal(result.resumedFrom?.step, 1);
    assert.equal(result.skipped?.[0], final.manifest);
    assert.equal(result.skipped?.length, 3);
  });

  test('a quarantined checkpoint is not resumed from; references of earlier placements come after ones own', async () => {
    const one = await scene.running();
    const first = await scene.isPublished(await one.trainer.save(1));
    const second = await scene.isPublished(await one.trainer.save(2));
    await one.sidecar.stop();

    const resume = [second, first];
    const moved = await scene.pod(scene.config({ resume, quarantined: [second.manifest] }, 1, 2), 'pod-2');
    assert.equal(await moved.restore(), 0);
    assert.deepEqual((await moved.result()).resumedFrom, { ...first, step: 1 });
    const forged = await scene.pod(scene.config({ resume: [{ ...second, digest: `sha256:${'0'.repeat(64)}` }] }, 2, 2), 'pod-3');
    assert.equal(await forged.restore(), 0);
    assert.equal((await forged.result()).resumedFrom, undefined);
    assert.deepEqual((await forged.result()).skipped, [second.manifest]);
  });

  test('of two pods for one attempt the second ends with AttemptTaken and publishes nothing', async () => {
    const { sidecar } = await scene.running();
    const second = await scene.pod(scene.config(), 'pod-2');
    assert.equal(await second.restore(), 3);
    const result = await second.result();
    assert.equal(result.reason, 'AttemptTaken');
    assert.match(result.message ?? '', /claim-0\.json was written by pod name-of-pod-1 \(pod-1\) on node-1/);
    const beside = scene.publish(second);
    assert.equal((await reportOf(await beside.port)).phase, 'Waiting');
    assert.equal(await beside.stop(), 0);
    assert.equal(await sidecar.stop(), 0);
    assert.deepEqual(await scene.keys(), ['p1a1/claim-0.json']);
  });

  test('the same pod may restore again', async () => {
    const first = await scene.pod();
    assert.equal(await first.restore(), 0);
    assert.equal(await first.restore(), 0);
  });

  test('inputs and raw data are downloaded, verified and filtered; a damaged one is named', async () => {
    const maker = await scene.running();
    const files = { 'shards/003/data.npz': 'shard 3', 'shards/004/data.npz': 'shard 4', 'partition.json': '{}' };
    const made = await scene.isPublished(await maker.trainer.finish(1, { files }));
    await maker.sidecar.stop();
    await scene.store.put('raw/digits/images.npz', 'pixels');
    const inputs = [{ name: 'dataset', store: 'default', ...made, include: ['shards/003/', 'partition.json'] }];
    const output = { store: 'default', prefix: 'atoll/research.digits.1a2b3c4d/router/' };
    const source = { store: 'default', prefix: 'raw/digits/' };
    const reader = await scene.pod(scene.config({ inputs, output, source }), 'pod-2');
    assert.equal(await reader.restore(), 0);
    const found = await readdir(reader.paths.inputs, { recursive: true, withFileTypes: true });
    const paths = found
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(reader.paths.inputs.length + 1));
    assert.deepEqual(paths.toSorted(), [
      'dataset/manifest.json',
      'dataset/partition.json',
      'dataset/shards/003/data.npz',
      'source/images.npz',
    ]);
    assert.equal(decodeManifest(await readFile(join(reader.paths.inputs, 'dataset/manifest.json')), made.digest).final, true);

    await reader.configure(scene.config({ output, source: { store: 'default', prefix: 'raw/none/' } }, 3));
    assert.equal(await reader.restore(), 7);
    assert.match((await reader.result()).message ?? '', /no object in store default has a key that begins with "raw\/none\/"/);

    await flipBit(join(scene.gateway.folder, PREFIX, 'p1a1/final/shards/003/data.npz'));
    const next = await scene.pod(scene.config({ inputs, output }, 2), 'pod-3');
    assert.equal(await next.restore(), 5);
    const result = await next.result();
    assert.deepEqual([result.reason, result.key], ['InputDamaged', `${PREFIX}p1a1/final/shards/003/data.npz`]);
  });

  test('a store that stays away ends restore with Storage, a missing store with Configuration', async () => {
    const first = await scene.pod();
    await scene.gateway.kill();
    assert.equal(await first.restore({ patienceMs: 0 }), 6);
    assert.equal((await first.result()).reason, 'Storage');
    await first.configure(scene.config({ output: { store: 'nowhere', prefix: PREFIX } }));
    assert.equal(await first.restore(), 7);
    assert.match((await first.result()).message ?? '', /cannot find the store nowhere: this island knows default/);
    await scene.gateway.start();
  });
});
