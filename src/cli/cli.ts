/** The CLI: finds the verb, reads its flags, runs it, and turns what it throws into a sentence and an exit code. */
import { ApiError, ConnectionError } from '../kube/errors.ts';
import { KeyringError } from '../link/keyring.ts';
import { add } from './island/add.ts';
import { cordon, drain, uncordon, undrain } from './island/cordon.ts';
import { ls } from './island/ls.ts';
import { remove } from './island/remove.ts';
import { adopt, forget } from './island/unknown.ts';
import { init } from './link/init.ts';
import { type CliOptions, CommandFailure, CommandLineError, type Io, readCall, type Verb } from './verb.ts';

const verbs: Record<string, Verb> = {
  'island add': add,
  'island ls': ls,
  'island cordon': cordon,
  'island uncordon': uncordon,
  'island drain': drain,
  'island undrain': undrain,
  'island remove': remove,
  'island adopt': adopt,
  'island forget': forget,
  'link init': init,
};

/** Runs `island add ...` and the like. The number is the exit code: 0 done, 1 it cannot be done, 2 it cannot be understood. */
export async function runCli(argv: readonly string[], options: CliOptions, io: Io): Promise<number> {
  const [noun = '', word = ''] = argv;
  const verb = verbs[`${noun} ${word}`];
  if (!verb) {
    const asked = word === '' || word === '--help' || word === '-h';
    if (!asked) io.err(`atoll: there is no command "${noun} ${word}"\n\n`);
    if (asked) io.out(listOf(noun));
    else io.err(listOf(noun));
    return asked && word !== '' ? 0 : 2;
  }
  try {
    const call = readCall(verb, argv.slice(2), options, io);
    if (call !== 'help') return await verb.run(call);
    io.out(verb.help);
    return 0;
  } catch (error) {
    if (error instanceof CommandLineError) {
      io.err(`atoll ${noun} ${word}: ${error.message}\n\n${verb.help}`);
      return 2;
    }
    const known = [CommandFailure, KeyringError, ApiError, ConnectionError].some((kind) => error instanceof kind);
    if (!known) throw error;
    const rights = error instanceof ApiError && error.isForbidden ? '; it needs the rights of an administrator of the hub' : '';
    io.err(`atoll: ${(error as Error).message}${rights}\n`);
    return 1;
  }
}

function listOf(noun: string): string {
  const lines = Object.entries(verbs)
    .filter(([words]) => words.startsWith(`${noun} `))
    .map(([words, { summary }]) => `  atoll ${words.padEnd(16)} ${summary}`);
  return `Usage:\n${lines.join('\n')}\n\natoll ${noun} VERB --help says more.\n`;
}
