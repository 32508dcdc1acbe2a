/**
 * The background process behind `npm run local -- up`: holds one cluster and one object store until SIGTERM. Its parent gets the progress
 * as messages; a parent that goes away before everything is up takes all of it along.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaries } from './binaries.ts';
import { clusterPrograms, startCluster } from './cluster.ts';
import { explain } from './explain.ts';
import type { ImageName } from './images.ts';
import { startObjectStorage } from './object-storage.ts';
import { identify } from './process-id.ts';
import type { Progress } from './progress.ts';
import { clusterDir, removeOldLogs, removeRecord, writeRecord } from './record.ts';

export interface KeeperOptions {
  name: string;
  gpus: number;
  /** Whether Atoll is installed in it. */
  atoll: boolean;
}

export type KeeperMessage =
  | { kind: 'say'; text: string }
  | { kind: 'start'; step: number; text: string }
  | { kind: 'detail'; step: number; text: string }
  | { kind: 'done'; step: number; text: string }
  | { kind: 'failed'; step: number }
  | { kind: 'up' }
  | { kind: 'error'; message: string };

const bucket = 'atoll';

async function keep(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const progress = remoteProgress();
  const dir = clusterDir(options.name);
  const keeper = await identify(process.pid);
  if (!keeper) throw new Error('cannot read /proc/self/stat');
  await removeRecord(options.name);
  await removeOldLogs(options.name);
  await writeRecord({ name: options.name, keeper });
  try {
    await binaries([...clusterPrograms, 'versitygw'], { progress, signal });
    const images: ImageName[] = options.atoll ? ['base', 'atoll', 'atoll-ddm'] : ['base'];
    await using cluster = await startCluster({ name: options.name, gpus: options.gpus, dir, images, progress, signal });
    const hosts = ['127.0.0.1', cluster.hostAddress];
    await using storage = await startObjectStorage({ dir: join(dir, 'storage'), buckets: [bucket], hosts, progress, signal });
    const credentials = join(dir, 'storage', 'credentials.env');
    const { accessKeyId, secretAccessKey } = storage.credentials;
    const lines = [
      `AWS_ACCESS_KEY_ID=${accessKeyId}`,
      `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
      `AWS_REGION=${storage.region}`,
    ];
    await writeFile(credentials, `${[...lines, `AWS_ENDPOINT_URL_S3=${storage.endpoint}`].join('\n')}\n`, { mode: 0o600 });
    if (options.atoll) {
      const step = progress.start('Installing Atoll');
      const { installAtoll } = await import('./install.ts');
      await installAtoll({ cluster, storage, bucket, namespaces: ['default'] });
      step.done();
    }
    const forPods = `http://${cluster.hostAddress}:${storage.port}`;
    const { url, kubeconfigPath: kubeconfig, machine } = cluster;
    await writeRecord({
      name: options.name,
      keeper,
      up: {
        url,
        kubeconfig,
        address: machine.address,
        gpus: options.gpus,
        wire: machine.wire,
        storage: { endpoint: storage.endpoint, forPods, bucket, credentials },
      },
    });
    tell({ kind: 'up' });
    isUp = true;
    if (process.connected) process.disconnect();
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await removeRecord(options.name);
  }
}

function tell(message: KeeperMessage): void {
  if (process.connected) process.send?.(message);
}

function remoteProgress(): Progress {
  let steps = 0;
  return {
    say: (text) => tell({ kind: 'say', text }),
    start(text) {
      const step = ++steps;
      tell({ kind: 'start', step, text });
      return {
        detail: (detail) => tell({ kind: 'detail', step, text: detail }),
        done: (result = 'done') => tell({ kind: 'done', step, text: result }),
        failed: () => tell({ kind: 'failed', step }),
      };
    },
  };
}

let isUp = false;
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
process.on('disconnect', () => {
  if (!isUp) stop.abort(new Error('stopped: the command that started it went away'));
});
// The alive check of a record is on this process, so nothing may keep it running once everything is stopped.
process.once('message', (options: KeeperOptions) => {
  keep(options, stop.signal).catch((error: unknown) => {
    console.error(error);
    tell({ kind: 'error', message: explain(error) });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  });
});
