/** The course of a training travels with its checkpoints, from attempt to attempt, against a real versitygw. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PublishedFile } from '../../src/api/contract.ts';
import { type HistoryFile, historyFile } from '../../src/api/history.ts';
import { fileKey } from '../../src/api/keys.ts';
import { decodeManifest } from '../../src/api/manifest.ts';
import { gatewayMissing } from '../store/gateway.ts';
import { reportOf, until } from './pod.ts';
import { Scene } from './scene.ts';

describe('the history of a training', { skip: gatewayMissing }, () => {
  const scene = new Scene();

  async function historyIn({ manifest, digest }: PublishedFile): Promise<HistoryFile | undefined> {
    const { files } = decodeManifest((await scene.store.get(manifest, { maxBytes: 100_000 })) ?? new Uint8Array(), digest);
    if (!files.some(({ path }) => path === 'atoll-history.json')) return undefined;
    const bytes = await scene.store.get(fileKey(manifest, 'atoll-history.json'), { maxBytes: 100_000 });
    return historyFile.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }
  /** A line that the courier has seen. */
  async function report({ trainer, sidecar }: Awaited<ReturnType<Scene['running']>>, step: number): Promise<void> {
    await trainer.report({ step, steps: 9, loss: 1 / step, at: new Date(step * 1000).toISOString() });
    const port = await sidecar.port;
    await until(`step ${step} is seen`, async () => (await reportOf(port)).progress?.step === step);
  }

  test('is listed by the manifest, and goes on in the next attempt where its checkpoint was', async () => {
    const one = await scene.running();
    await report(one, 1);
    await report(one, 2);
    const saved = await scene.isPublished(await one.trainer.save(2));
    assert.deepEqual((await historyIn(saved))?.points.step, [1, 2]);
    await report(one, 3);
    await one.sidecar.stop();

    const two = await scene.running(scene.config({}, 2), 'pod-2');
    await report(two, 4);
    const next = await historyIn(await scene.isPublished(await two.trainer.save(4)));
    assert.deepEqual(next?.points.step, [1, 2, 4]);
    assert.deepEqual(next?.points.attempt, [0, 0, 1]);
    assert.deepEqual(next?.attempts, [
      { placement: 1, attempt: 1 },
      { placement: 1, attempt: 2 },
    ]);
    assert.deepEqual(next?.checkpoints, [
      { step: 2, attempt: 0, final: false },
      { step: 4, attempt: 1, final: false },
    ]);
  });

  test("is left out while nothing was reported, and a trainer's file of that name is left alone", async () => {
    const one = await scene.running();
    assert.equal(await historyIn(await scene.isPublished(await one.trainer.save(1))), undefined);
    await report(one, 2);
    const own = await scene.isPublished(await one.trainer.save(2, { files: { 'atoll-history.json': 'mine' } }));
    const bytes = await scene.store.get(fileKey(own.manifest, 'atoll-history.json'), { maxBytes: 100 });
    assert.equal(new TextDecoder().decode(bytes), 'mine');
  });
});
