/** The recorder of events.k8s.io/v1 events: never blocks, never fails its caller, repeats become a series, everything is bounded. */
import type { Clock, Random } from '../clock.ts';
import { type Event, events } from './core.ts';
import { ApiError, messageOf } from './errors.ts';
import { microTime } from './lease.ts';
import type { KubeMetrics } from './metrics.ts';
import { type KubeClient, type KubeObject, keyString, type Log } from './types.ts';

export interface EventRecorderOptions {
  client: KubeClient;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  /** Who says it, a qualified name such as `atoll.dev/hub`. */
  controller: string;
  /** Which process says it, for example the pod's name. */
  instance: string;
}

export interface EventRecorder {
  /** `action` is what was done or tried, in a CamelCase word; the reason by default. */
  normal(object: KubeObject, reason: string, message: string, action?: string): void;
  warning(object: KubeObject, reason: string, message: string, action?: string): void;
  /** Sends what was recorded; resolves, after a last short try, when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** Same object, type, reason, action and message within this time are one event with a count. */
const seriesMs = 6 * 60_000;
const mostSeries = 2000;
const mostPending = 1000;
const longestNote = 1024;

interface Series {
  type: 'Normal' | 'Warning';
  regarding: KubeObject;
  reason: string;
  action: string;
  note: string;
  count: number;
  firstMs: number;
  lastMs: number;
  /** The event's name once it was stored, and the count that is stored. */
  name?: string;
  stored: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, log, metrics } = options;
  const recent = new Map<string, Series>();
  const pending = new Set<Series>();
  let wake: () => void = () => {};

  function record(type: Series['type'], regarding: KubeObject, reason: string, message: string, action = reason): void {
    const note = cut(message);
    const key = [regarding.metadata.uid ?? `${regarding.kind} ${keyString(regarding.metadata)}`, type, reason, action, note].join(
      '\n',
    );
    const now = clock.now();
    const known = recent.get(key);
    let series: Series;
    if (known && now - known.lastMs < seriesMs) {
      series = known;
      series.count++;
      series.lastMs = now;
    } else {
      series = { type, regarding, reason, action, note, count: 1, firstMs: now, lastMs: now, stored: 0 };
    }
    recent.delete(key);
    recent.set(key, series);
    if (recent.size > mostSeries) recent.delete(recent.keys().next().value ?? '');
    if (pending.size >= mostPending && !pending.has(series)) {
      // The oldest is dropped: the newest says more about what is going on.
      const [oldest] = pending;
      if (oldest) pending.delete(oldest);
      metrics?.events.inc({ outcome: 'dropped' });
    }
    pending.add(series);
    wake();
  }

  async function store(series: Series, signal?: AbortSignal): Promise<void> {
    const how = signal ? { signal } : {};
    const { count } = series;
    const { metadata, kind, apiVersion } = series.regarding;
    const namespace = metadata.namespace ?? 'default';
    if (series.name === undefined) {
      const name = `${metadata.name.slice(0, 200)}.${random.hex(8)}`;
      await client.create(
        events,
        { ...eventOf(series), metadata: { namespace, name }, ...(count > 1 ? seriesOf(series) : {}) },
        how,
      );
      series.name = name;
      metrics?.events.inc({ outcome: 'created' });
    } else {
      await client.patch(events, { namespace, name: series.name }, seriesOf(series), { contentType: 'merge', ...how });
      metrics?.events.inc({ outcome: 'aggregated' });
    }
    series.stored = count;
    log.debug({ kind, apiVersion, name: metadata.name, reason: series.reason, count }, 'event recorded');
  }

  function eventOf(series: Series): Omit<Event, 'apiVersion' | 'kind' | 'metadata'> {
    const { apiVersion, kind, metadata } = series.regarding;
    const { name, namespace, uid, resourceVersion } = metadata;
    return {
      eventTime: microTime(series.firstMs),
      reportingController: options.controller,
      reportingInstance: options.instance.slice(0, 128),
      type: series.type,
      reason: series.reason.slice(0, 128),
      action: series.action.slice(0, 128),
      note: series.note,
      regarding: {
        apiVersion,
        kind,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    };
  }

  const seriesOf = (series: Series) => ({ series: { count: series.count, lastObservedTime: microTime(series.lastMs) } });

  async function sendOne(series: Series, signal: AbortSignal): Promise<void> {
    pending.delete(series);
    if (series.count === series.stored) return;
    try {
      await store(series, signal);
    } catch (error) {
      if (signal.aborted) {
        pending.add(series);
        return;
      }
      if (error instanceof ApiError && error.isNotFound && series.name !== undefined) {
        // The event itself was cleaned away by its age: the next one of the series makes a new one.
        delete series.name;
        pending.add(series);
        return;
      }
      const refused = error instanceof ApiError && error.status < 500 && !error.isTooManyRequests;
      metrics?.events.inc({ outcome: 'failed' });
      log.warn(
        { reason: series.reason, error: messageOf(error) },
        `cannot record an event${refused ? '' : '; it is tried again'}`,
      );
      if (refused) return;
      pending.add(series);
      await clock.sleep(1000 * (0.5 + random.next()), signal).catch(() => undefined);
    }
  }

  return {
    normal: (object, reason, message, action) => record('Normal', object, reason, message, action),
    warning: (object, reason, message, action) => record('Warning', object, reason, message, action),
    async run(signal) {
      signal.addEventListener('abort', () => wake(), { once: true });
      while (!signal.aborted) {
        const [next] = pending;
        if (next) await sendOne(next, signal);
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      // What was recorded last often says why the process ends.
      const last = new AbortController();
      const stop = clock.timer(2000, () => last.abort());
      for (const series of [...pending].slice(0, 50)) if (!last.signal.aborted) await sendOne(series, last.signal);
      stop();
    },
  };
}

function cut(message: string): string {
  return Buffer.byteLength(message) <= longestNote
    ? message
    : `${Buffer.from(message)
        .subarray(0, longestNote - 4)
        .toString()
        .replace(/\uFFFD+$/, '')}…`;
}
