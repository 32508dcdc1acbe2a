/** The whole engine under seeded faults: lost requests, lost replies, late views, broken watches, compaction and crashes. A failure is a seed. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { addChildren, assertConverged, namespace } from './children.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type Interceptor } from './memory-client.ts';
import { widgets } from './widgets.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function simulate(seed: number): Promise<string[]> {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const api = createMemoryApi({
    clock,
    random: createSeededRandom(seed + 1),
    historyLength: 60,
    garbageCollect: random.next() < 0.5,
  });
  const user = api.client({ name: 'user' });
  let faulty = true;
  const chance = (probability: number) => faulty && random.next() < probability;

  const intercept: Interceptor = async (call, proceed) => {
    if (chance(0.3)) await clock.sleep(random.next() * 300);
    if (chance(0.1)) throw new ConnectionError(call.verb, 'refused', false);
    if (chance(0.05)) throw new ApiError(call.verb, random.next() < 0.5 ? 429 : 500, {});
    const reply = await proceed();
    if (chance(0.1)) throw new ConnectionError(call.verb, 'reset', true);
    return reply;
  };
  const lag = async () => {
    if (chance(0.3)) await clock.sleep(random.next() * 1000);
  };

  const history: string[] = [];
  const begun = clock.now();
  api.observe(({ change, object }) => {
    history.push(`${clock.now() - begun} ${change} ${object.kind} ${object.metadata.name} ${object.metadata.resourceVersion}`);
  });

  /** One life of the operator; it ends by a crash, in the middle of whatever it does. */
  const live = () => {
    let dead = false;
    const client = api.client({
      name: 'operator',
      lag,
      intercept: async (call, proceed) => {
        // What a dead process had on its lips is never sent, and what it waited for never comes.
        if (dead) return new Promise(() => {});
        return intercept(call, async () => (dead ? new Promise(() => {}) : proceed()));
      },
    });
    const context = { client, clock, random, log: silentLog };
    const manager = createManager({ ...context, drainMs: 1 });
    addChildren(manager, context);
    const stop = new AbortController();
    const run = manager.run(stop.signal);
    return {
      async crash() {
        dead = true;
        stop.abort();
        await clock.advance(5);
        await run;
      },
    };
  };

  let operator = live();
  for (let step = 0; step < 60; step++) {
    const name = `w${Math.floor(random.next() * 5)}`;
    const found = api.get(widgets, { namespace, name });
    if (!found) await user.create(widgets, { metadata: { namespace, name }, spec: { size: step } });
    else if (random.next() < 0.3) await user.delete(widgets, { namespace, name }, { uid: found.metadata.uid ?? '' });
    else await user.patch(widgets, { namespace, name }, { spec: { size: step } }, { contentType: 'merge' });
    if (chance(0.05)) api.breakWatches(new ConnectionError('watch', 'reset', true));
    if (chance(0.05)) api.breakWatches();
    if (chance(0.05)) api.compact();
    if (chance(0.05)) {
      await operator.crash();
      operator = live();
    }
    await clock.advance(random.next() * 800);
  }
  faulty = false;
  await clock.advance(120_000);
  const settled = await assertConverged(user);
  const writes = history.length;
  await clock.advance(600_000);
  assert.equal(history.length, writes, 'something was written although nothing was to be done');
  assert.deepEqual(await assertConverged(user), settled);
  await operator.crash();
  return history;
}

describe('a controller under seeded faults', () => {
  it('converges when they stop, and then writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        await simulate(seed);
      }),
      { numRuns: 25 },
    );
  });

  it('lives the same life for the same seed', async () => {
    assert.deepEqual(await simulate(42), await simulate(42));
  });
});
