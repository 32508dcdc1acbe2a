/** The terminal that a command runs in. */
import { createInterface } from 'node:readline/promises';
import type { Io } from './verb.ts';

/** `color`: whether colours are wanted where a terminal can show them. */
export function terminal(
  { stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
  { color }: { color: boolean },
): Io {
  // A reader that closes a pipe early, such as head, has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const screen = { columns: () => stdout.columns || 80, rows: () => stdout.rows || 24 };
  const io: Io = {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    ...(stdout.isTTY ? { screen, color } : {}),
  };
  if (!stdin.isTTY || !stderr.isTTY) return io;
  return {
    ...io,
    async confirm(question) {
      const asking = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
      } finally {
        asking.close();
      }
    },
  };
}
