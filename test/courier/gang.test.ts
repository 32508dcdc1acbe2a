/** The couriers of a gang: each claims its own place, all restore, and pod 0 alone publishes, against a real versitygw. */
import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gatewayMissing } from '../store/gateway.ts';
import { reportOf, until } from './pod.ts';
import { Scene } from './scene.ts';

const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );

describe('a gang of two', { skip: gatewayMissing }, () => {
  const scene = new Scene();

  test('claims two places of one attempt, publishes from pod 0, and both resume from that', async () => {
    const [first, second] = [await scene.running(scene.config(), 'pod-0', 0), await scene.running(scene.config(), 'pod-1', 1)];
    const saved = await scene.isPublished(await first.trainer.save(1));
    assert.deepEqual([await first.sidecar.stop(), await second.sidecar.stop()], [0, 0]);
    assert.deepEqual(
      (await scene.keys()).filter((key) => !key.includes('step-')),
      ['p1a1/claim-0.json', 'p1a1/claim-1.json'],
    );
    assert.deepEqual(await second.pod.result(), { v: 1, reason: 'NothingPublished' });

    const next = [await scene.running(scene.config({}, 2), 'pod-2', 0), await scene.running(scene.config({}, 2), 'pod-3', 1)];
    for (const { pod } of next) {
      assert.equal(await readFile(join(pod.paths.resume, 'state.bin'), 'utf8'), 'state of step 1');
      assert.equal(JSON.parse(await readFile(pod.paths.restored, 'utf8')).resumedFrom.manifest, saved.manifest);
    }
  });

  test('has each place once: a second pod for it ends before its trainer starts', async () => {
    await scene.running(scene.config(), 'pod-1', 1);
    const twin = await scene.pod(scene.config(), 'pod-1-again', 1);
    assert.equal(await twin.restore(), 3);
  });

  test('publishes nothing from pod 1: checkpoints leave its disk, and a final is refused with the reason', async () => {
    const { pod, trainer, sidecar } = await scene.running(scene.config(), 'pod-1', 1);
    await trainer.report({ step: 5, steps: 10 });
    const [step, final] = [await trainer.save(5), await trainer.finish(6)];
    await until('the checkpoint is removed', () => gone(step));
    const refused = await until('the final is refused', () =>
      readFile(join(final, 'refused.json'), 'utf8').catch(() => undefined),
    );
    assert.match(refused, /only pod 0 of a gang publishes/);
    const report = await until('its progress', async () => {
      const now = await reportOf(await sidecar.port);
      return now.progress?.step === 5 ? now : undefined;
    });
    assert.deepEqual([report.phase, report.checkpoint, report.final], ['Running', undefined, undefined]);
    assert.equal(await sidecar.stop(), 0);
    assert.deepEqual((await pod.result()).reason, 'NothingPublished');
    assert.deepEqual(await scene.keys(), ['p1a1/claim-1.json']);
  });
});
