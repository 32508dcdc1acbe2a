/** The command line as people use it, each verb as a process of its own, against a hub and its islands. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { bundlePath } from '../../../local/build.ts';
import { namespace } from './trainings.ts';
import type { World } from './world.ts';

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export function cli(world: () => World): void {
  it('is planned, explained and looked at by the command line alone, logs of its experts and the dashboard among it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'atoll-cli-'));
    const env = { KUBECONFIG: world().hub.kubeconfigPath };

    /** Runs it to its end, or until `enough` of its output is there, which is ended with Ctrl-C. */
    const run = (args: readonly string[], enough?: RegExp): Promise<Ended> =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [bundlePath, ...args], { env: { ...process.env, ...env }, timeout: 300_000 });
        const ended: Ended = { code: null, out: '', err: '' };
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          ended.out += text;
          if (enough?.test(ended.out)) child.kill('SIGINT');
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          ended.err += text;
        });
        child.on('error', reject);
        child.on('close', (code) => resolve({ ...ended, code }));
      });
    const atoll = async (words: string, code = 0): Promise<Ended> => {
      const ended = await run([...words.split(' '), '-n', namespace]);
      assert.equal(ended.code, code, `atoll ${words}: ${ended.out}${ended.err}`);
      return ended;
    };

    try {
      // Before anything runs.
      const checked = await atoll('check');
      assert.match(checked.out, /ok {7}the hub \S+: 2 of 2 pods are ready/);
      assert.match(checked.out, /ok {7}island west is Ready/);
      assert.match((await atoll('version')).out, /island east +\S+ +v1\.\S+ +same as the hub/);
      assert.match((await run(['island', 'check', 'west'])).out, /^ok {7}island west is Ready/);
      const file = join(dir, 'run.yaml');
      await writeFile(file, (await atoll('init planned --experts 2 --cpu 50m --memory 128Mi')).out);
      assert.match((await atoll(`plan -f ${file}`)).out, /\n2 of 2 experts have an island: 2 pods, 2 GPUs\.\n$/);
      await writeFile(file, (await atoll('init planned --experts 2 --gpus 64')).out);
      const stuck = await atoll(`plan -f ${file}`, 1);
      assert.match(stuck.out, /ExceedsAnyIsland +no island can take it now: east: has at most 8 for 64 GPUs asked/);

      // While it runs.
      const training = await world().train('steered', { seconds: 90 });
      const index = await training.expertOn('west');
      await training.until('a checkpoint', async () => (await training.expert(index)).status?.checkpoint);
      assert.match((await atoll('get runs')).out, /\nsteered +Running +0\/2/);
      assert.match((await atoll('get experts --run @latest')).out, new RegExp(`steered-e00${index} +Running`));
      assert.match((await atoll('explain steered')).out, /^Run steered is Running: /);
      assert.match((await atoll('top')).out, /research +steered +2 +east,west/);
      await world().kubectl(['create', 'serviceaccount', 'reader']);
      await world().kubectl(['create', 'rolebinding', 'reader', '--clusterrole=admin', `--serviceaccount=${namespace}:reader`]);
      const token = (await world().kubectl(['create', 'token', 'reader'])).trim();
      assert.match((await atoll(`logs steered -e ${index} --token ${token}`)).out, /^starts at step 0$/m);
      const shown = await run(['ui', '--no-browser', '--token', token], /\n/);
      assert.match(shown.out, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
      const watched = await run(['watch', 'steered', '-n', namespace], /expert \d \w+ on east/);
      assert.match(watched.out, /^\S+Z Run steered is /);
      await training.remove();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
}
