/** The commands of `npm run local`: real clusters on this machine for trying things out. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { binaries, binaryNames } from './binaries.ts';
import { clean } from './clean.ts';
import { command } from './command.ts';
import { explain } from './explain.ts';
import { buildImages, type ImageName, imageNames } from './images.ts';
import { isAlive } from './process-id.ts';
import { createProgress } from './progress.ts';
import { clusterDir, listRecords, liveRecord, type Record } from './record.ts';
import { missingRequirements } from './requirements.ts';
import { down, up } from './up.ts';

const usage = `Usage: npm run local -- COMMAND

Real Kubernetes clusters on this machine, without a container engine. Needs Linux and root.
The first time it compiles Kubernetes (about 6 minutes) and installs Debian packages.

Commands:
  up [NAME] [--gpus N] [--atoll]   start a cluster and an object store in the background (NAME: atoll; N: 4);
                                   --atoll also builds the images and installs Atoll
  down [NAME | --all]              stop a cluster and remove everything but its logs
  status                           the clusters of this checkout
  kubectl [--cluster NAME] ARGS    kubectl as administrator
  logs [--cluster NAME] [PROGRAM]  the last lines of a program's log, or the list of logs; -f follows
  wire up|down [NAME]              plug or pull the cluster's network cable; it runs on
  images [IMAGE...]                build container images: ${imageNames.join(', ')} (default: all)
  binaries                         compile the server programs now
  bin                              print the folder that holds kubectl
  doctor                           say what this machine lacks
  clean [--binaries]               remove images and unpacked copies of them from the cache, and compiled programs too
`;

const defaultName = 'atoll';
const progress = createProgress();
const stop = new AbortController();
const signal = stop.signal;

const commands: { [name: string]: (args: string[]) => Promise<void> } = {
  up: async (args) => {
    const options = { gpus: { type: 'string', default: '4' }, atoll: { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const gpus = Number(values.gpus);
    if (!Number.isInteger(gpus) || gpus < 0 || gpus > 1024)
      throw new Error(`cannot use --gpus ${values.gpus}: allowed is 0 to 1024`);
    const name = clusterName(positionals);
    const record = await up({ name, gpus, atoll: values.atoll }, progress, signal);
    describe(record);
    const [cluster, named] = name === defaultName ? ['', ''] : [` --cluster ${name}`, ` ${name}`];
    console.log(`\nTry: npm run local -- kubectl${cluster} get nodes\nEnd: npm run local -- down${named}`);
  },
  down: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      options: { all: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const names = values.all ? (await listRecords()).map((record) => record.name) : [clusterName(positionals)];
    for (const name of names) {
      const was = await down(name);
      console.log(
        was ? `Cluster ${name} is gone; its logs are in ${show(join(clusterDir(name), 'logs'))}` : `There is no cluster ${name}.`,
      );
    }
    if (names.length === 0) console.log('There is no cluster.');
  },
  status: async () => {
    const records = await listRecords();
    for (const record of records) {
      if (!(await isAlive(record.keeper)))
        console.log(`${record.name}: crashed; \`npm run local -- down ${record.name}\` clears it`);
      else if (!record.up) console.log(`${record.name}: starting (process ${record.keeper.pid})`);
      else describe(record);
    }
    if (records.length === 0) console.log('No cluster. `npm run local -- up` starts one.');
  },
  kubectl: async (args) => {
    const [name, rest] = takeCluster(args);
    const { kubeconfig } = await running(name);
    const { kubectl } = await binaries(['kubectl'], { progress, signal });
    await handOver(kubectl, rest, { KUBECONFIG: kubeconfig });
  },
  logs: async (args) => {
    const [name, rest] = takeCluster(args);
    const folder = join(clusterDir(name), 'logs');
    const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.log'));
    const follow = rest.includes('-f');
    const program = rest.find((one) => one !== '-f');
    if (!program)
      return console.log(files.map((file) => show(join(folder, file))).join('\n') || `There are no logs in ${show(folder)}.`);
    if (!files.includes(`${program}.log`))
      throw new Error(
        `cannot show the log of ${program}: there are ${files.map((file) => file.slice(0, -4)).join(', ') || 'none'}`,
      );
    await handOver('tail', ['-n', '200', ...(follow ? ['-f'] : []), join(folder, `${program}.log`)]);
  },
  wire: async ([state, ...rest]) => {
    if (state !== 'up' && state !== 'down')
      throw new Error(`cannot set the wire to ${state ?? 'nothing'}: allowed are up and down`);
    await command('ip', ['link', 'set', (await running(clusterName(rest))).wire, state]);
  },
  images: async (args) => {
    const unknown = args.filter((one) => !imageNames.some((name) => name === one));
    if (unknown.length > 0) throw new Error(`cannot build ${unknown.join(', ')}: the images are ${imageNames.join(', ')}`);
    const built = await buildImages(args.length > 0 ? (args as ImageName[]) : imageNames, { progress, signal });
    for (const image of built) console.log(`${image.reference}  ${image.digest}`);
  },
  binaries: async () => {
    for (const path of Object.values(await binaries(binaryNames, { progress, signal }))) console.log(path);
  },
  bin: async () => console.log(dirname((await binaries(['kubectl'], { progress, signal })).kubectl)),
  clean: async (args) => {
    const { values } = parseArgs({ args, options: { binaries: { type: 'boolean', default: false } } });
    console.log((await clean(values.binaries)).map((path) => `Removed ${path}`).join('\n') || 'There was nothing to remove.');
  },
  doctor: async () => {
    const missing = await missingRequirements();
    console.log(missing.length > 0 ? missing.join('\n') : 'Clusters can run on this machine.');
    if (missing.length > 0) process.exitCode = 1;
  },
};

function clusterName(positionals: readonly string[]): string {
  const [name = defaultName, ...more] = positionals;
  if (more.length > 0) throw new Error(`cannot take more than one name: ${positionals.join(' ')}`);
  if (!/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw new Error(`cannot name a cluster ${name}: allowed are up to 32 lower-case letters, digits and dashes, a letter first`);
  return name;
}

/** Takes a leading `--cluster NAME` off; everything after it belongs to the other program. */
function takeCluster(args: string[]): [string, string[]] {
  if (args[0] === '--cluster') return [clusterName(args.slice(1, 2)), args.slice(2)];
  return [defaultName, args];
}

