/** The log of one container as lines: read as it comes, in bounded memory, whatever the container writes. */

export interface LogOptions {
  readonly container: string;
  /** Go on with what is written from now on, until the container ends. */
  readonly follow?: boolean;
  /** Only so many of the last lines. */
  readonly tailLines?: number;
}

/** What is read of a log that is not followed: its first bytes after `tailLines`. */
export const longestLog = 16 * 1024 * 1024;

/** A longer line comes in pieces. In characters. */
export const longestLine = 64 * 1024;

/** Lines without their ends; the last one also when it has none. */
export async function* logLines(chunks: AsyncIterator<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const chunk = await chunks.next();
      rest += chunk.done ? decoder.decode() : decoder.decode(chunk.value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield* pieces(line);
      while (rest.length > longestLine) {
        yield rest.slice(0, longestLine);
        rest = rest.slice(longestLine);
      }
      if (!chunk.done) continue;
      if (rest !== '') yield rest;
      return;
    }
  } finally {
    // Whoever stops reading closes the connection.
    await chunks.return?.();
  }
}

function* pieces(line: string): Generator<string> {
  for (let at = 0; at === 0 || at < line.length; at += longestLine) yield line.slice(at, at + longestLine);
}
