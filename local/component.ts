/** A long-running program with its own log, which the kernel ends when this process dies, even by SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ComponentSpec {
  name: string;
  program: string;
  args: readonly string[];
  /** Folder it runs in. */
  cwd: string;
  /** File that its output is appended to. */
  log: string;
  env?: Record<string, string>;
  /** Put before the program: `nsenter ... --` of the machine that it runs in. */
  enter?: () => readonly string[];
}

/** One run after another of the same program: start, stop, kill, freeze and thaw. */
export class Component {
  readonly spec: ComponentSpec;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(spec: ComponentSpec) {
    this.spec = spec;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the current run has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  start(): void {
    if (this.#child) throw new Error(`cannot start ${this.spec.name}: it is running as process ${this.#child.pid}`);
    const log = openSync(this.spec.log, 'a');
    // A session of its own keeps an interrupt from the terminal away from it: its owner stops it in order.
    const enter = this.spec.enter?.() ?? [];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...enter, this.spec.program, ...this.spec.args], {
      cwd: this.spec.cwd,
      stdio: ['ignore', log, log],
      detached: true,
      env: { ...process.env, ...this.spec.env },
    });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
  }

  /** Sends the signal; false when the program is not running. */
  signal(signal: NodeJS.Signals): boolean {
    const child = this.#child;
    if (child?.pid === undefined) return false;
    if (!this.spec.enter) return child.kill(signal);
    // The program is the one child of nsenter, which waits for it, stops when it stops, and passes its end on.
    const inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
    if (inner) process.kill(inner, signal);
    return signal === 'SIGCONT' || !inner ? child.kill(signal) : true;
  }

  /** SIGTERM, and SIGKILL when it has not ended after `graceMs`. */
  async stop(graceMs = 5000): Promise<void> {
    if (!this.signal('SIGTERM')) return;
    this.signal('SIGCONT');
    const patience = new AbortController();
    const killed = sleep(graceMs, undefined, { signal: patience.signal }).then(
      () => this.signal('SIGKILL'),
      () => {},
    );
    await this.#exited;
    patience.abort();
    await killed;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** The last lines of its log, for an error message. */
  async lastWords(lines = 15): Promise<string> {
    const text = await readFile(this.spec.log, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** Asks `ready` every 50 ms until it says true; fails with the log's last lines when the program ends or `limitMs` is over. */
export async function untilReady(
  component: Component,
  ready: () => Promise<boolean>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await ready()) return;
    const why = !component.running
      ? 'it ended'
      : Date.now() > deadline
        ? `it was not ready within ${limitMs / 1000} s`
        : undefined;
    if (why)
      throw new Error(
        `cannot start ${component.spec.name}: ${why}. Its log ${component.spec.log} ends with:\n${await component.lastWords()}`,
      );
    await sleep(50);
  }
}
