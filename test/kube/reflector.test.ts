/** The reflector keeps its store right through everything an API server and a network can do to it. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Clock, systemClock } from '../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { createInformer, type RunnableInformer } from '../../src/kube/informer.ts';
import { type KubeClient, silentLog } from '../../src/kube/types.ts';
import { eventually } from './eventually.ts';
import { createSeededRandom } from './fake-clock.ts';
import { type Widget, widgets } from './widgets.ts';
import { faults } from './wire-faults.ts';
import { answer, type Fault, isWatch, startWireServer, type WireServer } from './wire-server.ts';

const namespace = 'default';
let server: WireServer;
let writer: KubeClient;
let client: RealKubeClient;
let informer: RunnableInformer<Widget>;
let stop: AbortController;
let run: Promise<void>;
let played: Map<string, string>;
/** What the reflector wished to wait. */
let waits: number[];
let skew: number;

const clock: Clock = {
  ...systemClock,
  now: () => systemClock.now() + skew,
  async sleep(ms, signal) {
    waits.push(ms);
    await systemClock.sleep(Math.min(ms, 10), signal);
  },
};

const lists = () => server.seen.filter((line) => !line.includes('watch=true')).length;
const watches = () => server.seen.length - lists();
const add = (name: string, size = 0) => writer.create(widgets, { metadata: { namespace, name }, spec: { size } });
const resize = (name: string, size: number) =>
  writer.patch(widgets, { namespace, name }, { spec: { size } }, { contentType: 'merge' });
const remove = async (name: string) => {
  const uid = server.api.get(widgets, { namespace, name })?.metadata.uid ?? '';
  await writer.delete(widgets, { namespace, name }, { uid });
};
const versions = (objects: Widget[]) =>
  new Map(objects.map(({ metadata }) => [metadata.name, `${metadata.uid} ${metadata.resourceVersion}`]));

/** The store, and the changes told played onto an empty map, are what the server holds. */
async function right(): Promise<void> {
  await eventually('the store equals the server', () => {
    const expected = versions(server.api.all(widgets));
    assert.deepEqual(versions(informer.store.list()), expected);
    assert.deepEqual(played, expected);
    return true;
  });
}

/** Puts a fault in front of the next `times` requests that `which` picks. */
function next(times: number, which: typeof isWatch, fault: (response: ServerResponse) => boolean): void {
  server.fault = (request, response) => which(request) && times-- > 0 && fault(response);
}
const noWatch: Fault = (request, response) => isWatch(request) && answer(response, 503, {});
const isList: typeof isWatch = (request) => !isWatch(request);

beforeEach(async () => {
  waits = [];
  skew = 0;
  played = new Map();
  server = await startWireServer();
  writer = server.api.client();
  const random = createSeededRandom();
  client = createKubeClient({ direct: { server: server.url }, clock, random, watchIdleMs: 150, retries: 0 });
  informer = createInformer(widgets, { namespace }, { client, clock, random, log: silentLog });
  informer.onChange((change) => {
    const { name, uid, resourceVersion } = change.object.metadata;
    assert.equal(played.has(name), change.type !== 'add', `${change.type} of ${name}`);
    if (change.type === 'delete') played.delete(name);
    else played.set(name, `${uid} ${resourceVersion}`);
  });
  stop = new AbortController();
  await add('first');
});
afterEach(async () => {
  stop.abort();
  await run;
  await client.close();
  await server[Symbol.asyncDispose]();
});

async function begin(): Promise<void> {
  run = informer.run(stop.signal);
  await informer.synced;
  await eventually('the watch is open', () => watches() > 0);
}

