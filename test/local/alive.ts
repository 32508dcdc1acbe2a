/** Waits for things to appear and go, and starts programs of this repository that a test then kills. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every 50 ms until the answer is true; fails with the sentence when it is not within the limit. */
export async function until(sentence: string, ask: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${sentence}`);
    await sleep(50);
  }
}

/** Numbers of the processes whose command line holds the text. */
export async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text)) found.push(Number(entry));
  }
  return found;
}

/** Numbers of the processes in the namespace, named as the kernel does: `pid:[4026532281]`. */
export async function processesIn(kind: 'pid' | 'net' | 'mnt', namespace: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const own = await readlink(`/proc/${entry}/ns/${kind}`).catch(() => '');
    if (own === namespace) found.push(Number(entry));
  }
  return found;
}

export interface Started {
  child: ChildProcess;
  /** Everything it has printed so far. */
  printed: () => string;
  ended: Promise<void>;
}

/** Runs TypeScript source or a file in a Node of its own. */
export function startNode(args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: '', ...env },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return { child, printed: () => printed, ended: new Promise((resolve) => child.once('close', () => resolve())) };
}

/** A module's source as arguments of Node. */
export const source = (text: string): string[] => ['--input-type=module-typescript', '--eval', text];
