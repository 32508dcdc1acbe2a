/** The hub asks an island for a log: lines come in chunks, each answered before the next is sent, so that nobody is flooded. */
import type { LogsRequest } from '../api/islandreport.ts';
import type { Clock, Random } from '../clock.ts';
import { link } from '../kube/abort.ts';
import { decode, encode } from './codec.ts';
import { type LogsChunk, logsChunk } from './messages.ts';
import { islandSubjects, mayAnswerTo } from './subjects.ts';
import { type IncomingMessage, LinkError, type LinkTransport } from './transport.ts';

/** An island that is there sends at least an empty chunk within a third of this. */
const silenceMs = 30_000;
const firstMs = 10_000;

export async function* askForLogs(
  options: { clock: Clock; random: Random; transport: LinkTransport; prefix: string },
  island: string,
  request: LogsRequest,
  signal: AbortSignal,
): AsyncIterable<string> {
  const { clock, random, transport, prefix } = options;
  signal.throwIfAborted();
  const id = random.hex(8);
  const subjects = islandSubjects(prefix, island);
  const linked = link(signal);
  let taken = -1;
  let waiting: { chunk: LogsChunk; answer: () => void } | undefined;
  let wake: () => void = () => {};

  const onChunk = (message: IncomingMessage) => {
    if (!mayAnswerTo(prefix, message)) return;
    const { data, respond } = message;
    let chunk: LogsChunk;
    try {
      chunk = decode(logsChunk, data);
    } catch {
      return;
    }
    const answer = () => respond?.(encode({ goOn: !linked.signal.aborted && !chunk.end }));
    // Sent again because our answer was lost.
    if (chunk.sequence <= taken) return answer();
    waiting = { chunk, answer };
    wake();
  };
  const next = async (limitMs: number): Promise<LogsChunk> => {
    const arrived = Promise.withResolvers<void>();
    wake = arrived.resolve;
    const late = `island ${island} does not answer: no part of the log came within ${limitMs / 1000} s`;
    const stop = clock.timer(limitMs, () => arrived.reject(new LinkError('Timeout', late)));
    const abort = () => arrived.reject(linked.signal.reason as Error);
    linked.signal.addEventListener('abort', abort, { once: true });
    try {
      linked.signal.throwIfAborted();
      if (waiting === undefined) await arrived.promise;
    } finally {
      stop();
      linked.signal.removeEventListener('abort', abort);
    }
    const { chunk, answer } = waiting as NonNullable<typeof waiting>;
    waiting = undefined;
    taken = chunk.sequence;
    // Answered before its lines are used: one chunk is on its way while the reader reads.
    answer();
    return chunk;
  };

  const subscription = transport.subscribe(subjects.logs(id), onChunk, linked.signal);
  subscription.catch((error: unknown) => linked.abort(error));
  try {
    if (!transport.connected) throw new LinkError('Disconnected', `cannot ask island ${island} for a log: NATS is not connected`);
    transport.publish(subjects.askLogs, encode({ id, ...request }));
    for (let limit = firstMs; ; limit = silenceMs) {
      const { lines, end, error } = await next(limit);
      yield* lines;
      if (error !== undefined) throw new Error(`cannot read the log on island ${island}: ${error}`);
      if (end) return;
    }
  } finally {
    linked.abort(new Error('nobody reads the log any more'));
    linked.unlink();
    await subscription.catch(() => undefined);
  }
}
