/** Folders that go away with the process that made them, even when it is killed. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Guarded {
  path: string;
  remove(): Promise<void>;
}

/** A temporary folder; a shell that waits for the end of this process removes it when `remove` was never called. */
export async function temporaryFolder(prefix: string): Promise<Guarded> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const guard = onDeath('sleep 1; rm -rf -- "$1"', [path]);
  return {
    path,
    async remove() {
      guard.cancel();
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Runs a shell script with `args` once this process has died without cancelling it. */
export function onDeath(script: string, args: readonly string[]): { cancel(): void } {
  const child = spawn('sh', ['-c', `read -r word; [ "$word" = cancelled ] || {\n${script}\n}`, 'atoll-guard', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  const input = child.stdin;
  input.on('error', () => {});
  (input as typeof input & { unref?: () => void }).unref?.();
  return { cancel: () => void input.end('cancelled\n') };
}
