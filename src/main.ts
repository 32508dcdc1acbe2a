/** The one binary: reads argv and the environment, picks the role, and is the only place that ends the process. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { systemClock, systemRandom } from './clock.ts';
import { createLog, type LogLevel } from './log.ts';
import type { RoleOptions } from './operator.ts';
import { loadSettings, type Settings, SettingsError } from './settings.ts';

const VERSION = manifest.version;

const USAGE = `Atoll trains decentralized diffusion models on compute islands.

Usage of the long-running commands, which the chart runs; atoll --help lists those for people:
  atoll standalone --config FILE [--kubeconfig FILE]   hub and island in one process, for one cluster
  atoll hub --config FILE [--kubeconfig FILE]          decides what runs on which island
  atoll island --config FILE [--kubeconfig FILE]       runs on its cluster what a hub places there
  atoll courier restore --config FILE                  in the training pod: claim, fetch inputs, resume
  atoll courier publish --config FILE                  in the training pod: publish checkpoints, serve progress
  atoll probe --config FILE                            whether the stores of the settings do what Atoll needs

Options:
  --config FILE       settings (YAML) of the operator, or the courier's configuration (JSON)
  --kubeconfig FILE   cluster to work on; without it, the one this process runs in
  --log-level LEVEL   trace, debug, info, warn or error, instead of logLevel of the settings
  --help              this text
`;

/** Thrown for a command line that cannot be understood; the usage is printed below it. */
class UsageError extends Error {}

interface Arguments {
  words: string[];
  config?: string | undefined;
  kubeconfig?: string | undefined;
  logLevel?: LogLevel | undefined;
  help: boolean;
}

function readArguments(argv: string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        kubeconfig: { type: 'string' },
        'log-level': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const level = values['log-level'];
    const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
    const logLevel = levels.find((name) => name === level);
    if (level !== undefined && logLevel === undefined)
      throw new UsageError(`--log-level is "${level}", it must be one of ${levels.join(', ')}`);
    return { words: positionals, config: values.config, kubeconfig: values.kubeconfig, logLevel, help: values.help };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function needConfig(args: Arguments): string {
  if (args.config === undefined) throw new UsageError(`atoll ${args.words.join(' ')} needs --config FILE`);
  return args.config;
}

/** What a long-running role is given: the settings of this role, and of no other. */
async function roleOf<R extends Settings['role']>(
  role: R,
  args: Arguments,
  signal: AbortSignal,
): Promise<RoleOptions<Extract<Settings, { role: R }>>> {
  const file = needConfig(args);
  const settings = await loadSettings(file);
  if (settings.role !== role)
    throw new SettingsError(`cannot run as ${role}: role is ${settings.role} in ${file}; run atoll ${settings.role} instead`);
  return {
    settings: settings as Extract<Settings, { role: R }>,
    kubeconfig: args.kubeconfig,
    // A pod's name stays over restarts of its container, so the lease needs no time to run out; elsewhere each process is a new one.
    identity: process.env['ATOLL_POD_NAME'] ?? `${hostname()}_${systemRandom.uuid()}`,
    version: VERSION,
    log: createLog({ level: args.logLevel ?? settings.logLevel, role }),
    signal,
  };
}

/** Commands of pods. An island is told from the noun of the same name by the flag that it needs. */
const isRole = ([word = '', ...more]: string[]) =>
  ['hub', 'standalone', 'courier', 'probe'].includes(word) ||
  (word === 'island' && more.some((one) => /^--config(=|$)/.test(one)));

/** How long a command that has something to put right may take for it after it was interrupted. */
const tidyMs = 5_000;

async function runVerb(argv: string[], signal: AbortSignal): Promise<number> {
  const [{ runCli }, { terminal }] = await Promise.all([import('./cli/cli.ts'), import('./cli/terminal.ts')]);
  signal.addEventListener('abort', () => systemClock.timer(tidyMs, () => process.exit(130)));
  const { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST: pod, NO_COLOR } = process.env;
  const kubeconfig = KUBECONFIG || (pod === undefined ? `${HOME ?? ''}/.kube/config` : undefined);
  const options = { version: VERSION, clock: systemClock, random: systemRandom, kubeconfig, env: process.env, signal };
  return await runCli(argv, options, terminal(process, { color: !NO_COLOR }));
}

/** Runs one command; the number is the exit code of the process. A role is loaded when asked for: the courier stays small. */
async function run(argv: string[], signal: AbortSignal): Promise<number> {
  if (!isRole(argv)) return await runVerb(argv, signal);
  const args = readArguments(argv);
  const command = args.words.join(' ');
  if (args.help || command === '') {
    process.stdout.write(USAGE);
    return args.help ? 0 : 2;
  }
  switch (command) {
    case 'standalone': {
      const role = await roleOf('standalone', args, signal);
      const { runStandalone } = await import('./standalone.ts');
      await runStandalone(role);
      return 0;
    }
    case 'hub': {
      const role = await roleOf('hub', args, signal);
      const { runHub } = await import('./hub-role.ts');
      await runHub(role);
      return 0;
    }
    case 'island': {
      const role = await roleOf('island', args, signal);
      const { runIsland } = await import('./island-role.ts');
      await runIsland(role);
      return 0;
    }
    case 'probe': {
      const settings = await loadSettings(needConfig(args));
      if (settings.role === 'island')
        throw new SettingsError('cannot probe the stores of an island: their credentials are in the namespaces that train');
      const { probeStores } = await import('./probe-stores.ts');
      return (await probeStores(settings, (line) => process.stdout.write(`${line}\n`))) ? 0 : 1;
    }
    case 'courier restore':
    case 'courier publish': {
      const log = createLog({ level: args.logLevel ?? 'info', role: command.replace(' ', '-') });
      const { ATOLL_POD_UID: uid = '', ATOLL_POD_NAME: name = '', ATOLL_NODE: node = '' } = process.env;
      // Kubernetes sets it in every container of an Indexed Job.
      const index = Number(process.env['JOB_COMPLETION_INDEX'] ?? '0');
      const { runCourier } = await import('./courier/main.ts');
      return await runCourier({
        command: command === 'courier restore' ? 'restore' : 'publish',
        configPath: needConfig(args),
        pod: { uid, name, node, index },
        clock: systemClock,
        random: systemRandom,
        log,
        signal,
      });
    }
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
}

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));

run(process.argv.slice(2), stop.signal).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof UsageError) process.stderr.write(`atoll: ${error.message}\n\n${USAGE}`);
    else if (error instanceof SettingsError) process.stderr.write(`atoll: ${error.message}\n`);
    else createLog({ level: 'error', role: 'main' }).fatal({ err: error }, 'cannot go on');
    process.exit(error instanceof UsageError || error instanceof SettingsError ? 2 : 1);
  },
);
