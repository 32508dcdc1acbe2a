/** Starts and ends the background process that holds a cluster. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeeperMessage, KeeperOptions } from './keeper.ts';
import { checkout } from './paths.ts';
import { isAlive, signalProcess } from './process-id.ts';
import type { Progress, Step } from './progress.ts';
import { clusterDir, liveRecord, type Record, readRecord, removeRecord } from './record.ts';

/** Brings a cluster up in the background and shows how far it is; an aborted signal takes back what was started. */
export async function up(options: KeeperOptions, progress: Progress, signal: AbortSignal): Promise<Record> {
  const running = await liveRecord(options.name);
  if (running) {
    const ready = running.up ? 'is up already' : `is being started by process ${running.keeper.pid}`;
    throw new Error(`cannot start cluster ${options.name}: it ${ready}. Use \`npm run local -- down ${options.name}\` first`);
  }
  const logs = join(clusterDir(options.name), 'logs');
  await mkdir(logs, { recursive: true });
  const log = openSync(join(logs, 'keeper.log'), 'w');
  const child = spawn(process.execPath, [join(checkout, 'local/keeper.ts')], {
    cwd: checkout,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const steps = new Map<number, Step>();
  let failure: string | undefined;
  let isUp = false;
  child.on('message', (message: KeeperMessage) => {
    if (message.kind === 'say') progress.say(message.text);
    else if (message.kind === 'start') steps.set(message.step, progress.start(message.text));
    else if (message.kind === 'detail') steps.get(message.step)?.detail(message.text);
    else if (message.kind === 'done') steps.get(message.step)?.done(message.text);
    else if (message.kind === 'failed') steps.get(message.step)?.failed();
    else if (message.kind === 'up') isUp = true;
    else failure = message.message;
  });
  const settled = new Promise<void>((resolve, reject) => {
    child.once('disconnect', () => (isUp ? resolve() : undefined));
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  child.send(options);
  await settled;
  signal.removeEventListener('abort', stop);
  const record = isUp ? await liveRecord(options.name) : undefined;
  if (record) {
    child.unref();
    return record;
  }
  signal.throwIfAborted();
  throw new Error(failure ?? `cannot start cluster ${options.name}: its process ended. Its log is ${join(logs, 'keeper.log')}`);
}

/** Ends a cluster and waits until all of it is gone; false when there was none. */
export async function down(name: string): Promise<boolean> {
  const record = await readRecord(name);
  if (!record) return false;
  await signalProcess(record.keeper, 'SIGTERM');
  if (!(await gone(record, 30_000))) {
    await signalProcess(record.keeper, 'SIGKILL'); // the kernel and the guards of its machines do the rest
    await gone(record, 10_000);
  }
  await removeRecord(name);
  return true;
}

async function gone(record: Record, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (await isAlive(record.keeper)) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}
