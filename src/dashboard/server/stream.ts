/**
 * One stream of one page. It keeps no queue: it remembers how far the page is, and each time takes the newest values of what has changed
 * since. A page that reads slowly gets fewer and fresher changes, and one that does not read at all is let go.
 */
import type { ServerResponse } from 'node:http';
import { createGzip, constants as zlib } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { coalesceMs, type End, heartbeatMs, type StreamEvents } from '../view/stream.ts';
import { changesJson, eventText, idOf, sequenceOf, snapshotJson } from './events.ts';
import { securityHeaders } from './headers.ts';
import type { Model } from './model.ts';
import { signInNeeded } from './problem.ts';
import { includes, type Readable, type Scope } from './scope.ts';
import type { TableName } from './tables.ts';

export interface StreamOptions {
  response: ServerResponse;
  gzip: boolean;
  scope: Scope;
  /** Of the user. */
  callerId: string;
  /** `Last-Event-ID`. */
  lastId: string | undefined;
  model: Model;
  clock: Clock;
  /** Random text of this process. */
  epoch: string;
  /** How long a page may leave what was sent unread, in milliseconds. */
  patienceMs: number;
  /** What the user may read now; undefined when they are not signed in any more. */
  readable: () => Promise<Readable | undefined>;
  /** JSON of the run of the scope; undefined when it is not there or may not be read. */
  view: (readable: Readable) => string | undefined;
  /** Whether live progress is heard. */
  live: () => boolean;
  /** Aborted when the page leaves or the server ends. */
  signal: AbortSignal;
}

/** How long a right that is gone still brings rows; the reviews are kept for a few seconds besides. */
const recheckMs = 5_000;
const mostUnread = 256 * 1024;

/** Resolves when the stream has ended; throws before the first byte when nobody is signed in. */
export async function runStream(options: StreamOptions): Promise<void> {
  const { scope, model, clock, signal } = options;
  let readable = await options.readable();
  if (!readable) throw signInNeeded();
  const pipe = openPipe(options);
  /** How far the page is. */
  let position = 0;
  let sentView: string | undefined;
  let beatAt = clock.now();
  const beatDue = () => clock.now() - beatAt >= heartbeatMs;
  const now = () => new Date(clock.now()).toISOString();
  const id = (may: Readable) => idOf(options.epoch, position, options.callerId, may, scope);

  function sendSnapshot(may: Readable): void {
    model.refresh();
    position = model.tables.sequence;
    sentView = options.view(may);
    const rows = function* (table: TableName) {
      for (const row of model.tables.rows(table)) if (includes({ ...row, table }, may, scope)) yield row.json;
    };
    pipe.send('snapshot', snapshotJson(now(), rows, sentView), id(may));
  }

  function sendChanges(may: Readable): void {
    model.refresh();
    const touched = model.tables.since(position);
    if (!touched) return sendSnapshot(may);
    position = model.tables.sequence;
    const seen = touched.filter((one) => includes(one, may, scope));
    const about = touched.some((one) => one.run === scope.run || (one.table === 'runs' && one.id === scope.run));
    // Its sentences hold ages, so it is made again now and then.
    const view = scope.run !== undefined && (about || beatDue()) ? options.view(may) : sentView;
    const changed = view === sentView ? undefined : { json: view };
    sentView = view;
    const data = changesJson(now(), seen, model.tables, changed);
    if (data !== undefined) pipe.send('change', data, id(may));
  }

  function sendBeat(): void {
    beatAt = clock.now();
    const stale = model.staleSince();
    const staleSince = stale === undefined ? {} : { staleSince: new Date(stale).toISOString() };
    pipe.send('beat', JSON.stringify({ at: now(), ...staleSince, live: options.live() }));
  }

  position = sequenceOf(options.lastId, id(readable)) ?? -1;
  if (position < 0) sendSnapshot(readable);
  else sendChanges(readable);
  sendBeat();

  let checkedAt = clock.now();
  let unreadSince: number | undefined;
  for (;;) {
    await clock.sleep(coalesceMs, signal).catch(() => undefined);
    if (pipe.closed) return;
    if (signal.aborted) return pipe.end('Stopping');
    if (pipe.unread) {
      unreadSince ??= clock.now();
      if (clock.now() - unreadSince > options.patienceMs) return pipe.end('Slow');
      continue;
    }
    unreadSince = undefined;
    if (clock.now() - checkedAt >= recheckMs) {
      checkedAt = clock.now();
      const next = await options.readable();
      if (!next) return pipe.end('SignedOut');
      const same = id(next) === id(readable);
      readable = next;
      if (!same) sendSnapshot(readable);
    }
    sendChanges(readable);
    if (beatDue()) sendBeat();
  }
}

/** The way to the page: compressed where it takes that, each event flushed at once. */
function openPipe({ response, gzip }: StreamOptions) {
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Some proxies gather answers otherwise.
    'x-accel-buffering': 'no',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  const zip = gzip ? createGzip({ level: 6 }) : undefined;
  zip?.pipe(response);
  // A page that leaves takes its pipe with it.
  response.once('close', () => zip?.destroy());
  zip?.on('error', () => response.destroy());
  const sink = zip ?? response;
  // How long a browser waits before it comes back.
  sink.write('retry: 1000\n\n');
  return {
    send(event: keyof StreamEvents, data: string, id?: string): void {
      if (sink.destroyed) return;
      sink.write(eventText(event, data, id));
      zip?.flush(zlib.Z_SYNC_FLUSH);
    },
    get unread(): boolean {
      return sink.writableNeedDrain || response.writableLength > mostUnread;
    },
    get closed(): boolean {
      return response.destroyed || response.closed;
    },
    end(reason: End['reason']): void {
      if (reason === 'Slow') response.destroy();
      else sink.end(eventText('end', JSON.stringify({ reason })));
    },
  };
}
