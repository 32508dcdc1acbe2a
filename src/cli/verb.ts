/** What a command of the CLI is, what it is given, and the two ways in which it says no. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Clock, Random } from '../clock.ts';

/** Where a command speaks. Secrets are never given to either. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Asks a person; absent where nobody can answer. */
  confirm?: (question: string) => Promise<boolean>;
}

export interface CliOptions {
  version: string;
  clock: Clock;
  random: Random;
  /** Kubeconfig when none is given by flag; absent when this runs in a pod, whose service account is used. */
  kubeconfig?: string | undefined;
}

export type Options = NonNullable<ParseArgsConfig['options']>;

/** The command line of one verb: flags by name, and the words that are no flags. */
export interface Call extends CliOptions {
  io: Io;
  words: readonly string[];
  /** Undefined when the flag was not given. */
  text(flag: string): string | undefined;
  texts(flag: string): readonly string[];
  on(flag: string): boolean;
}

export interface Verb {
  /** One line for the list of verbs. */
  summary: string;
  /** The whole text of `--help`. */
  help: string;
  options: Options;
  /** Resolves with the exit code. */
  run(call: Call): Promise<number>;
}

/** Thrown for a command line that cannot be understood; exit code 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

/** Thrown when something cannot be done; the message names cause and remedy; exit code 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** Flags that every verb which speaks to a cluster has. */
export const clusterOptions = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
} satisfies Options;

export const clusterHelp = `  --kubeconfig FILE   administrator's access to the hub's cluster (default: KUBECONFIG, or ~/.kube/config)
  --context NAME      context of the kubeconfig instead of its current one
  -n, --namespace NS  namespace of the hub's release (default: atoll-system)`;

export function readCall(verb: Verb, argv: readonly string[], options: CliOptions, io: Io): Call | 'help' {
  const { values, positionals } = parse(verb, argv);
  if (values['help'] === true) return 'help';
  return {
    ...options,
    io,
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
  };
}

function parse(verb: Verb, argv: readonly string[]): { values: Record<string, unknown>; positionals: string[] } {
  const help = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { ...verb.options, ...help } });
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
