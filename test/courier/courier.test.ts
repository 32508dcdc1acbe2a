/** Both courier commands around a trainer, against a real versitygw. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { decodeManifest } from '../../src/api/manifest.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { flipBit, type Gateway, gatewayMissing, startGateway } from '../store/gateway.ts';
import { courierConfigOf, PREFIX, reportOf, type Sidecar, TestPod, TOKEN, until } from './pod.ts';
import { publishedIn } from './trainer.ts';

describe('courier', { skip: gatewayMissing }, () => {
  let gateway: Gateway;
  let store: ObjectStore;
  const pods: TestPod[] = [];
  const sidecars: Sidecar[] = [];
  beforeEach(async () => {
    gateway = await startGateway();
    store = gateway.store();
  });
  afterEach(async () => {
    await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.stop()));
    await Promise.all(pods.splice(0).map((one) => one.remove()));
    await gateway.stop();
  });

  async function pod(config = courierConfigOf(gateway), uid = 'pod-1'): Promise<TestPod> {
    const created = await TestPod.create(gateway, config, uid);
    pods.push(created);
    return created;
  }
  function publish(of: TestPod): Sidecar {
    const sidecar = of.publish();
    sidecars.push(sidecar);
    return sidecar;
  }
  async function keys(prefix = PREFIX): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of store.list(prefix)) found.push(key.slice(prefix.length));
    return found;
  }
  /** A pod that has restored and whose sidecar runs. */
  async function running(config = courierConfigOf(gateway), uid = 'pod-1') {
    const created = await pod(config, uid);
    assert.equal(await created.restore(), 0);
    return { pod: created, trainer: created.trainer, sidecar: publish(created) };
  }
  const isPublished = (directory: string) => until(`${directory} is published`, () => publishedIn(directory));

  test('a first start finds nothing to resume, publishes checkpoints and the final, and ends with 0', async () => {
    const { pod: first, trainer, sidecar } = await running();
    assert.deepEqual(await first.result(), { v: 1, reason: 'Restored' });
    assert.deepEqual(await readdir(join(first.folder, 'work')).then((names) => names.includes('resume')), false);
    const step1 = await isPublished(await trainer.save(1));
    const final = await isPublished(await trainer.finish(2, { files: { 'model.bin': 'weights', 'deep/config.json': '{}' } }));
    assert.equal(await sidecar.stop(), 0);

    assert.deepEqual((await keys()).toSorted(), [
      'p1a1/claim-0.json',
      'p1a1/final/checkpoint.json',
      'p1a1/final/deep/config.json',
      'p1a1/final/manifest.json',
      'p1a1/final/model.bin',
      'p1a1/step-00000001/checkpoint.json',
      'p1a1/step-00000001/manifest.json',
      'p1a1/step-00000001/state.bin',
    ]);
    const bytes = await store.get(final.manifest, { maxBytes: 100_000 });
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
    const one = await running();
    await isPublished(await one.trainer.save(1));
    const newest = await isPublished(await one.trainer.save(2));
    await one.sidecar.stop();

    const two = await running(courierConfigOf(gateway, {}, 2), 'pod-2');
    const result = await two.pod.result();
    assert.deepEqual(result, { v: 1, reason: 'Restored', step: 2, resumedFrom: { ...newest, step: 2 } });
    assert.equal(await readFile(join(two.pod.paths.resume, 'state.bin'), 'utf8'), 'state of step 2');
    assert.equal(JSON.parse(await readFile(join(two.pod.paths.resume, 'checkpoint.json'), 'utf8')).step, 2);
    const final = await isPublished(await two.trainer.finish(3));
    await two.sidecar.stop();
    assert.deepEqual((await two.pod.result()).resumedFrom, { ...newest, step: 2 });

    const three = await pod(courierConfigOf(gateway, {}, 3), 'pod-3');
    assert.equal(await three.restore(), 4);
    const already = await three.result();
    assert.equal(already.reason, 'AlreadyFinal');
    assert.deepEqual([already.final?.manifest, already.final?.digest, already.final?.attempt], [final.manifest, final.digest, 2]);
  });

  test('the newest checkpoint damaged by one bit is refused by name, and the one before is used', async () => {
    const one = await running();
    const before = await isPublished(await one.trainer.save(1));
    const newest = await isPublished(await one.trainer.save(2));
    await one.sidecar.stop();
    await flipBit(join(gateway.folder, PREFIX, 'p1a1/step-00000002/state.bin'));

    const two = await running(courierConfigOf(gateway, { checkpoint: { keep: 1 } }, 2), 'pod-2');
    const result = await two.pod.result();
    assert.deepEqual(result.resumedFrom, { ...before, step: 1 });
    assert.deepEqual(result.skipped, [newest.manifest]);
    assert.match(
      result.message ?? '',
      /cannot use .*p1a1\/step-00000002\/state\.bin: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
    );
    assert.equal(await readFile(join(two.pod.paths.resume, 'state.bin'), 'utf8'), 'state of step 1');

    // The damaged one does not count as kept, and stays to be looked at.
    await isPublished(await two.trainer.save(3));
    await until('the checkpoint resumed from goes', async () => !(await keys()).includes('p1a1/step-00000001/state.bin'));
    assert.ok((await keys()).includes('p1a1/step-00000002/state.bin'));
  });

  test('a damaged manifest, a damaged final and a missing file are passed over as well', async () => {
    const one = await running(courierConfigOf(gateway, { checkpoint: { keep: 9 } }));
    for (const step of [1, 2, 3]) await isPublished(await one.trainer.save(step));
    const final = await isPublished(await one.trainer.finish(4));
    await one.sidecar.stop();
    await flipBit(join(gateway.folder, PREFIX, 'p1a1/final/state.bin'));
    await flipBit(join(gateway.folder, PREFIX, 'p1a1/step-00000003/manifest.json'), 2);
    await store.delete(`${PREFIX}p1a1/step-00000002/state.bin`);

    const two = await pod(courierConfigOf(gateway, {}, 2), 'pod-2');
    assert.equal(await two.restore(), 0);
    const result = await two.result();
    assert.equal(result.resumedFrom?.step, 1);
    assert.equal(result.skipped?.[0], final.manifest);
    assert.equal(result.skipped?.length, 3);
  });

  test('a quarantined checkpoint is not resumed from; references of earlier placements come after ones own', async () => {
    const one = await running();
    const first = await isPublished(await one.trainer.save(1));
    const second = await isPublished(await one.trainer.save(2));
    await one.sidecar.stop();

    const resume = [second, first];
    const moved = await pod(courierConfigOf(gateway, { resume, quarantined: [second.manifest] }, 1, 2), 'pod-2');
    assert.equal(await moved.restore(), 0);
    assert.deepEqual((await moved.result()).resumedFrom, { ...first, step: 1 });
    const forged = await pod(
      courierConfigOf(gateway, { resume: [{ ...second, digest: `sha256:${'0'.repeat(64)}` }] }, 2, 2),
      'pod-3',
    );
    assert.equal(await forged.restore(), 0);
    assert.equal((await forged.result()).resumedFrom, undefined);
    assert.deepEqual((await forged.result()).skipped, [second.manifest]);
  });

  test('of two pods for one attempt the second ends with AttemptTaken and publishes nothing', async () => {
    const { sidecar } = await running();
    const second = await pod(courierConfigOf(gateway), 'pod-2');
    assert.equal(await second.restore(), 3);
    const result = await second.result();
    assert.equal(result.reason, 'AttemptTaken');
    assert.match(result.message ?? '', /claim-0\.json was written by pod name-of-pod-1 \(pod-1\) on node-1/);
    const beside = publish(second);
    assert.equal((await reportOf(await beside.port)).phase, 'Waiting');
    assert.equal(await beside.stop(), 0);
    assert.equal(await sidecar.stop(), 0);
    assert.deepEqual(await keys(), ['p1a1/claim-0.json']);
  });

  test('the same pod may restore again', async () => {
    const first = await pod();
    assert.equal(await first.restore(), 0);
    assert.equal(await first.restore(), 0);
  });

  test('other bytes under a key of this attempt end it with AttemptTaken', async () => {
    const { pod: first, trainer, sidecar } = await running();
    await store.put(`${PREFIX}p1a1/step-00000001/state.bin`, 'of somebody else');
    await trainer.save(1);
    assert.equal(await sidecar.ended, 3);
    assert.equal((await first.result()).reason, 'AttemptTaken');
    assert.equal((await first.result()).key, `${PREFIX}p1a1/step-00000001/state.bin`);
    assert.equal((await keys()).includes('p1a1/step-00000001/manifest.json'), false);
  });

  test('a checkpoint written half and never finished is never published', async () => {
    const { trainer, sidecar } = await running();
    await trainer.saveHalf('step-1');
    await trainer.saveHalf('.step-2.draft');
    await isPublished(await trainer.save(3));
    assert.equal(await sidecar.stop(), 0);
    assert.deepEqual((await keys()).filter((key) => key.includes('step')).length, 3);
  });

  test('an invalid checkpoint.json and a broken safetensors file are named in the result and do not stop the rest', async () => {
    const { pod: first, trainer, sidecar } = await running();
    const infinite = safetensors(Float32Array.of(1, Number.POSITIVE_INFINITY));
    await trainer.save(1, { checkpointJson: '{"contract":"atoll.dev/contract/v1","step":-1,"kind":"Resumable"}' });
    await trainer.save(2, { kind: 'Export', files: { 'model.safetensors': infinite } });
    await trainer.save(3, { files: { 'model.safetensors': 'nonsense' } });
    await until('all are refused', async () => (await refused(first)).length === 3 && (await refused(first)));
    const message = (await first.result()).message ?? '';
    assert.match(message, /step-1\/checkpoint\.json is not valid.*step|cannot publish model\.safetensors/s);
    await isPublished(await trainer.save(4, { files: { 'model.safetensors': infinite } }));
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).reason, 'Published');
    assert.deepEqual(
      (await keys()).filter((key) => key.endsWith('manifest.json')),
      ['p1a1/step-00000004/manifest.json'],
    );
  });

  test('while the store is away the newest two and the final stay on disk, and are published when it is back', async () => {
    const { pod: first, trainer, sidecar } = await running();
    await isPublished(await trainer.save(1));
    await gateway.kill();
    for (const step of [2, 3, 4, 5]) await trainer.save(step);
    const final = await trainer.finish(6);
    await until('trouble is reported', async () => (await first.result()).reason === 'Storage');
    const waiting = await until('older ones are dropped', async () => {
      const names = (await readdir(first.paths.output)).filter((name) => !name.startsWith('.')).toSorted();
      return names.length === 4 && names;
    });
    assert.deepEqual(waiting, ['final', 'step-1', 'step-4', 'step-5']);
    assert.equal((await reportOf(await sidecar.port)).pending, 3);
    await gateway.start();
    await isPublished(final);
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).reason, 'Published');
    assert.equal((await first.result()).final?.step, 6);
    const manifests = (await keys()).filter((key) => key.endsWith('manifest.json'));
    assert.deepEqual(manifests, [
      'p1a1/final/manifest.json',
      'p1a1/step-00000004/manifest.json',
      'p1a1/step-00000005/manifest.json',
    ]);
  });

  test('SIGTERM lets what is complete be published first; what the store does not take in time is reported', async () => {
    const {
      pod: first,
      trainer,
      sidecar,
    } = await running(courierConfigOf(gateway, { grace: { saveSeconds: 1, publishSeconds: 4 } }));
    await trainer.save(1);
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).step, 1);
    const second = publish(first);
    await gateway.kill();
    await trainer.save(2);
    assert.equal(await second.stop(), 6);
    const result = await first.result();
    assert.deepEqual([result.reason, result.checkpoint?.step], ['Storage', 1]);
    await gateway.start();
  });

  test('a courier that was killed between any two of its writes goes on where it was', async () => {
    const { pod: first, trainer, sidecar } = await running();
    await trainer.save(1);
    await isPublished(join(first.paths.output, 'step-1'));
    await sidecar.stop();
    // Killed after the manifest and before the mark: everything is in the bucket, nothing is noted on disk.
    const again = await trainer.save(1, { name: 'unmarked' });
    await writeFile(join(again, 'leftover.bin'), 'x');
    const restarted = publish(first);
    await isPublished(again);
    assert.equal((await reportOf(await restarted.port)).checkpoint?.step, 1);
    assert.equal(await restarted.stop(), 0);
    assert.deepEqual(await readdir(again), ['published.json']);
    assert.equal((await keys()).filter((key) => key.endsWith('manifest.json')).length, 1);
  });

  test('a manifest that stands published without a mark on disk is recognised by its bytes', async () => {
    const { pod: first, trainer, sidecar } = await running();
    const directory = await trainer.save(1);
    const before = await isPublished(directory);
    await sidecar.stop();
    await rm(directory, { recursive: true });
    await trainer.save(1);
    const restarted = publish(first);
    assert.deepEqual(await isPublished(directory), before);
    assert.equal(await restarted.stop(), 0);
  });

  test('inputs and raw data are downloaded, verified and filtered; a damaged one is named', async () => {
    const maker = await running();
    const files = { 'shards/003/data.npz': 'shard 3', 'shards/004/data.npz': 'shard 4', 'partition.json': '{}' };
    const made = await isPublished(await maker.trainer.finish(1, { files }));
    await maker.sidecar.stop();
    await store.put('raw/digits/images.npz', 'pixels');
    const inputs = [{ name: 'dataset', store: 'default', ...made, include: ['shards/003/', 'partition.json'] }];
    const output = { store: 'default', prefix: 'atoll/research.digits.1a2b3c4d/router/' };
    const source = { store: 'default', prefix: 'raw/digits/' };
    const reader = await pod(courierConfigOf(gateway, { inputs, output, source }), 'pod-2');
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

    await reader.configure(courierConfigOf(gateway, { output, source: { store: 'default', prefix: 'raw/none/' } }, 3));
    assert.equal(await reader.restore(), 7);
    assert.match((await reader.result()).message ?? '', /no object in store default has a key that begins with "raw\/none\/"/);

    await flipBit(join(gateway.folder, PREFIX, 'p1a1/final/shards/003/data.npz'));
    const next = await pod(courierConfigOf(gateway, { inputs, output }, 2), 'pod-3');
    assert.equal(await next.restore(), 5);
    const result = await next.result();
    assert.deepEqual([result.reason, result.key], ['InputDamaged', `${PREFIX}p1a1/final/shards/003/data.npz`]);
  });

  test('a store that stays away ends restore with Storage, a missing store with Configuration', async () => {
    const first = await pod();
    await gateway.kill();
    assert.equal(await first.restore({ patienceMs: 0 }), 6);
    assert.equal((await first.result()).reason, 'Storage');
    await first.configure(courierConfigOf(gateway, { output: { store: 'nowhere', prefix: PREFIX } }));
    assert.equal(await first.restore(), 7);
    assert.match((await first.result()).message ?? '', /cannot find the store nowhere: this island knows default/);
    await gateway.start();
  });

  test('progress is served to the bearer alone, and no secret is ever logged', async () => {
    const { pod: first, trainer, sidecar } = await running();
    const port = await sidecar.port;
    await trainer.report({ step: 7, steps: 100, loss: 0.25, samplesPerSecond: 812.123456, at: '2026-01-02T03:04:05.678Z' });
    const report = await until('progress is seen', async () => {
      const seen = await reportOf(port);
      return seen.progress?.step === 7 && seen;
    });
    assert.deepEqual(report.progress, {
      step: 7,
      steps: 100,
      loss: '0.25',
      samplesPerSecond: '812.123',
      at: '2026-01-02T03:04:05Z',
    });
    assert.equal(report.phase, 'Running');
    await assert.rejects(reportOf(port, 'another'), /401/);
    await assert.rejects(reportOf(port, ''), /401/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/v1/progress`)).status, 401);
    assert.equal((await fetch(`http://127.0.0.1:${port}/else`)).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`, { method: 'POST' })).status, 405);
    await isPublished(await trainer.save(8));
    await gateway.kill();
    await trainer.save(9);
    await until('trouble is reported', async () => (await first.result()).reason === 'Storage');
    await gateway.start();
    await sidecar.stop();
    const log = first.logged.join('') + JSON.stringify(await first.result());
    for (const secret of [gateway.credentials.secretAccessKey, TOKEN]) assert.equal(log.includes(secret), false);
  });
});

async function refused(pod: TestPod): Promise<string[]> {
  const names = await readdir(pod.paths.output, { recursive: true });
  return names.filter((name) => name.endsWith('refused.json'));
}

/** A safetensors file with one tensor. */
function safetensors(values: Float32Array): Uint8Array {
  const header = Buffer.from(
    JSON.stringify({ w: { dtype: 'F32', shape: [values.length], data_offsets: [0, values.byteLength] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from(values.buffer)]);
}
