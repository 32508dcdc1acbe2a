/** What the sidecar does while things go wrong: bad checkpoints, a store that is away, SIGTERM, its own restart. */
import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gatewayMissing } from '../store/gateway.ts';
import { PREFIX, reportOf, type TestPod, TOKEN, until } from './pod.ts';
import { Scene } from './scene.ts';

describe('publishing', { skip: gatewayMissing }, () => {
  const scene = new Scene();

  test('other bytes under a key of this attempt end it with AttemptTaken', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    await scene.store.put(`${PREFIX}p1a1/step-00000001/state.bin`, 'of somebody else');
    await trainer.save(1);
    assert.equal(await sidecar.ended, 3);
    assert.equal((await first.result()).reason, 'AttemptTaken');
    assert.equal((await first.result()).key, `${PREFIX}p1a1/step-00000001/state.bin`);
    assert.equal((await scene.keys()).includes('p1a1/step-00000001/manifest.json'), false);
  });

  test('a checkpoint written half and never finished is never published', async () => {
    const { trainer, sidecar } = await scene.running();
    await trainer.saveHalf('step-1');
    await trainer.saveHalf('.step-2.draft');
    await scene.isPublished(await trainer.save(3));
    assert.equal(await sidecar.stop(), 0);
    assert.deepEqual((await scene.keys()).filter((key) => key.includes('step')).length, 3);
  });

  test('an invalid checkpoint.json and a broken safetensors file are named in the result and do not stop the rest', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    const infinite = safetensors(Float32Array.of(1, Number.POSITIVE_INFINITY));
    await trainer.save(1, { checkpointJson: '{"contract":"atoll.dev/contract/v1","step":-1,"kind":"Resumable"}' });
    await trainer.save(2, { kind: 'Export', files: { 'model.safetensors': infinite } });
    await trainer.save(3, { files: { 'model.safetensors': 'nonsense' } });
    await until('all are refused', async () => (await refused(first)).length === 3 && (await refused(first)));
    const message = (await first.result()).message ?? '';
    assert.match(message, /step-1\/checkpoint\.json is not valid.*step|cannot publish model\.safetensors/s);
    await scene.isPublished(await trainer.save(4, { files: { 'model.safetensors': infinite } }));
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).reason, 'Published');
    assert.deepEqual(
      (await scene.keys()).filter((key) => key.endsWith('manifest.json')),
      ['p1a1/step-00000004/manifest.json'],
    );
  });

  test('what is saved after the loss became NaN is refused, and what was saved before is published', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    await trainer.report({ step: 1, loss: 0.5 });
    await scene.isPublished(await trainer.save(1));
    await trainer.report('{"step":2,"loss":NaN}', { step: 3, nonFinite: true });
    await trainer.save(3);
    await until('it is refused', async () => (await refused(first)).length === 1 && (await refused(first)));
    assert.match((await first.result()).message ?? '', /step 3: the loss is NaN or infinite since step 2/);
    await trainer.report({ step: 4, loss: 0.4 });
    await scene.isPublished(await trainer.save(4));
    assert.equal(await sidecar.stop(), 0);
  });

  test('while the store is away the newest two and the final stay on disk, and are published when it is back', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    await scene.isPublished(await trainer.save(1));
    await scene.gateway.kill();
    for (const step of [2, 3, 4, 5]) await trainer.save(step);
    const final = await trainer.finish(6);
    await until('trouble is reported', async () => (await first.result()).reason === 'Storage');
    const waiting = await until('older ones are dropped', async () => {
      const names = (await readdir(first.paths.output)).filter((name) => !name.startsWith('.')).toSorted();
      return names.length === 4 && names;
    });
    assert.deepEqual(waiting, ['final', 'step-1', 'step-4', 'step-5']);
    const { pending, trouble } = await reportOf(await sidecar.port);
    assert.equal(pending, 3);
    assert.match(trouble?.message ?? '', /ECONNREFUSED/);
    await scene.gateway.start();
    await scene.isPublished(final);
    await until('there is no trouble any more', async () => (await reportOf(await sidecar.port)).trouble === undefined);
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).reason, 'Published');
    assert.equal((await first.result()).final?.step, 6);
    const manifests = (await scene.keys()).filter((key) => key.endsWith('manifest.json'));
    assert.deepEqual(manifests, [
      'p1a1/final/manifest.json',
      'p1a1/step-00000004/manifest.json',
      'p1a1/step-00000005/manifest.json',
    ]);
  });

  test('SIGTERM lets what is complete be published first; what the store does not take in time is reported', async () => {
    const { pod: first, trainer, sidecar } = await scene.running(scene.config({ grace: { saveSeconds: 1, publishSeconds: 4 } }));
    await trainer.save(1);
    assert.equal(await sidecar.stop(), 0);
    assert.equal((await first.result()).step, 1);
    const second = scene.publish(first);
    await scene.gateway.kill();
    await trainer.save(2);
    assert.equal(await second.stop(), 6);
    const result = await first.result();
    assert.deepEqual([result.reason, result.checkpoint?.step], ['Storage', 1]);
    await scene.gateway.start();
  });

  test('a courier that was killed between any two of its writes goes on where it was', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    await trainer.save(1);
    await scene.isPublished(join(first.paths.output, 'step-1'));
    await sidecar.stop();
    // Killed after the manifest and before the mark: everything is in the bucket, nothing is noted on disk.
    const again = await trainer.save(1, { name: 'unmarked' });
    await writeFile(join(again, 'leftover.bin'), 'x');
    const restarted = scene.publish(first);
    await scene.isPublished(again);
    assert.equal((await reportOf(await restarted.port)).checkpoint?.step, 1);
    assert.equal(await restarted.stop(), 0);
    assert.deepEqual(await readdir(again), ['published.json']);
    assert.equal((await scene.keys()).filter((key) => key.endsWith('manifest.json')).length, 1);
  });

  test('a manifest that stands published without a mark on disk is recognised by its bytes', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
    const directory = await trainer.save(1);
    const before = await scene.isPublished(directory);
    await sidecar.stop();
    await rm(directory, { recursive: true });
    await trainer.save(1);
    const restarted = scene.publish(first);
    assert.deepEqual(await scene.isPublished(directory), before);
    assert.equal(await restarted.stop(), 0);
  });

  test('progress is served to the bearer alone, and no secret is ever logged', async () => {
    const { pod: first, trainer, sidecar } = await scene.running();
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
    await scene.isPublished(await trainer.save(8));
    await scene.gateway.kill();
    await trainer.save(9);
    await until('trouble is reported', async () => (await first.result()).reason === 'Storage');
    await scene.gateway.start();
    await sidecar.stop();
    const log = first.logged.join('') + JSON.stringify(await first.result());
    for (const secret of [scene.gateway.credentials.secretAccessKey, TOKEN]) assert.equal(log.includes(secret), false);
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
