/** Sends the logs that the hub asks for: a chunk, its answer, the next chunk; it ends by itself when nobody answers any more. */
import type { LogsRequest, ReadLogs } from '../api/islandreport.ts';
import type { Clock } from '../clock.ts';
import { link } from '../kube/abort.ts';
import { messageOf } from '../kube/errors.ts';
import type { Log } from '../kube/types.ts';
import { decode, encode, MessageError } from './codec.ts';
import { logsAnswer, logsMessage } from './messages.ts';
import type { LinkMetrics } from './metrics.ts';
import { islandSubjects } from './subjects.ts';
import { LinkError, type LinkTransport } from './transport.ts';

export interface LogsOptions {
  clock: Clock;
  log: Log;
  metrics?: LinkMetrics | undefined;
  transport: LinkTransport;
  prefix: string;
  island: string;
  readLogs: ReadLogs;
}

/** Logs sent at once; a further one is refused with an error. */
const atOnce = 8;
const chunkLines = 1000;
const chunkBytes = 64 * 1024;
const lineChars = 16 * 1024;
/** Lines that come one by one are gathered for so long. */
const gatherMs = 200;
/** A log in which nothing is written still shows that the island is there. */
const idleMs = 8_000;
const answerMs = 10_000;
const tries = 6;

/** Resolves only when the signal is aborted. */
export async function answerLogs(options: LogsOptions, signal: AbortSignal): Promise<void> {
  const { transport, prefix, island, log, metrics } = options;
  const subjects = islandSubjects(prefix, island);
  const running = new Map<string, Promise<void>>();

  await transport.subscribe(
    subjects.askLogs,
    ({ data }) => {
      try {
        const { id, ...request } = decode(logsMessage, data);
        if (running.has(id)) return;
        const busy = running.size >= atOnce;
        const task = send(options, id, busy ? refuse : options.readLogs, request as LogsRequest, signal);
        running.set(id, task);
        void task.finally(() => running.delete(id));
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
        metrics?.dropped.inc({ reason: error.reason });
        log.warn({ error: error.message }, 'a question for a log cannot be read');
      }
    },
    signal,
  );
  await Promise.all(running.values());
}

// oxlint-disable-next-line require-yield -- it only ever refuses
async function* refuse(): AsyncIterable<string> {
  throw new Error(`${atOnce} logs are being read already; try again later`);
}

async function send(options: LogsOptions, id: string, read: ReadLogs, request: LogsRequest, signal: AbortSignal): Promise<void> {
  const { clock, transport, log } = options;
  const subject = islandSubjects(options.prefix, options.island).logs(id);
  const linked = link(signal);
  let sequence = 0;

  /** Whether to go on. */
  async function chunk(lines: string[], last: { end?: true; error?: string } = {}): Promise<boolean> {
    const data = encode({ sequence: sequence++, lines, ...last });
    for (let attempt = 1; ; attempt++) {
      try {
        return decode(logsAnswer, await transport.request(subject, data, { timeoutMs: answerMs, signal: linked.signal })).goOn;
      } catch (error) {
        if (!(error instanceof LinkError && error.failure === 'Timeout') || attempt === tries) throw error;
      }
    }
  }

  const lines = read(request, linked.signal)[Symbol.asyncIterator]();
  try {
    let next = lines.next();
    next.catch(() => undefined);
    for (let goOn = true; goOn; ) {
      const gathered: string[] = [];
      let bytes = 0;
      let done = false;
      let limit = Promise.withResolvers<'late'>();
      let stop = clock.timer(idleMs, () => limit.resolve('late'));
      while (gathered.length < chunkLines && bytes < chunkBytes) {
        const result = await Promise.race([next, limit.promise]);
        if (result === 'late') break;
        if (result.done) {
          done = true;
          break;
        }
        const line = result.value.length > lineChars ? `${result.value.slice(0, lineChars)}…` : result.value;
        gathered.push(line);
        bytes += Buffer.byteLength(line);
        next = lines.next();
        next.catch(() => undefined);
        if (gathered.length === 1) {
          stop();
          limit = Promise.withResolvers<'late'>();
          stop = clock.timer(gatherMs, () => limit.resolve('late'));
        }
      }
      stop();
      goOn = (await chunk(gathered, done ? { end: true } : {})) && !done;
    }
  } catch (error) {
    if (!linked.signal.aborted && !(error instanceof LinkError))
      await chunk([], { end: true, error: messageOf(error).slice(0, 1024) }).catch(() => undefined);
    log.debug({ id, error: messageOf(error) }, 'a log ended with an error');
  } finally {
    linked.abort(new Error('the log is not read any more'));
    linked.unlink();
    await lines.return?.().catch(() => undefined);
  }
}
