/** What a courier does while it waits, for a store that is away or for an upload that takes long: a bucket in memory, and time that it makes pass itself. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { CourierContext } from '../../src/courier/context.ts';
import { claimedMark, readMark } from '../../src/courier/marks.ts';
import { Output } from '../../src/courier/output.ts';
import { Permission } from '../../src/courier/permission.ts';
import { Publishing } from '../../src/courier/publishing.ts';
import { restore } from '../../src/courier/restore.ts';
import { silentLog } from '../../src/kube/types.ts';
import { StoreUnavailableError } from '../../src/store/errors.ts';
import { createSeededRandom } from '../kube/fake-clock.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { courierConfigOf, PREFIX, TestPod, until } from './pod.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const config = { name: 'default', endpoint: 'http://127.0.0.1:1', region: 'here', bucket: 'atoll', pathStyle: true };
const pollMs = 10;

/** Time passes only for those who sleep, and then at once. */
function sleepersClock(): Clock {
  let now = Date.UTC(2026, 0, 1);
  return {
    ...systemClock,
    now: () => now,
    async sleep(ms, signal) {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

interface Test {
  after(fn: () => Promise<void>): void;
}

/** What is to be done when the test is over, the last first. */
function endings(context: Test): (() => unknown)[] {
  const works: (() => unknown)[] = [];
  context.after(async () => {
    for (const work of works.toReversed()) await work();
  });
  return works;
}

async function courier(ends: (() => unknown)[]) {
  const pod = await TestPod.create({ config, credentials });
  ends.push(() => pod.remove());
  const store = new MemoryStore();
  const clock = sleepersClock();
  const courierContext: CourierContext = {
    config: courierConfigOf({ config }),
    pod: { uid: pod.uid, name: 'pod', node: 'node-1', index: 0 },
    paths: pod.paths,
    clock,
    // As long as a back-off can be.
    random: { ...createSeededRandom(), next: () => 0 },
    log: silentLog as CourierContext['log'],
    store: () => store,
  };
  return { pod, store, clock, context: courierContext };
}

/** A courier that has restored and publishes until the test is over. */
async function publishing(context: Test) {
  const ends = endings(context);
  const { pod, store, clock, context: courierContext } = await courier(ends);
  const loop = new Publishing(courierContext, new Output(pod.paths.output, clock), new Permission('Always', clock));
  const [stop, abort] = [new AbortController(), new AbortController()];
  const running = loop.run({ pollMs, stop: stop.signal, abort: abort.signal, restored: async () => ({ skipped: [] }) });
  ends.push(async () => {
    stop.abort(new Error('the test is over'));
    abort.abort(new Error('the test is over'));
    await running;
  });
  return { pod, store, clock, loop, trainer: pod.trainer, ends };
}

describe('a courier whose store is away', () => {
  test('tries again after longer and longer pauses, and a step that is saved counts for the trainer meanwhile', async (context) => {
    const { store, clock, loop, trainer } = await publishing(context);
    const tries: number[] = [];
    let savedStep: number | undefined;
    store.faults.before = (operation, key) => {
      if (operation !== 'putFile' || !key.endsWith('state.bin')) return;
      tries.push(clock.now());
      if (tries.length === 5) return;
      savedStep = loop.savedStep;
      throw new StoreUnavailableError(operation, key, 'the store is away');
    };
    await trainer.save(7);
    await until('it is published', async () => loop.checkpoint);
    assert.equal(savedStep, 7);
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    assert.ok(
      pauses.every((ms, index) => ms >= 1000 * 2 ** index),
      `pauses of ${pauses.join(', ')} ms`,
    );
  });
});

describe('a courier that publishes', () => {
  test('leaves a result before there is anything to publish, for the case that it is killed', async (context) => {
    const { pod } = await publishing(context);
    const result = await until('the result', () => readFile(pod.paths.termination, 'utf8').catch(() => undefined));
    assert.equal(JSON.parse(result).reason, 'NothingPublished');
  });

  test('keeps the disk free of what is overtaken while an upload takes long', async (context) => {
    const { pod, store, trainer, ends } = await publishing(context);
    const gate = Promise.withResolvers<void>();
    const put = store.putFile.bind(store);
    store.putFile = async (...asked) => {
      await gate.promise;
      return put(...asked);
    };
    ends.push(() => gate.resolve());
    await trainer.save(1);
    await until('the upload has begun', async () => (await readdir(pod.paths.output)).includes('step-1'));
    for (const step of [2, 3, 4, 5]) await trainer.save(step);
    const names = await until('what is overtaken is gone', async () => {
      const left = (await readdir(pod.paths.output)).toSorted();
      return left.length === 3 && left;
    });
    assert.deepEqual(names, ['step-1', 'step-4', 'step-5']);
  });
});

describe('a pod that restores', () => {
  test('names the key at which it gave up when the store stays away', async (context) => {
    const { pod, store, context: courierContext } = await courier(endings(context));
    store.faults.before = (operation, key) => {
      throw new StoreUnavailableError(operation, key, 'the store is away');
    };
    assert.equal(await restore(courierContext, new AbortController().signal, 5000), 6);
    const { reason, key } = await pod.result();
    assert.deepEqual([reason, key], ['Storage', `${PREFIX}p1a1/claim-0.json`]);
  });

  test('and is told to stop while the store is away has not failed: that is nobody’s fault and counts for nothing', async (context) => {
    const { pod, store, context: courierContext } = await courier(endings(context));
    const stop = new AbortController();
    store.faults.before = (operation, key) => {
      stop.abort(new Error('SIGTERM'));
      throw new StoreUnavailableError(operation, key, 'the store is away');
    };
    assert.equal(await restore(courierContext, stop.signal), 143);
    assert.equal(await readFile(pod.paths.termination, 'utf8').catch(() => 'none'), 'none');
    assert.equal(await readMark(pod.paths.claimed, claimedMark), undefined);
    assert.deepEqual(
      [...store.objects.keys()].filter((key) => key.startsWith(PREFIX)),
      [],
    );
  });
});
