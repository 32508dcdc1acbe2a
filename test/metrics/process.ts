/** A real process of the operator on a real API server, and what it answers at /metrics. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { checkout } from '../../local/paths.ts';

export interface OperatorProcess extends AsyncDisposable {
  /** The body of /metrics. */
  scrape(): Promise<string>;
  ready(): Promise<boolean>;
}

const common = {
  images: { atoll: 'atoll:test', workload: 'workload:test' },
  http: { port: 0 },
  lease: { namespace: 'default' },
};
const bucket = { name: 'default', endpoint: 'http://127.0.0.1:9', bucket: 'bucket' };

/** Nothing answers at their store and at their NATS: metrics have to be there all the same. */
const settings = {
  standalone: {
    ...common,
    role: 'standalone',
    stores: [{ ...bucket, secretName: 'store', credentialsDir: 'none' }],
    agentKeyFile: 'key',
  },
  hub: {
    ...common,
    role: 'hub',
    stores: [{ ...bucket, credentialsDir: 'none' }],
    link: { servers: ['nats://127.0.0.1:9'], credentialsFile: 'none' },
  },
};

/** Starts `atoll ROLE` and resolves once it serves its port. */
export async function startOperator(role: keyof typeof settings, kubeconfig: string): Promise<OperatorProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-operator-'));
  await writeFile(join(folder, 'key'), '0123456789abcdef');
  await writeFile(join(folder, 'settings.yaml'), stringify(settings[role]));
  const args = [join(checkout, 'src/main.ts'), role, '--config', join(folder, 'settings.yaml'), '--kubeconfig', kubeconfig];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as { port?: number; msg?: string };
    if (said.msg === `${role} operator starts` && said.port !== undefined) port.resolve(said.port);
  });
  void ended.then(() => port.reject(new Error(`the ${role} ended before it served its port`)));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  const base = await port.promise.then(
    (number) => `http://127.0.0.1:${number}`,
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
  return {
    scrape: async () => await (await fetch(`${base}/metrics`)).text(),
    ready: async () => (await fetch(`${base}/readyz`)).ok,
    [Symbol.asyncDispose]: stop,
  };
}
