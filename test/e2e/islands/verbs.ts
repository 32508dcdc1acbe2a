/**
 * The command line as people use it, each verb as a process of its own. With ATOLL_PRINTED=FOLDER what each has printed is kept there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePath } from '../../../local/build.ts';
import { namespace } from './trainings.ts';
import type { World } from './world.ts';

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export class Verbs implements AsyncDisposable {
  /** For the files of a scenario. */
  readonly dir: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(dir: string, kubeconfig: string) {
    this.dir = dir;
    this.#env = { ...process.env, KUBECONFIG: kubeconfig };
  }

  static async at({ hub }: World): Promise<Verbs> {
    return new Verbs(await mkdtemp(join(tmpdir(), 'atoll-cli-')), hub.kubeconfigPath);
  }

  /** Runs `atoll` in the namespace of the trainings; fails when it ends with another code. */
  async atoll(words: string, code = 0): Promise<Ended> {
    const ended = await this.run([...words.split(' '), '-n', namespace]);
    assert.equal(ended.code, code, `atoll ${words}: ${ended.out}${ended.err}`);
    return ended;
  }

  /** The same of a verb about islands, which are in no namespace. */
  async island(words: string, code = 0): Promise<Ended> {
    const ended = await this.run(['island', ...words.split(' ')]);
    assert.equal(ended.code, code, `atoll island ${words}: ${ended.out}${ended.err}`);
    return ended;
  }

  /** Runs it to its end, or until `enough` of its output is there, which is ended with Ctrl-C. */
  async run(args: readonly string[], enough?: RegExp): Promise<Ended> {
    const ended = await new Promise<Ended>((resolve, reject) => {
      const child = spawn(process.execPath, [bundlePath, ...args], { env: this.#env, cwd: this.dir, timeout: 300_000 });
      const said: Ended = { code: null, out: '', err: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said.out += text;
        if (enough?.test(said.out)) child.kill('SIGINT');
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.err += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ ...said, code }));
    });
    await keep(args, ended);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function keep(args: readonly string[], { code, out, err }: Ended): Promise<void> {
  const folder = process.env['ATOLL_PRINTED'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  const secret = args.indexOf('--token') + 1;
  const shown = args.map((word, at) => (secret > 0 && at === secret ? '...' : word));
  const verb = args.slice(0, ['island', 'checkpoints'].includes(args[0] ?? '') ? 2 : 1).join('-');
  await appendFile(join(folder, `${verb}.txt`), `$ atoll ${shown.join(' ')}\n${out}${err}exit code ${code}\n\n`);
}
