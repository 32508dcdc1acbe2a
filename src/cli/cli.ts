/** The CLI: finds the verb, reads its flags, runs it, and turns what it throws into a sentence and an exit code. */
import { ApiError, ConnectionError } from '../kube/errors.ts';
import { KeyringError } from '../link/keyring.ts';
import { DamagedObjectError, isStorageError, StoreRefusedError, StoreUnavailableError } from '../store/errors.ts';
import { completing } from './completion.ts';
import { rootHelp, usageOf } from './help.ts';
import { nearest } from './nearest.ts';
import { type CliOptions, CommandFailure, CommandLineError, exitCodes, type Io, readCall, type Verb } from './verb.ts';
import { verbs } from './verbs.ts';

/** Runs `get runs`, `island add ...` and the like. The number is the exit code, see `exitCodes`. */
export async function runCli(argv: readonly string[], options: CliOptions, io: Io): Promise<number> {
  const found = argv[0] === '__complete' ? completionOf(argv) : find(argv);
  if (!found) return explainWords(argv, io);
  const { name, verb, rest } = found;
  try {
    const call = readCall(verb, rest, options, io);
    if (call === 'help') io.out(verb.help);
    else return await untilLeft(verb, verb.run(call), call.signal);
    return exitCodes.done;
  } catch (error) {
    if (options.signal?.aborted) return exitCodes.interrupted;
    if (error instanceof CommandLineError) {
      io.err(`atoll ${name}: ${error.message}\n\n${verb.help}`);
      return exitCodes.usage;
    }
    const { text, code } = said(error);
    io.err(`atoll: ${text}\n`);
    return code;
  }
}

/** What a shell asks: whatever it passes are words, flags too. */
function completionOf([name = '', ...rest]: readonly string[]): ReturnType<typeof find> {
  return { name, verb: completing(verbs), rest: ['--', ...rest] };
}

/** The verb of one or two words that the command line begins with. */
function find(argv: readonly string[]): { name: string; verb: Verb; rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(' ');
    const verb = argv.length >= words ? verbs[name] : undefined;
    if (verb) return { name, verb, rest: argv.slice(words) };
  }
  return undefined;
}

/** What is said to words that are no verb: the list of all, or of those that begin like this. */
function explainWords([first = '', second = '']: readonly string[], io: Io): number {
  const isHelp = (word: string) => ['', '--help', '-h', 'help'].includes(word);
  if (isHelp(first)) {
    return sayHelp(io, rootHelp(verbs), first !== '');
  }
  const nouns = new Set(Object.keys(verbs).flatMap((name) => (name.includes(' ') ? [name.split(' ', 1)[0] ?? ''] : [])));
  const isNoun = nouns.has(first);
  if (isNoun && isHelp(second)) {
    return sayHelp(io, usageOf(verbs, first), second !== '');
  }
  const asked = isNoun ? `${first} ${second}` : first;
  const near = nearest(
    asked,
    isNoun ? Object.keys(verbs) : [...Object.keys(verbs).filter((name) => !name.includes(' ')), ...nouns],
  );
  const hint = near === undefined ? '' : `; did you mean atoll ${near}?`;
  io.err(
    `atoll: there is no command "${asked}"${hint}\n\n${isNoun ? usageOf(verbs, first) : 'atoll --help lists all commands.\n'}`,
  );
  return exitCodes.usage;
}

/** Help is what was asked for, or what is said to somebody who asked for nothing. */
function sayHelp(io: Io, text: string, asked: boolean): number {
  if (asked) io.out(text);
  else io.err(text);
  return asked ? exitCodes.done : exitCodes.usage;
}

/** A person who interrupts waits for nothing, unless there is something to put right: every step of a command can be repeated. */
async function untilLeft(verb: Verb, running: Promise<number>, signal: AbortSignal): Promise<number> {
  if (verb.tidies) return await running;
  const left = Promise.withResolvers<number>();
  const leave = () => left.resolve(exitCodes.interrupted);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([running, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** Cause and remedy; what is a fault of the program itself is thrown on. */
function said(error: unknown): { text: string; code: number } {
  if (error instanceof CommandFailure) return { text: error.message, code: error.exitCode };
  if (error instanceof DamagedObjectError)
    return {
      text: `${error.message}; it was changed or lost in the bucket: atoll checkpoints verify RUN names all that was, and atoll retry RUN -e N --replace makes an expert again`,
      code: exitCodes.damaged,
    };
  if (error instanceof ApiError) return { text: `${error.message}${remedyOf(error)}`, code: exitCodes.failed };
  if (error instanceof ConnectionError)
    return {
      text: `${error.message}; see that kubectl reaches this cluster, or give another one with --kubeconfig or --context`,
      code: 1,
    };
  if (error instanceof StoreRefusedError)
    return {
      text: `${error.message}; the credentials must be allowed to list and read the bucket: see --secret`,
      code: exitCodes.failed,
    };
  if (error instanceof StoreUnavailableError)
    return {
      text: `${error.message}; name the address under which it is reached from here with --endpoint`,
      code: exitCodes.failed,
    };
  if (error instanceof KeyringError || isStorageError(error)) return { text: error.message, code: exitCodes.failed };
  throw error;
}

function remedyOf(error: ApiError): string {
  if (error.isForbidden)
    return '; bind a ClusterRole that allows it: atoll-view, atoll-edit, or atoll-island-admin for islands and their administrators of the hub';
  if (error.isUnauthorized) return '; sign in again: the credentials of the kubeconfig are not taken';
  if (error.isNotFound && error.details?.name === undefined)
    return '; the kinds of Atoll are not served there: is this the cluster of the hub? atoll check says more';
  if (error.isInvalid) return '; change the field that it names';
  return '';
}
