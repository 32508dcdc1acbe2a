/** Runs a program to its end and returns what it printed, or says why it failed. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** Written to its standard input, which is then closed. */
  input?: string;
  /** Ends the program (SIGKILL) when aborted. */
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Called with each line of standard error as it comes. */
  onLine?: (line: string) => void;
}

export interface CommandOutput {
  stdout: string;
  stderr: string;
}

/** Thrown when a program cannot be started or ends with another code than 0. */
export class CommandError extends Error {
  readonly program: string;
  readonly code: number | undefined;
  readonly stderr: string;
  readonly stdout: string;
  constructor(program: string, why: string, code: number | undefined, output: CommandOutput, cause?: unknown) {
    const said = output.stderr.trim() || output.stdout.trim();
    super(`cannot run ${program}: ${why}${said ? `\n${lastLines(said, 15)}` : ''}`, cause === undefined ? {} : { cause });
    this.name = 'CommandError';
    this.program = program;
    this.code = code;
    this.stderr = output.stderr;
    this.stdout = output.stdout;
  }
}

const outputLimit = 8 * 1024 * 1024;

/** Runs `program` and resolves with its output when it exits with 0; keeps the last 8 MiB of each stream. */
export function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  return new Promise((resolve, reject) => {
    const output: CommandOutput = { stdout: '', stderr: '' };
    const label = [program.slice(program.lastIndexOf('/') + 1), ...args].join(' ').slice(0, 200);
    const signals = [options.signal, options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)];
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
    });
    let partial = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout = (output.stdout + text).slice(-outputLimit);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr = (output.stderr + text).slice(-outputLimit);
      if (!options.onLine) return;
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) options.onLine(line);
    });
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure ??= error;
      if (child.pid === undefined) reject(new CommandError(label, error.message, undefined, output, error));
    });
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve(output);
      const why = options.signal?.aborted
        ? 'it was stopped'
        : failure?.name === 'AbortError'
          ? `it did not end within ${options.timeoutMs} ms`
          : killedBy
            ? `it was ended by ${killedBy}`
            : `it ended with code ${code}`;
      reject(new CommandError(label, why, code ?? undefined, output, failure));
    });
    child.stdin.on('error', () => {}); // a program that does not read its input is no error
    child.stdin.end(options.input ?? '');
  });
}

function lastLines(text: string, count: number): string {
  return text.split('\n').slice(-count).join('\n');
}
