import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { IslandJobKind } from '../../src/api/islandjob.ts';
import type { OpenLog } from '../../src/dashboard/server/context.ts';
import type { WorkRow } from '../../src/dashboard/view/work.ts';
import { job } from '../hub/builders.ts';
import { eventually } from '../kube/eventually.ts';
import { readEvents } from './events.ts';
import { anExpert, aRun, fill, startMemoryWorld, token } from './memory-world.ts';

let world: Awaited<ReturnType<typeof startMemoryWorld>>;
before(async () => {
  world = await startMemoryWorld({ patienceMs: 1000 });
  fill(world, 1, 8);
});
after(async () => {
  await world.stop();
});

const open = async (query = '?works=all', headers: Record<string, string> = {}) =>
  readEvents(await world.get(`api/stream${query}`, headers));
const worksOf = (data: Record<string, unknown>) => (data['works'] ?? []) as WorkRow[];

describe('a stream', () => {
  it('begins with everything in its scope, and a beat', async () => {
    const stream = await open('?run=research/run-0');
    const { data } = await stream.next('snapshot');
    assert.equal(worksOf(data).length, 10, 'eight experts, router and evaluation');
    assert.deepEqual(
      (data['runs'] as { id: string }[]).map(({ id }) => id),
      ['research/run-0'],
    );
    assert.equal((data['view'] as { sentence: string }).sentence, '8 of 8 experts train.');
    assert.equal((await stream.next('beat')).data['live'], true);
    await stream.close();
    const small = await open('');
    const all = (await small.next('snapshot')).data;
    assert.deepEqual([worksOf(all), all['view']], [[], undefined]);
    await small.close();
  });

  it('tells several changes of a row as one, with the newest value, and what is gone', async () => {
    const stream = await open();
    await stream.next('beat');
    for (let step = 1000; step < 1050; step++) world.api.put(ExpertShardKind, anExpert('run-0', 3, step));
    const changes = worksOf((await stream.next('change')).data);
    assert.deepEqual(
      changes.map(({ id, step }) => [id, step]),
      [['research/run-0/expert-003', 1049]],
    );
    world.api.put(ExpertTrainingKind, aRun('extra', 1));
    assert.deepEqual(
      ((await stream.next('change')).data['runs'] as { id: string }[]).map(({ id }) => id),
      ['research/extra'],
    );
    const { uid = '' } = world.objects.runs.store.get({ namespace: 'research', name: 'extra' })?.metadata ?? {};
    await world.api.client().delete(ExpertTrainingKind, { namespace: 'research', name: 'extra' }, { uid });
    const { gone } = (await stream.next('change')).data as { gone: { runs: string[] } };
    assert.deepEqual(gone.runs, ['research/extra']);
    await stream.close();
  });

  it('goes on where a page left off, and begins anew for an id that it does not know', async () => {
    const first = await open();
    const { id = '' } = await first.next('snapshot');
    await first.close();
    world.api.put(ExpertShardKind, anExpert('run-0', 5, 2000));
    const again = await open('?works=all', { 'last-event-id': id });
    const change = await again.next('change');
    assert.deepEqual(
      worksOf(change.data).map(({ work, step }) => [work, step]),
      [['expert-005', 2000]],
    );
    assert.ok(!again.all.some(({ event }) => event === 'snapshot'), 'nothing is sent twice');
    await again.close();
    for (const unknown of ['x', `other.${id.split('.').slice(1).join('.')}`, id.replace(/\.[0-9]+\./, '.999999999.')]) {
      const stream = await open('?works=all', { 'last-event-id': unknown });
      assert.equal(worksOf((await stream.next('snapshot')).data).length, 10, unknown);
      await stream.close();
    }
    const otherScope = await open('', { 'last-event-id': id });
    await otherScope.next('snapshot');
    await otherScope.close();
  });

  it('carries 200 updates a second as at most about four events a second, and ends at the newest values', async () => {
    const stream = await open();
    await stream.next('beat');
    const began = performance.now();
    for (let update = 0; update < 400; update++) {
      world.api.put(ExpertShardKind, anExpert('run-0', update % 8, 10_000 + update));
      const ahead = (update + 1) * 5 - (performance.now() - began);
      if (ahead > 0) await sleep(ahead);
    }
    const took = (performance.now() - began) / 1000;
    const newest = new Map<string, number | undefined>();
    let events = 0;
    while ([...newest.values()].filter((step) => step !== undefined && step >= 10_392).length < 8) {
      const rows = worksOf((await stream.next('change')).data);
      events++;
      assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, 'no row twice in an event');
      for (const { id, step } of rows) newest.set(id, step);
    }
    assert.ok(events <= Math.ceil(took * 4) + 3, `${events} events in ${took.toFixed(1)} s`);
    await stream.close();
  });

  it('lets go of a page that does not read, and keeps nothing for it', async () => {
    const socket = connect(world.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET /api/stream?works=all HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
    socket.pause();
    let closed = false;
    socket.once('close', () => (closed = true));
    const fat = 'x'.repeat(60);
    let step = 20_000;
    await eventually(
      'the server has cut the connection',
      async () => {
        // Enough in a second to fill what the kernel keeps for both ends.
        for (let index = 0; index < 256; index++) {
          const expert = anExpert('run-0', index, step++);
          world.api.put(ExpertShardKind, { ...expert, status: { ...expert.status, reason: fat } as never });
        }
        await sleep(100);
        // Read only to learn that it was cut.
        if (step > 80_000) socket.resume();
        return closed;
      },
      60_000,
    );
    socket.destroy();
  });

  it('ends when the token of its user is not known any more', { timeout: 40_000 }, async () => {
    const other = await startMemoryWorld();
    const stream = readEvents(await other.get('api/stream'));
    await stream.next('beat');
    other.revoke();
    assert.deepEqual((await stream.next('end')).data, { reason: 'SignedOut' });
    assert.equal((await other.get('api/session')).status, 401);
    await other.stop();
  });
});

