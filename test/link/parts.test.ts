/** The small parts of the link: digests, pages, batches, messages that cannot be read, and lanes in which nobody waits for another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { batch, decode, encode, MessageError, readEach } from '../../src/link/codec.ts';
import { canonical, haveDigest, liveDigest } from '../../src/link/digest.ts';
import { createHoldingsMemory, pageAfter } from '../../src/link/have.ts';
import { createLanes } from '../../src/link/lanes.ts';
import { type HaveEntry, mostBytes, syncReply, syncRequest } from '../../src/link/messages.ts';
import { islandOfSubject, islandSubjects } from '../../src/link/subjects.ts';
import { spec } from '../island/builders.ts';

const entries: HaveEntry[] = Array.from({ length: 7 }, (_, index) => [`u${index}`, 1, 'live', 'applied']);

describe('a digest', () => {
  it('does not depend on order, and on everything else', () => {
    const digest = haveDigest(entries);
    assert.equal(haveDigest(entries.toReversed()), digest);
    assert.notEqual(haveDigest(entries.slice(1)), digest);
    for (const changed of [
      ['u0', 2, 'live', 'applied'],
      ['u0', 1, 'other', 'applied'],
      ['u0', 1, 'live', 'NameTaken'],
      ['u0', 1, 'live', 'applied', 'm'],
    ])
      assert.notEqual(haveDigest([changed as HaveEntry, ...entries.slice(1)]), digest);
  });

  it('of live fields changes with those fields only', () => {
    const digest = liveDigest(spec());
    assert.equal(liveDigest(spec({ revision: 9, placement: 3, stop: true })), digest);
    for (const over of [
      { suspend: true },
      { retry: { maxRestarts: 9 } },
      { checkpoint: { keep: 9 } },
      { islandLost: { policy: 'Replace' } },
    ])
      assert.notEqual(liveDigest(spec(over)), digest);
    assert.equal(canonical({ b: 1, a: { d: [1, { z: 1, y: 2 }], c: 2 } }), '{"a":{"c":2,"d":[1,{"y":2,"z":1}]},"b":1}');
  });
});

describe('what an island holds', () => {
  const digest = haveDigest(entries);
  const page = (after?: string) => pageAfter(entries, after, (rest) => rest.slice(0, 3));

  it('is learned in pages, then confirmed by its digest', () => {
    const memory = createHoldingsMemory();
    assert.deepEqual(memory.hear({ digest }), { entries: undefined, need: {} });
    assert.deepEqual(memory.hear({ digest, have: page() }), { entries: undefined, need: { after: 'u2' } });
    assert.deepEqual(memory.hear({ digest, have: page('u2') }).need, { after: 'u5' });
    assert.deepEqual(memory.hear({ digest, have: page('u5') }), { entries, need: undefined });
    assert.deepEqual(memory.hear({ digest }), { entries, need: undefined });
    assert.deepEqual(memory.hear({ digest: 'another' }).need, {});
  });

  it('is asked for from the start when a page is lost or it changed on the way', () => {
    const memory = createHoldingsMemory();
    memory.hear({ digest, have: page() });
    assert.deepEqual(memory.hear({ digest, have: page('u5') }).need, {});
    memory.hear({ digest, have: page() });
    assert.deepEqual(memory.hear({ digest: 'another', have: page('u2') }).need, {});
  });

  it('counts as told even when the digest is wrong, and is asked for again', () => {
    const memory = createHoldingsMemory();
    assert.deepEqual(memory.hear({ digest: 'wrong', have: { entries, more: false } }).entries, entries);
    assert.deepEqual(memory.hear({ digest: 'wrong' }).need, {});
  });
});

describe('a message', () => {
  const request = {
    protocol: [1, 1],
    clusterUid: 'c',
    instance: 'i',
    sequence: 1,
    sentAt: 'now',
    agent: { version: '1', kubernetes: '1' },
    digest: 'd',
    capacity: { cpu: '1', memory: '1Gi' },
  };

  it('keeps fields that a newer side adds', () => {
    const read = decode(syncRequest, encode({ ...request, later: { more: true } }));
    assert.deepEqual(read['later'], { more: true });
    const reply = decode(
      syncReply,
      encode({ protocol: 1, hub: { uid: 'u', instance: 'i', zone: 'eu' }, sequence: 1, ack: [['u', 1, 'why']] }),
    );
    assert.equal(reply.put.length, 0);
    assert.equal(reply.hub['zone'], 'eu');
  });

  const wrong: [sentence: string, data: Uint8Array, reason: string, words: RegExp][] = [
    ['no JSON', Buffer.from('{'), 'malformed', /no JSON/],
    ['a wrong field', encode({ ...request, sequence: 'one' }), 'malformed', /sequence/],
    [
      'a wrong field inside',
      encode({ ...request, have: { entries: [['u', -1, '', '']], more: false } }),
      'malformed',
      /have\.entries\.0\.1/,
    ],
    ['null', encode(JSON.parse('[null]') as object), 'malformed', /it|expected/i],
    ['too large', new Uint8Array(mostBytes + 1), 'oversized', /at most/],
  ];
  for (const [sentence, data, reason, words] of wrong)
    it(`that is ${sentence} is an error with a reason`, () =>
      assert.throws(
        () => decode(syncRequest, data),
        (error: unknown) => error instanceof MessageError && error.reason === reason && words.test(error.message),
      ));

  it('with one bad part keeps the good ones', () => {
    const errors: string[] = [];
    assert.deepEqual(
      readEach(z.number(), [1, 'two', 3], ({ message }) => errors.push(message)),
      [1, 3],
    );
    assert.equal(errors.length, 1);
  });

  it('is filled up to its limit', () => {
    assert.deepEqual(batch(['aaaa', 'bbbb', 'cccc'], 14), { taken: ['aaaa', 'bbbb'], bytes: 14, oversized: [], more: true });
    assert.deepEqual(batch(['aaaa', 'x'.repeat(100), 'cccc'], 14, 50).oversized.length, 1);
    assert.deepEqual(batch([], 14), { taken: [], bytes: 0, oversized: [], more: false });
  });
});

describe('a subject', () => {
  it('tells its island, also under a prefix with dots', () => {
    const paris = islandSubjects('a.b', 'paris');
    assert.equal(islandOfSubject('a.b', paris.sync), 'paris');
    assert.equal(islandOfSubject('a.b', paris.logs('1')), 'paris');
    assert.equal(islandOfSubject('a.b', paris.poke), undefined);
    assert.equal(islandOfSubject('a', paris.sync), undefined);
  });
});

describe('lanes', () => {
  it('work on one thing of an island at a time, and on its newest', async () => {
    const stop = new AbortController();
    const gates: { item: string; open: () => void }[] = [];
    const lanes = createLanes<string>({
      atOnce: 2,
      most: 3,
      signal: stop.signal,
      work: (_, item) => new Promise((open) => gates.push({ item, open })),
    });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    assert.equal(lanes.offer('paris', 'p1'), undefined);
    await settle();
    assert.equal(lanes.offer('paris', 'p2'), undefined);
    assert.equal(lanes.offer('paris', 'p3'), 'p2');
    lanes.offer('oslo', 'o1');
    lanes.offer('rome', 'r1');
    assert.equal(lanes.offer('cairo', 'c1'), 'c1');
    await settle();
    assert.deepEqual(
      gates.map(({ item }) => item),
      ['p1', 'o1'],
    );
    // Paris hangs: the others go on.
    gates[1]?.open();
    await settle();
    assert.deepEqual(
      gates.map(({ item }) => item),
      ['p1', 'o1', 'r1'],
    );
    gates[0]?.open();
    await settle();
    assert.deepEqual(
      gates.map(({ item }) => item),
      ['p1', 'o1', 'r1', 'p3'],
    );
    for (const { open } of gates) open();
    await settle();
    assert.equal(lanes.size, 0);
  });
});
