/** What a command of the CLI is, what it is given, and the ways in which it says no. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Clock, Random } from '../clock.ts';

/** Where a command speaks. Secrets are never given to either. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Asks a person; absent where nobody can answer. */
  confirm?: (question: string) => Promise<boolean>;
  /** The terminal that `out` goes to; absent for a pipe or a file. */
  screen?: Screen;
  /** Whether states may be coloured. They are words in any case. */
  color?: boolean;
}

export interface Screen {
  /** In characters, as it is now. */
  columns(): number;
  rows(): number;
}

export interface CliOptions {
  version: string;
  clock: Clock;
  random: Random;
  /** Kubeconfig when none is given by flag; absent when this runs in a pod, whose service account is used. */
  kubeconfig?: string | undefined;
  /** Where credentials of a store may stand. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Aborted when the person does not want to wait any more. */
  signal?: AbortSignal;
}

export type Options = NonNullable<ParseArgsConfig['options']>;

/** The command line of one verb: flags by name, and the words that are no flags. */
export interface Call extends Required<Omit<CliOptions, 'kubeconfig'>>, Pick<CliOptions, 'kubeconfig'> {
  io: Io;
  words: readonly string[];
  /** Undefined when the flag was not given. */
  text(flag: string): string | undefined;
  texts(flag: string): readonly string[];
  on(flag: string): boolean;
  /** Names the command that a person may want next; said to people only, never into a pipe. */
  next(command: string, why: string): void;
}

export interface Verb {
  /** One line for the list of verbs. */
  summary: string;
  /** The whole text of `--help`. */
  help: string;
  options: Options;
  /** It has something to put right when the person interrupts it, and ends by itself soon after `signal`; others are just left. */
  tidies?: boolean;
  /** What its first word is, for completion. */
  word?: 'run' | 'island' | 'kind' | 'shell';
  /** Resolves with the exit code. */
  run(call: Call): Promise<number>;
}

/** The exit codes, which are part of the interface. */
export const exitCodes = { done: 0, failed: 1, usage: 2, timeout: 3, damaged: 4, interrupted: 130 } as const;

/** Thrown for a command line that cannot be understood; exit code 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

/** Thrown when something cannot be done; the message names cause and remedy. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

const accessOptions = { kubeconfig: { type: 'string' }, context: { type: 'string' } } satisfies Options;

const accessHelp = (whose: string) =>
  `  --kubeconfig FILE   ${whose} access to the hub's cluster (default: KUBECONFIG, or ~/.kube/config)
  --context NAME      context of the kubeconfig instead of its current one`;

/** Flags that every administrator's verb has. */
export const clusterOptions = { ...accessOptions, namespace: { type: 'string', short: 'n' } } satisfies Options;

export const clusterHelp = `${accessHelp("administrator's")}
  -n, --namespace NS  namespace of the hub's release (default: atoll-system)`;

/** Flags that every verb about the objects of users has. */
export const scopeOptions = { ...clusterOptions, 'hub-namespace': { type: 'string' } } satisfies Options;

export const scopeHelp = `  -n, --namespace NS  namespace of the runs (default: that of the kubeconfig's context, or default)
  --hub-namespace NS  namespace of the hub's release (default: atoll-system)
${accessHelp('your')}
  --no-color          no colours; NO_COLOR in the environment does the same`;

/** Flags of every verb, said once in the list of verbs. */
const commonOptions = { help: { type: 'boolean', short: 'h' }, 'no-color': { type: 'boolean' } } satisfies Options;

export const optionsOf = (verb: Verb): Options => ({ ...verb.options, ...commonOptions });

export function readCall(verb: Verb, argv: readonly string[], options: CliOptions, io: Io): Call | 'help' {
  const { values, positionals } = parse(verb, argv);
  if (values['help'] === true) return 'help';
  const { color: _, ...plain } = io;
  return {
    env: {},
    signal: new AbortController().signal,
    ...options,
    io: values['no-color'] === true ? plain : io,
    words: positionals,
    text(flag) {
      const value = values[flag];
      return typeof value === 'string' ? value : undefined;
    },
    texts(flag) {
      const value = values[flag];
      return Array.isArray(value) ? value.map(String) : [];
    },
    on: (flag) => values[flag] === true,
    next(command, why) {
      if (io.screen) io.err(`\nNext: ${command}   ${why}\n`);
    },
  };
}

function parse(verb: Verb, argv: readonly string[]): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: optionsOf(verb) });
  } catch (error) {
    // Only the first sentence: the rest explains how to pass words that begin with a dash.
    throw new CommandLineError((error as Error).message.split('. ')[0]);
  }
}

/** The one word that a verb takes. */
export function oneWord(call: Call, what: string): string {
  const [word, ...more] = call.words;
  if (word === undefined) throw new CommandLineError(`${what} is missing`);
  if (more.length > 0) throw new CommandLineError(`one ${what} is expected, and there is more: ${more.join(' ')}`);
  return word;
}

export function noWords(call: Call): void {
  if (call.words.length > 0) throw new CommandLineError(`no word is expected: ${call.words.join(' ')}`);
}
