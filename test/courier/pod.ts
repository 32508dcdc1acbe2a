/** The courier's side of a training pod for tests: its files in a temporary folder, its two commands, and a trainer beside them. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import {
  type CourierConfig,
  type CourierReport,
  type CourierResult,
  courierReport,
  courierResult,
} from '../../src/api/courier.ts';
import { systemClock, systemRandom } from '../../src/clock.ts';
import type { CourierPaths } from '../../src/courier/context.ts';
import { type CourierOptions, runCourier } from '../../src/courier/main.ts';
import type { Gateway } from '../store/gateway.ts';
import { Trainer } from './trainer.ts';

export const TOKEN = 'bearer-of-a-test';
export const PREFIX = 'atoll/research.digits.1a2b3c4d/experts/003/';

export function courierConfigOf(
  gateway: Pick<Gateway, 'config'>,
  overrides: Partial<CourierConfig> = {},
  attempt = 1,
  placement = 1,
): CourierConfig {
  const owner = { kind: 'ExpertTraining' as const, name: 'digits', uid: '1a2b3c4d-0000-4000-8000-000000000000' };
  const work = { namespace: 'research', owner, training: 'digits', index: 3, experts: 4, role: 'Expert' as const };
  return {
    attempt: { islandJob: `digits-1a2b3c4d-e003-p${placement}`, uid: 'job-uid', work, placement, attempt },
    image: 'registry.example/trainer:1',
    stores: [gateway.config],
    inputs: [],
    output: { store: 'default', prefix: PREFIX },
    resume: [],
    quarantined: [],
    checkpoint: { keep: 2 },
    deletions: 'Always',
    grace: { saveSeconds: 60, publishSeconds: 600 },
    progress: { port: 0, tokenSha256: createHash('sha256').update(TOKEN).digest('hex') },
    ...overrides,
  };
}

export interface Sidecar {
  port: Promise<number>;
  /** The exit code. */
  ended: Promise<number>;
  /** SIGTERM. */
  stop(): Promise<number>;
}

export class TestPod {
  readonly folder: string;
  readonly uid: string;
  readonly index: number;
  readonly paths: CourierPaths;
  readonly trainer: Trainer;
  /** Every line the courier logged. */
  readonly logged: string[] = [];
  readonly #log = pino({ level: 'debug' }, { write: (line: string) => void this.logged.push(line) });

  private constructor(folder: string, uid: string, index: number) {
    this.folder = folder;
    this.uid = uid;
    this.index = index;
    const work = join(folder, 'work');
    this.paths = {
      inputs: join(work, 'inputs'),
      resume: join(work, 'resume'),
      output: join(work, 'output'),
      progress: join(work, 'progress.jsonl'),
      home: join(work, 'home'),
      stores: join(folder, 'stores'),
      claimed: join(work, '.claimed'),
      restored: join(work, '.restored'),
      history: join(work, '.history.json'),
      termination: join(folder, 'termination-log'),
    };
    this.trainer = new Trainer(this.paths);
  }

  static async create(
    gateway: Pick<Gateway, 'config' | 'credentials'>,
    config: CourierConfig = courierConfigOf(gateway),
    uid = 'pod-1',
    index = 0,
  ): Promise<TestPod> {
    const pod = new TestPod(await mkdtemp(join(tmpdir(), 'atoll-pod-')), uid, index);
    const secret = join(pod.paths.stores, 'default');
    await mkdir(secret, { recursive: true });
    await mkdir(join(pod.folder, 'work'));
    await writeFile(join(secret, 'AWS_ACCESS_KEY_ID'), gateway.credentials.accessKeyId);
    await writeFile(join(secret, 'AWS_SECRET_ACCESS_KEY'), `${gateway.credentials.secretAccessKey}\n`);
    await pod.configure(config);
    return pod;
  }

  get configPath(): string {
    return join(this.folder, 'config.json');
  }

  async configure(config: CourierConfig): Promise<void> {
    await writeFile(this.configPath, JSON.stringify(config));
  }

  #options(command: 'restore' | 'publish', signal: AbortSignal): CourierOptions {
    const pod = { uid: this.uid, name: `name-of-${this.uid}`, node: 'node-1', index: this.index };
    const common = { clock: systemClock, random: systemRandom, log: this.#log, paths: this.paths, pollMs: 20, patienceMs: 3_000 };
    return { command, configPath: this.configPath, pod, signal, ...common };
  }

  async restore(options: Partial<CourierOptions> = {}): Promise<number> {
    return runCourier({ ...this.#options('restore', new AbortController().signal), ...options });
  }

  publish(options: Partial<CourierOptions> = {}): Sidecar {
    const stop = new AbortController();
    const listening = Promise.withResolvers<number>();
    const onListening = (port: number) => listening.resolve(port);
    const ended = runCourier({ ...this.#options('publish', stop.signal), onListening, ...options });
    return {
      port: listening.promise,
      ended,
      stop: () => {
        stop.abort(new Error('SIGTERM'));
        return ended;
      },
    };
  }

  /** The courier may be writing it this very moment, in place: a file is read whole only when nobody writes. */
  async result(): Promise<CourierResult> {
    for (let tries = 1; ; tries++) {
      const text = await readFile(this.paths.termination, 'utf8');
      if (Buffer.byteLength(text) > 1024) throw new Error(`the result has ${Buffer.byteLength(text)} bytes`);
      try {
        return courierResult.parse(JSON.parse(text));
      } catch (error) {
        if (!(error instanceof SyntaxError) || tries === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function reportOf(port: number, token = TOKEN): Promise<CourierReport> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/progress`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`the courier answers ${response.status}`);
  return courierReport.parse(await response.json());
}

/** Looks again and again until there is something, for at most `limitMs`. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs = 20_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
