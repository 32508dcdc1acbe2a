/** One watch as an async iterable: lines to events, bookmarks, ERROR events as errors, and a limit on silence. */
import type { Clock } from '../clock.ts';
import { link } from './abort.ts';
import { ApiError, ConnectionError, SilenceError, type StatusBody } from './errors.ts';
import type { HttpRequest, Transport } from './transport.ts';
import type { KubeObject, WatchEvent } from './types.ts';

/** A bookmark comes every minute, so longer silence means that the server, or the way to it, is dead. */
export const defaultIdleMs = 75_000;

/** No object of etcd is larger than 1.5 MiB; a line beyond this is not an event. */
const longestLine = 16 * 1024 * 1024;

export async function* watchEvents<T extends KubeObject>(
  transport: Transport,
  request: HttpRequest & { signal: AbortSignal },
  clock: Clock,
  idleMs: number = defaultIdleMs,
): AsyncGenerator<WatchEvent<T>> {
  const linked = link(request.signal);
  try {
    const chunks = await transport.stream({ ...request, signal: linked.signal });
    try {
      const decoder = new TextDecoder();
      let rest = '';
      for (;;) {
        // Only waiting for the server counts as silence, not a slow consumer.
        const silent = new SilenceError(request.what, `neither event nor bookmark for ${idleMs / 1000} s`);
        const stop = clock.timer(idleMs, () => linked.abort(silent));
        const chunk = await chunks.next().finally(stop);
        if (chunk.done) return;
        rest += decoder.decode(chunk.value, { stream: true });
        let start = 0;
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
          const line = rest.slice(start, end).trim();
          start = end + 1;
          if (line !== '') yield parseEvent<T>(line, request.what);
        }
        rest = rest.slice(start);
        if (rest.length > longestLine) throw new ConnectionError(request.what, `a line longer than ${longestLine} bytes`, true);
      }
    } finally {
      await chunks.return?.();
    }
  } finally {
    linked.unlink();
  }
}

function parseEvent<T extends KubeObject>(line: string, what: string): WatchEvent<T> {
  let event: { type: string; object: KubeObject & StatusBody };
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new ConnectionError(what, `a line that is not JSON: ${line.slice(0, 80)}`, true, cause);
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object as KubeObject as T };
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion ?? '' };
    case 'ERROR':
      throw new ApiError(what, event.object.code ?? 500, event.object);
    default:
      throw new ConnectionError(what, `an event of unknown type ${event.type}`, true);
  }
}