describe('a list of 1,000 experts', () => {
  it('has at most 100 KB on the wire, as a list and as a snapshot', async () => {
    const large = await startMemoryWorld();
    fill(large, 4, 250);
    await eventually('all are there', () => large.objects.shards.store.size === 1000);
    const list = await large.get('api/works?limit=1000', { 'accept-encoding': 'gzip' });
    assert.equal(list.headers.get('content-encoding'), 'gzip');
    const length = Number(list.headers.get('content-length'));
    assert.equal(((await list.json()) as { rows: unknown[] }).rows.length, 1000);
    assert.ok(length <= 100_000, `${length} bytes`);
    await large.stop();
  });
});

/** A dashboard with one expert whose IslandJob runs, and the path of its log. */
async function withLog(openLog: OpenLog) {
  const logged = await startMemoryWorld({ openLog });
  logged.api.put(ExpertTrainingKind, aRun('run-0', 1));
  logged.api.put(ExpertShardKind, anExpert('run-0', 0, 1));
  await eventually('the run is there', () => logged.objects.shards.store.size === 1);
  const path = 'api/namespaces/research/runs/run-0/works/expert-000/log';
  assert.equal((await logged.get(path)).status, 404, 'its IslandJob is not there');
  const its = job(1, { state: 'Running' });
  const owner = { kind: 'ExpertTraining' as const, name: 'run-0', uid: 'uid-run-0' };
  logged.api.put(IslandJobKind, {
    ...its,
    metadata: { ...its.metadata, name: 'run-0-e0-p1' },
    spec: { ...its.spec, work: { ...its.spec.work, owner } },
  });
  await eventually('its IslandJob is there', () => logged.objects.jobs.store.size === 1);
  return { path, ...logged };
}

describe('a log', () => {
  it('is sent as text as it is, markup and control sequences included, and says why it ends', async () => {
    const lines = ['<script>alert(1)</script>', '\u001b[31mred\u001b[0m', 'data: x', ''];
    const logged = await withLog(async function* () {
      yield* lines;
      throw new Error('the island fell silent');
    });
    const response = await logged.get(logged.path);
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(await response.text(), `${lines.join('\n')}\n[atoll] the log ends here: the island fell silent\n`);
    await logged.stop();
  });

  it('is answered while there is no line yet; what is written later comes, and why it ends', async () => {
    const written = Promise.withResolvers<string>();
    const logged = await withLog(async function* () {
      yield await written.promise;
      throw new Error('the pod is gone');
    });
    const response = await logged.get(`${logged.path}?follow=1`);
    assert.equal(response.status, 200);
    written.resolve('the first line');
    assert.equal(await response.text(), 'the first line\n[atoll] the log ends here: the pod is gone\n');
    await logged.stop();
  });
});

it('strangers who ask too often are told to wait', async () => {
  const statuses = new Set<number>();
  for (let request = 0; request < 12; request++) {
    const response = await fetch(`${world.url}api/runs`);
    statuses.add(response.status);
    await response.body?.cancel();
  }
  assert.deepEqual([...statuses], [401, 429]);
});
