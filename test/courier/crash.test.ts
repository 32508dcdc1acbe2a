/** Lost replies at every single operation, and kill -9 at any moment: the end is the same, and no key is written twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { PreconditionFailedError, StoreUnavailableError } from '../../src/store/errors.ts';
import { readManifest, verifyFiles } from '../../src/store/manifests.ts';
import { gatewayMissing } from '../store/gateway.ts';
import { MemoryStore, type StoreFaults } from '../store/memory-store.ts';
import { courierConfigOf, PREFIX, TestPod, until } from './pod.ts';
import { Scene } from './scene.ts';
import { publishedIn } from './trainer.ts';

const nowhere = {
  config: { name: 'default', region: 'us-east-1', bucket: 'atoll', pathStyle: true },
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
};
/** Waits for nothing longer than a few milliseconds. */
const hasty = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 3), signal) };

describe('every operation of a run', () => {
  /** Restores, publishes two checkpoints and a final; returns how many operations that took. */
  async function run(store: MemoryStore, faultAt: number, kind: 'before' | 'after'): Promise<number> {
    const pod = await TestPod.create(nowhere, courierConfigOf(nowhere, { checkpoint: { keep: 1 } }));
    let count = 0;
    const hook: StoreFaults['before'] = (operation, key) => {
      if ((count += 1) - 1 === faultAt) throw new StoreUnavailableError(operation, key, 'a fault of this test');
    };
    store.faults = { [kind]: hook };
    try {
      const options = { store: () => store, clock: { ...hasty, now: () => systemClock.now() * 1000 } };
      assert.equal(await pod.restore({ ...options, clock: hasty }), 0);
      const sidecar = pod.publish({ ...options, pollMs: 1 });
      for (const directory of [await pod.trainer.save(1), await pod.trainer.save(2), await pod.trainer.finish(3)]) {
        await until(`${directory} is published`, () => publishedIn(directory));
      }
      assert.equal(await sidecar.stop(), 0);
      assert.equal((await pod.result()).final?.step, 3);
    } finally {
      await pod.remove();
    }
    return count;
  }

  for (const kind of ['before', 'after'] as const) {
    test(`may fail ${kind} it took effect, and the end is the same`, async () => {
      const operations = await run(new MemoryStore(), Number.POSITIVE_INFINITY, kind);
      for (let faultAt = 0; faultAt < operations; faultAt += 1) {
        const store = new MemoryStore();
        await run(store, faultAt, kind);
        assert.deepEqual(
          store.writes.toSorted(),
          [...new Set(store.writes)].toSorted(),
          `fault at ${faultAt}: a key was written twice`,
        );
        store.faults = {};
        const final = await readManifest(store, `${PREFIX}p1a1/final/manifest.json`);
        await verifyFiles(store, final);
        assert.equal(store.deletes.includes(final.manifest), false);
      }
    });
  }

  test('the create-only rules of the store in memory are those of the real one', async () => {
    const store = new MemoryStore();
    await store.put('a', '1', { ifNoneMatch: '*' });
    await assert.rejects(store.put('a', '2', { ifNoneMatch: '*' }), PreconditionFailedError);
  });
});

describe('kill -9 of the courier', { skip: gatewayMissing }, () => {
  const scene = new Scene();

  test('at any moment leaves nothing that does not verify, and the next one goes on', async () => {
    const pod = await scene.pod(scene.config({ checkpoint: { keep: 9 } }));
    assert.equal(await pod.restore(), 0);
    const pathsFile = join(pod.folder, 'paths.json');
    await writeFile(pathsFile, JSON.stringify(pod.paths));
    const program = fileURLToPath(new URL('./process.ts', import.meta.url));
    const courier = async () => {
      const child = spawn(process.execPath, [program, 'publish', pod.configPath, pathsFile], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      return child;
    };
    const state = Buffer.alloc(10 * 1024 * 1024);
    for (const [step, delay] of [0, 40, 80, 160, 320].entries()) {
      const child = await courier();
      const files = Object.fromEntries(
        ['a', 'b/c', 'd'].map((name, index) => [`${name}.bin`, state.fill(10 * step + index).toString('latin1')]),
      );
      await pod.trainer.save(step, { files });
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const final = await pod.trainer.finish(9);
    const last = await courier();
    await until('the final is published', () => publishedIn(final), 60_000);
    last.kill('SIGTERM');
    assert.deepEqual(await once(last, 'exit'), [0, null]);
    let manifests = 0;
    for await (const { key } of scene.store.list(PREFIX)) {
      if (!key.endsWith('manifest.json')) continue;
      manifests += 1;
      await verifyFiles(scene.store, await readManifest(scene.store, key));
    }
    assert.ok(manifests >= 3, `${manifests} manifests`);
    const result = await pod.result();
    assert.deepEqual([result.reason, result.final?.step], ['Published', 9]);
  });
});
