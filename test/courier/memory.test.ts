/** The courier as a real process beside a trainer that is hard on it: its memory is bounded whatever the trainer does. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Gateway, gatewayMissing, startGateway } from '../store/gateway.ts';
import { courierConfigOf, PREFIX, reportOf, TestPod, until } from './pod.ts';
import { publishedIn } from './trainer.ts';

const GIB = 1024 ** 3;
const LIMIT_KB = 200_000;
const LINES = 200_000;

describe('courier memory', { skip: gatewayMissing }, () => {
  test('stays under 200 MB with a 2 GiB checkpoint, 200,000 progress lines and a checkpoint that is never finished', async (context) => {
    const gateway = await startGateway();
    const pod = await TestPod.create(gateway);
    const children: ChildProcess[] = [];
    context.after(async () => {
      for (const child of children) child.kill('SIGKILL');
      await pod.remove();
      await gateway.stop();
    });
    assert.equal(await pod.restore(), 0);
    const courier = await start('publish', pod, children);

    await pod.trainer.saveHalf('step-1');
    const big = await saveBig(pod, 2 * GIB);
    const line = (step: number) =>
      `${JSON.stringify({ step, steps: LINES, loss: 1 / (step + 1), samplesPerSecond: 812.5, extra: 'x'.repeat(60) })}\n`;
    for (let step = 0; step < LINES; step += 1000) {
      await appendFile(pod.paths.progress, Array.from({ length: 1000 }, (_, index) => line(step + index + 1)).join(''));
    }
    await until('the newest progress is seen', async () => (await reportOf(courier.port)).progress?.step === LINES, 60_000);
    await until('the checkpoint is published', () => publishedIn(big), 300_000);
    const publishing = await peakKb(courier.child);

    courier.child.kill('SIGTERM');
    assert.deepEqual(await once(courier.child, 'exit'), [0, null]);
    const result = await pod.result();
    let history = 0;
    for await (const { key, size } of gateway.store().list(PREFIX)) {
      assert.equal(key.includes('step-00000001'), false);
      if (key.endsWith('/atoll-history.json')) history += size;
    }
    assert.ok(history > 0, 'no history was published');
    assert.deepEqual(
      [result.reason, result.step, result.checkpoint?.bytes],
      ['Published', 2, 2 * GIB + (await checkpointJson()).length + history],
    );

    const bytes = await restoreAgain(gateway, pod, children);
    context.diagnostic(`peak: publish ${Math.round(publishing / 1000)} MB, restore ${Math.round(bytes / 1000)} MB`);
    assert.ok(publishing > 0 && bytes > 0, 'no memory was measured');
    assert.ok(publishing <= LIMIT_KB, `publish took ${publishing} kB`);
    assert.ok(bytes <= LIMIT_KB, `restore took ${bytes} kB`);
  });
});

async function checkpointJson(): Promise<string> {
  return JSON.stringify({ contract: 'atoll.dev/contract/v1', step: 2, kind: 'Resumable', final: false });
}

/** A checkpoint with one sparse file of that size. */
async function saveBig(pod: TestPod, size: number): Promise<string> {
  const draft = join(pod.paths.output, '.draft');
  await mkdir(draft, { recursive: true });
  const file = await open(join(draft, 'state.bin'), 'w');
  await file.truncate(size);
  await file.write(Buffer.from('not only zeros'), 0, 14, size >> 1);
  await file.close();
  await writeFile(join(draft, 'checkpoint.json'), await checkpointJson());
  const target = join(pod.paths.output, 'step-2');
  await rename(draft, target);
  return target;
}

/** The next attempt resumes from it; the highest memory while it downloads, in kB. */
async function restoreAgain(gateway: Gateway, pod: TestPod, children: ChildProcess[]): Promise<number> {
  await pod.configure(courierConfigOf(gateway, {}, 2));
  const { child } = await start('restore', pod, children);
  let peak = 0;
  const ended = once(child, 'exit');
  while (child.exitCode === null) {
    peak = Math.max(peak, await peakKb(child).catch(() => 0));
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  assert.deepEqual(await ended, [0, null]);
  assert.equal((await pod.result()).resumedFrom?.step, 2);
  assert.equal((await stat(join(pod.paths.resume, 'state.bin'))).size, 2 * GIB);
  return peak;
}

async function start(
  command: 'publish' | 'restore',
  pod: TestPod,
  children: ChildProcess[],
): Promise<{ child: ChildProcess; port: number }> {
  const pathsFile = join(pod.folder, 'paths.json');
  await writeFile(pathsFile, JSON.stringify(pod.paths));
  const program = fileURLToPath(new URL('./process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, command, pod.configPath, pathsFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  if (command === 'restore') return { child, port: 0 };
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(/listening (\d+)/.exec(chunk.toString())?.[1]) };
}

/** The most memory the process ever had resident, in kB; 0 once it has ended and is not yet waited for. */
async function peakKb(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}