describe('the reflector', () => {
  it('lists, then watches: additions, changes, deletions, recreations', async () => {
    await begin();
    await add('second');
    await resize('first', 2);
    await right();
    await remove('first');
    await add('first', 3);
    await right();
    assert.deepEqual([lists(), watches()], [1, 1]);
  });

  it('goes on from its last version when the server ends a watch, without a new list', async () => {
    await begin();
    await resize('first', 1);
    await right();
    server.endWatches();
    await resize('first', 2);
    await add('second');
    await right();
    await eventually('a second watch', () => watches() >= 2);
    assert.equal(lists(), 1);
  });

  it('falls silent: the watch is given up and opened again', async () => {
    await begin();
    // An open watch to which nothing comes any more, not even what happens.
    next(1, isWatch, (response) => {
      response.writeHead(200).flushHeaders();
      return true;
    });
    server.endWatches();
    await eventually('the silent watch', () => watches() === 2);
    await resize('first', 7).then(right);
    assert.ok(lists() === 1 && watches() >= 3);
  });

  it('bookmarks count as a sign of life and move the version on', async () => {
    await begin();
    const { length } = server.seen;
    // Longer than the silence that would end the watch.
    for (let index = 0; index < 8; index++) {
      server.api.bookmark();
      await systemClock.sleep(50);
    }
    assert.equal(server.seen.length, length, 'the watch was cut in spite of the bookmarks');
    server.endWatches();
    await eventually('a watch from the bookmark', () =>
      server.seen.at(-1)?.includes(`resourceVersion=${server.api.resourceVersion}&`),
    );
  });

  it('a bookmark of an older version means another history: it lists again', async () => {
    await begin();
    next(1, isWatch, (response) =>
      response.writeHead(200).write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '1' } } })}\n`),
    );
    server.endWatches();
    await eventually('a second list', () => lists() === 2);
    await right();
  });

  it('lists again after 410 Gone, as an event or as an answer', async () => {
    await begin();
    server.fault = noWatch;
    server.endWatches();
    await eventually('a watch attempt', () => watches() === 2);
    await add('second');
    await remove('first');
    server.api.compact();
    server.fault = undefined;
    await right();
    assert.ok(lists() >= 2);
    next(1, isWatch, (response) => answer(response, 410, { kind: 'Status', reason: 'Expired', code: 410 }));
    const before = lists();
    server.endWatches();
    await add('third');
    await right();
    await eventually('a list after the 410', () => lists() > before);
  });

  it('an object deleted and created again while nobody watched is told as both', async () => {
    await begin();
    server.fault = noWatch;
    server.endWatches();
    await eventually('a watch attempt', () => watches() === 2);
    await remove('first');
    await add('first', 5);
    server.api.compact();
    server.fault = undefined;
    await right();
  });

  for (const [name, fault] of faults) {
    it(`survives ${name} as the answer to five watches and three lists`, async () => {
      await begin();
      next(5, isWatch, fault);
      server.endWatches();
      await resize('first', 1);
      await right();
      await eventually('all faults met', () => watches() >= 7);
      server.api.compact();
      next(3, isList, fault);
      server.fault = (
        (inner) => (request, response) =>
          inner?.(request, response) ?? false
      )(server.fault);
      await add('late');
      server.api.compact();
      server.endWatches();
      await right();
    });
  }

  it('waits at least as long as a 429 asks', async () => {
    await begin();
    next(1, isWatch, (response) => answer(response, 429, { kind: 'Status', reason: 'TooManyRequests' }, { 'retry-after': '7' }));
    server.endWatches();
    await eventually('the watch after it', () => watches() >= 3);
    assert.ok(
      waits.some((ms) => ms >= 7000 && ms <= 7700),
      String(waits),
    );
  });

  it('backs off when everything fails, up to half a minute, and not more', async () => {
    await begin();
    server.fault = (_, response) => answer(response, 500, {});
    server.endWatches();
    await eventually('many failures', () => waits.length >= 14);
    assert.ok(Math.max(...waits) <= 30_000 && (waits.at(-1) ?? 0) >= 15_000, String(waits));
    assert.ok(lists() >= 2, 'after several failed watches it lists again');
  });

  it('survives refused connections, and the store keeps what it had meanwhile', async () => {
    await begin();
    await server.down();
    await add('second');
    await eventually('some refused attempts', () => waits.length >= 3);
    assert.equal(informer.store.size, 1);
    await eventually('many refused attempts', () => waits.length >= 10);
    assert.ok(
      waits.every((ms) => ms <= 1000),
      'it is back within a second of the server',
    );
    await server.up();
    await right();
  });

  it('reads many pages, and begins again when the pages expire in between', async () => {
    for (let index = 0; index < 1100; index++) await add(`many-${index}`);
    let expire = 1;
    server.fault = (request) => {
      if (request.url?.includes('continue=') && expire-- > 0) server.api.compact();
      return false;
    };
    await begin();
    await right();
    assert.equal(lists(), 2 + 3);
  });

  it('puts characters together that were cut between two chunks', async () => {
    await begin();
    const object = structuredClone(server.api.get(widgets, { namespace, name: 'first' }));
    assert.ok(object);
    object.spec.note = 'Δ→🏝';
    object.metadata.resourceVersion = '999999';
    const bytes = Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    next(1, isWatch, (response) => {
      response.writeHead(200);
      const drip = (at: number) => {
        if (at < bytes.length) response.write(bytes.subarray(at, at + 1), () => drip(at + 1));
      };
      drip(0);
      return true;
    });
    server.endWatches();
    await eventually('the note', () => informer.store.get({ namespace, name: 'first' })?.spec.note === 'Δ→🏝');
  });

  it('lists again now and then, which mends what no watch would show', async () => {
    await begin();
    skew = 2 * 60 * 60_000;
    server.endWatches();
    await eventually('a second list', () => lists() === 2);
    await right();
  });

  it('holds one connection for its watch and one for its lists, however often it begins again', async () => {
    await begin();
    for (let round = 0; round < 20; round++) {
      const before = watches();
      server.endWatches();
      await eventually('the next watch', () => watches() > before);
    }
    await eventually('few open connections', () => server.sockets.open.size <= 2);
  });

  it('ends when it is told to, and its watch with it', async () => {
    await begin();
    stop.abort();
    await run;
    await eventually('no watch is open', () => server.sockets.open.size <= 1);
  });
});
