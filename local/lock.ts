/** A lock between processes that the kernel releases when its holder dies, however it dies. */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once when somebody else holds the lock, before the wait. */
  onWait?: () => void;
}

/**
 * Runs `work` while holding the lock file at `path`. `flock` of util-linux holds it, in a child that lives as long as a pipe to this
 * process is open, so that even SIGKILL of this process releases it.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const child = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true, // an interrupt from the terminal must not release the lock before the work has ended
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const waiting = options.onWait ? setTimeout(options.onWait, 500) : undefined;
  const abort = () => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const held = await new Promise<boolean>((resolve, reject) => {
      child.once('error', (error) =>
        reject(new Error('cannot lock: flock (package util-linux) did not start', { cause: error })),
      );
      child.stdout.once('data', () => resolve(true));
      child.stdout.once('end', () => resolve(false));
    });
    options.signal?.throwIfAborted();
    if (!held) throw new Error(`cannot lock ${path}: flock ended before it held the lock`);
    options.signal?.removeEventListener('abort', abort);
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    options.signal?.removeEventListener('abort', abort);
    child.stdin.on('error', () => {}).end();
    if (child.pid !== undefined) await exited;
  }
}