async function running(name: string): Promise<NonNullable<Record['up']>> {
  const record = await liveRecord(name);
  if (record?.up) return record.up;
  throw new Error(`cannot reach cluster ${name}: it is not up. \`npm run local -- up ${name}\` starts it`);
}

function describe({ name, up: state, keeper }: Record): void {
  if (!state) return;
  console.log(`Cluster ${name} is up (process ${keeper.pid})
  API server    ${state.url}
  kubeconfig    ${show(state.kubeconfig)}
  GPUs          ${state.gpus}
  object store  ${state.storage.endpoint}, for pods ${state.storage.forPods}, bucket ${state.storage.bucket}
  credentials   ${show(state.storage.credentials)}
  logs          ${show(join(clusterDir(name), 'logs'))}`);
}

const show = (path: string) => relative(process.cwd(), path) || '.';

/** Runs a program in the foreground with this terminal; its exit code becomes ours. */
function handOver(program: string, args: readonly string[], env: { [name: string]: string } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', reject);
    child.once('exit', (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}

for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
const [verb, ...rest] = process.argv.slice(2);
const chosen = verb === undefined ? undefined : commands[verb];
if (!chosen || rest.includes('--help')) {
  const asked = verb === undefined || verb === '--help' || verb === '-h' || verb === 'help' || chosen !== undefined;
  (asked ? process.stdout : process.stderr).write(asked ? usage : `cannot ${verb}: there is no such command\n\n${usage}`);
  process.exitCode = asked ? 0 : 2;
} else {
  try {
    await chosen(rest);
  } catch (error) {
    process.stderr.write(`${signal.aborted ? 'Stopped.' : explain(error)}\n`);
    process.exitCode = signal.aborted ? 130 : 1;
  }
}
