/** The terminal that a command runs in. */
import { createInterface } from 'node:readline/promises';
import type { Io } from './verb.ts';

export function terminal({ stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>): Io {
  const io: Io = { out: (text) => void stdout.write(text), err: (text) => void stderr.write(text) };
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
