/** The work queue: a table of sentences, and a model that random commands are compared with. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createQueue } from '../../src/kube/queue.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';

function build(options: { backoffMs?: number; maxBackoffMs?: number; maxConflictMs?: number } = {}) {
  const clock = createFakeClock();
  const queue = createQueue({ name: 'test', clock, random: createSeededRandom(), ...options });
  const taken: string[] = [];
  /** Takes all that can be taken now, without giving it back. */
  const take = async () => {
    while (queue.length > 0) taken.push((await queue.get()) ?? '(closed)');
    return taken.splice(0);
  };
  return { clock, queue, take };
}

describe('the work queue', () => {
  it('hands keys out in the order they came, each once however often it was added', async () => {
    const { queue, take } = build();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    assert.deepEqual(await take(), ['a', 'b', 'c']);
  });

  it('gives a key added during its work out again, after it is done and not before', async () => {
    const { queue, take } = build();
    queue.add('a');
    assert.deepEqual(await take(), ['a']);
    queue.add('a');
    queue.add('a');
    assert.deepEqual(await take(), []);
    queue.done('a');
    assert.deepEqual(await take(), ['a']);
    queue.done('a');
    assert.deepEqual(await take(), []);
  });

  it('puts a busy key behind those that wait, so that nobody starves', async () => {
    const { queue, take } = build();
    queue.add('noisy');
    assert.equal(await queue.get(), 'noisy');
    queue.add('noisy');
    queue.add('quiet');
    queue.done('noisy');
    assert.deepEqual(await take(), ['quiet', 'noisy']);
  });

  it('wakes a waiting worker at once, and the worker that waited longest first', async () => {
    const { queue, clock } = build();
    const got: string[] = [];
    const worker = async (name: string) => got.push(`${name}:${await queue.get()}`);
    const both = Promise.all([worker('first'), worker('second')]);
    queue.add('a');
    queue.add('b');
    await clock.settle();
    await both;
    assert.deepEqual(got, ['first:a', 'second:b']);
  });

  it('adds later, the earliest of several delays counts', async () => {
    const { queue, clock, take } = build();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 300);
    queue.addAfter('a', 500);
    await clock.advance(299);
    assert.deepEqual(await take(), []);
    await clock.advance(1);
    assert.deepEqual(await take(), ['a']);
    queue.done('a');
    await clock.advance(5000);
    assert.deepEqual(await take(), [], 'the other delays were the same wish');
  });

  it('a delay is no reason to wait for a key that is added right away', async () => {
    const { queue, take } = build();
    queue.addAfter('a', 10_000);
    queue.add('a');
    assert.deepEqual(await take(), ['a']);
  });

  it('backs off per key, doubling up to the limit, and starts over after success', async () => {
    const { queue } = build({ backoffMs: 100, maxBackoffMs: 1000 });
    const within = (ms: number, base: number) =>
      assert.ok(ms >= base && ms <= base * 1.1, `${ms} is not ${base} and up to 10 % more`);
    for (const base of [100, 200, 400, 800, 1000, 1000]) within(queue.retry('a'), base);
    within(queue.retry('b'), 100);
    queue.forget('a');
    within(queue.retry('a'), 100);
    assert.equal(queue.failures('b'), 1);
  });

  it('a conflict is tried again soon however many there were, and makes no failure wait longer', async () => {
    const { queue } = build({ backoffMs: 100, maxConflictMs: 400 });
    for (const base of [100, 200, 400, 400, 400]) {
      const ms = queue.retry('a', 'conflict');
      assert.ok(ms >= base && ms <= base * 1.1, `${ms} is not ${base} and up to 10 % more`);
    }
    assert.equal(queue.failures('a'), 0);
    assert.ok(queue.retry('a') <= 110, 'the first failure after conflicts');
    queue.forget('a');
    assert.ok(queue.retry('a', 'conflict') <= 110, 'success starts the delays of conflicts over');
  });

  it('a later failure replaces the delay of an earlier one', async () => {
    const { queue, clock, take } = build({ backoffMs: 100 });
    queue.retry('a');
    queue.retry('a');
    await clock.advance(150);
    assert.deepEqual(await take(), [], 'the delay of the first failure is over');
    await clock.advance(100);
    assert.deepEqual(await take(), ['a']);
  });

  it('success takes a planned retry back', async () => {
    const { queue, clock, take } = build();
    queue.retry('a');
    queue.forget('a');
    await clock.advance(10_000);
    assert.deepEqual(await take(), []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('when closed it wakes everyone with undefined, takes nothing more and leaves no timer', async () => {
    const { queue, clock } = build();
    queue.addAfter('a', 100);
    queue.retry('b');
    const waiting = [queue.get(), queue.get()];
    queue.close();
    queue.add('c');
    queue.addAfter('d', 1);
    assert.deepEqual(await Promise.all([...waiting, queue.get()]), [undefined, undefined, undefined]);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(queue.length, 0);
  });

  it('giving back what nobody has is a mistake that is told', () => {
    assert.throws(() => build().queue.done('a'), /cannot finish a/);
  });
});

type Command = { do: 'add' | 'addAfter' | 'retry' | 'forget' | 'take' | 'done' | 'advance'; key: string; ms: number };

describe('the work queue under random commands', () => {
  const command: fc.Arbitrary<Command> = fc.record({
    do: fc.constantFrom('add', 'addAfter', 'retry', 'forget', 'take', 'take', 'done', 'done', 'advance'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    ms: fc.integer({ min: 0, max: 2000 }),
  });

  it('never works on a key twice at once, loses no wish and invents none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const { clock, queue } = build();
        const working = new Set<string>();
        const never = Number.POSITIVE_INFINITY;
        /** When each key was asked for since it was last handed out: at once, by its earliest delay, and by its last failure. */
        const wishes = { now: new Map<string, number>(), later: new Map<string, number>(), retry: new Map<string, number>() };
        /** A delay that has run out is in the queue, and stays there whatever becomes of the delay. */
        const fired = (map: Map<string, number>, key: string) => {
          if ((map.get(key) ?? never) <= clock.now()) wishes.now.set(key, clock.now());
        };
        const take = async () => {
          if (queue.length === 0) return;
          const key = (await queue.get()) ?? '';
          assert.ok(!working.has(key), `${key} is worked on twice at once`);
          const due = Object.values(wishes)
            .map((map) => map.get(key) ?? never)
            .filter((at) => at <= clock.now());
          assert.ok(due.length > 0, `${key} came before anyone wished it`);
          working.add(key);
          for (const map of Object.values(wishes)) if ((map.get(key) ?? never) <= clock.now()) map.delete(key);
        };
        for (const { do: what, key, ms } of commands) {
          if (what === 'add') {
            queue.add(key);
            wishes.now.set(key, clock.now());
          } else if (what === 'addAfter') {
            queue.addAfter(key, ms);
            fired(wishes.later, key);
            const planned = wishes.later.get(key) ?? never;
            if (ms === 0) wishes.now.set(key, clock.now());
            else wishes.later.set(key, planned <= clock.now() ? clock.now() + ms : Math.min(planned, clock.now() + ms));
          } else if (what === 'retry') {
            fired(wishes.retry, key);
            wishes.retry.set(key, clock.now() + queue.retry(key));
          } else if (what === 'forget') {
            fired(wishes.retry, key);
            wishes.retry.delete(key);
            queue.forget(key);
          } else if (what === 'take') await take();
          else if (what === 'advance') await clock.advance(ms);
          else if (working.delete(key)) queue.done(key);
        }
        // In the end everything wished comes out.
        for (let round = 0; round < 3; round++) {
          for (const key of working) queue.done(key);
          working.clear();
          await clock.advance(400_000);
          while (queue.length > 0) await take();
        }
        assert.deepEqual(
          Object.values(wishes).flatMap((map) => [...map.keys()]),
          [],
        );
      }),
      { numRuns: 150 },
    );
  });
});
