/** The event recorder: what is sent, what becomes a series, what is bounded, what is dropped. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { configMaps, events } from '../../src/kube/core.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { createEventRecorder } from '../../src/kube/events.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type Interceptor } from './memory-client.ts';

async function build(intercept?: Interceptor) {
  const clock = createFakeClock();
  const random = createSeededRandom();
  const api = createMemoryApi({ clock, random });
  const registry = new Registry();
  const about = await api.client().create(configMaps, { metadata: { namespace: 'research', name: 'digits' } });
  const client = api.client(intercept ? { intercept } : {});
  const metrics = createKubeMetrics(registry);
  const recorder = createEventRecorder({
    client,
    clock,
    random,
    log: silentLog,
    metrics,
    controller: 'example.dev/us',
    instance: 'pod-1',
  });
  const stop = new AbortController();
  const run = recorder.run(stop.signal);
  const stored = () => api.all(events).toSorted((a, b) => (a.note ?? '').localeCompare(b.note ?? ''));
  const dropped = async () => (await registry.metrics()).match(/event_recorder_events_total\{outcome="dropped"\} (\d+)/)?.[1];
  return { clock, api, about, recorder, stored, dropped, run, stop: () => stop.abort() };
}

describe('the event recorder', () => {
  it('says what happened, to what, who says it and when', async () => {
    const { clock, about, recorder, stored } = await build();
    recorder.warning(about, 'Failed', 'cannot read shard 3');
    await clock.settle();
    const [event] = stored();
    assert.deepEqual(event?.regarding, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'research',
      name: 'digits',
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
    });
    assert.deepEqual(
      [event.type, event.reason, event.action, event.note, event.reportingController, event.reportingInstance],
      ['Warning', 'Failed', 'Failed', 'cannot read shard 3', 'example.dev/us', 'pod-1'],
    );
    assert.equal(event.metadata.namespace, 'research');
    assert.match(event.eventTime ?? '', /\.\d{6}Z$/);
    assert.equal(event.series, undefined);
  });

  it('counts repeats within six minutes in one event, and begins another after them', async () => {
    const { clock, about, recorder, stored } = await build();
    for (let repeat = 0; repeat < 5; repeat++) {
      recorder.normal(about, 'Started', 'attempt 1');
      await clock.advance(60_000);
    }
    recorder.normal(about, 'Started', 'attempt 2');
    await clock.settle();
    assert.deepEqual(
      stored().map(({ note, series }) => [note, series?.count ?? 1]),
      [
        ['attempt 1', 5],
        ['attempt 2', 1],
      ],
    );
    await clock.advance(7 * 60_000);
    recorder.normal(about, 'Started', 'attempt 1');
    await clock.settle();
    assert.equal(stored().length, 3);
  });

  it('gathers what happens while it cannot send, sends it later, and drops the oldest beyond a thousand', async () => {
    let away = true;
    const { clock, about, recorder, stored, dropped } = await build(async (_, proceed) => {
      if (away) throw new ConnectionError('create an event', 'refused', false);
      return proceed();
    });
    for (let index = 0; index < 1010; index++) recorder.normal(about, 'Note', `number ${index}`);
    for (let repeat = 0; repeat < 3; repeat++) recorder.normal(about, 'Note', 'the last');
    await clock.advance(5000);
    away = false;
    await clock.advance(10_000);
    assert.ok(stored().length <= 1001);
    assert.equal(stored().find(({ note }) => note === 'the last')?.series?.count, 3);
    assert.ok(Number(await dropped()) >= 10);
  });

  it('does not try again what the server refuses', async () => {
    let calls = 0;
    const { clock, about, recorder } = await build(async () => {
      calls++;
      throw new ApiError('create an event', 403, { reason: 'Forbidden' });
    });
    recorder.normal(about, 'Note', 'x');
    await clock.advance(600_000);
    assert.equal(calls, 1);
  });

  it('makes a new event when the old one of a series was cleaned away', async () => {
    const { clock, api, about, recorder, stored } = await build();
    recorder.normal(about, 'Note', 'x');
    await clock.settle();
    const [first] = stored();
    assert.ok(first);
    await api.client().delete(events, first.metadata, { uid: first.metadata.uid ?? '' });
    recorder.normal(about, 'Note', 'x');
    await clock.advance(5000);
    assert.deepEqual(
      stored().map(({ series }) => series?.count),
      [2],
    );
  });

  it('cuts a long note at a character, and puts events of cluster-wide objects into default', async () => {
    const { clock, about, recorder, stored } = await build();
    const { namespace: _namespace, ...metadata } = about.metadata;
    recorder.normal({ ...about, metadata }, 'Long', '🏝'.repeat(500));
    await clock.settle();
    const [event] = stored();
    assert.equal(event?.metadata.namespace, 'default');
    assert.ok(Buffer.byteLength(event?.note ?? '') <= 1024);
    assert.match(event?.note ?? '', /^🏝+…$/u);
  });

  it('sends what is left when it is stopped', async () => {
    const { clock, about, recorder, stored, run, stop } = await build();
    recorder.normal(about, 'Stopping', 'told to');
    stop();
    await clock.settle();
    await run;
    assert.equal(stored().length, 1);
    assert.equal(clock.pendingTimers, 0);
  });
});
