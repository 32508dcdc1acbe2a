/** `atoll logs`: what a work of a run writes, on whichever island it runs, through the hub. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExpertTraining } from '../api/experttraining.ts';
import { index3 } from '../api/keys.ts';
import { urlOf } from '../dashboard/view/url.ts';
import { messageOf } from '../kube/errors.ts';
import { type Scope, withScope } from './cluster.ts';
import { askDashboard, type Dashboard, dashboardHelp, dashboardOptions, openDashboard } from './dashboard.ts';
import { needWork, workHelp, workOptions } from './request.ts';
import { expertsOf, needRun } from './run.ts';
import { type Call, CommandFailure, CommandLineError, exitCodes, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll logs RUN -e N [-f] [options]
       atoll logs RUN --all -o DIR [options]

Prints what the trainer of a work writes, on whichever island it runs: the hub asks the island for it. You need no access to the
island, only the right to read pods/log in the namespace of the run.

Options:
${workHelp}
  -f, --follow        go on with what is written from now on, until the container ends
  --attempt P         of this placement and attempt, such as p2a1 (default: the newest that has a pod)
  --container NAME    trainer, restore or courier (default: trainer)
  --member N          of this pod of a work on several nodes (default: 0)
  --tail N            only so many of the last lines, at most 10000 (default: 500)
  --all               of every expert, the router and the evaluation, each into a file of -o
  -o, --output DIR    folder for --all
${dashboardHelp}
${scopeHelp}

Examples:
  atoll logs digits -e 3 -f
  atoll logs digits --router --container courier
  atoll logs @latest --all -o ./logs
`;

export const logs: Verb = {
  summary: 'print the log of a work, on whichever island it runs',
  help,
  options: {
    ...scopeOptions,
    ...workOptions,
    ...dashboardOptions,
    follow: { type: 'boolean', short: 'f' },
    attempt: { type: 'string' },
    container: { type: 'string' },
    member: { type: 'string' },
    tail: { type: 'string' },
    all: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  word: 'run',
  tidies: true,
  run(call) {
    const word = oneWord(call, 'name of the run');
    const query = queryOf(call);
    const dir = call.text('output');
    if (call.on('all') !== (dir !== undefined)) throw new CommandLineError('--all and -o DIR belong together');
    if (call.on('all') && call.on('follow')) throw new CommandLineError('--all takes what is there: leave out --follow');
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const work = dir === undefined ? await needWork(call, scope, run) : undefined;
      const dashboard = await openDashboard(call, scope);
      try {
        if (dir !== undefined) return await all(call, scope, dashboard, run, query, dir);
        const name = typeof work?.work === 'number' ? `expert-${index3(work.work)}` : (work?.work ?? '');
        await print(call, dashboard, pathOf(run, name, query));
        call.next(`atoll events ${run.metadata.name}`, 'what happened around it');
        return exitCodes.done;
      } finally {
        await dashboard.close();
      }
    });
  },
};

type Query = Record<string, string | number | undefined>;

function queryOf(call: Call): Query {
  const number = (flag: string): number | undefined => {
    const text = call.text(flag);
    if (text === undefined) return undefined;
    if (/^[0-9]{1,5}$/.test(text)) return Number(text);
    throw new CommandLineError(`--${flag} "${text}" is no whole number`);
  };
  const container = call.text('container');
  if (container !== undefined && !['trainer', 'restore', 'courier'].includes(container))
    throw new CommandLineError(`--container "${container}" is not one of trainer, restore, courier`);
  const attempt = call.text('attempt');
  if (attempt !== undefined && !/^p[0-9]{1,4}a[0-9]{1,4}$/.test(attempt))
    throw new CommandLineError(`--attempt "${attempt}" is no placement and attempt such as p2a1`);
  const follow = call.on('follow') ? { follow: 1 } : {};
  return { attempt, member: number('member'), tail: number('tail'), container, ...follow };
}

function pathOf({ metadata, spec }: ExpertTraining, work: string, query: Query): string {
  if (work === 'partition') return urlOf('partitionLog', { namespace: metadata.namespace ?? '', dataset: spec.dataset }, query);
  return urlOf('log', { namespace: metadata.namespace ?? '', run: metadata.name, work }, query);
}

async function print(call: Call, dashboard: Dashboard, path: string): Promise<void> {
  const { body } = await askDashboard(call, dashboard, path);
  if (!body) return;
  const decoder = new TextDecoder();
  for await (const chunk of body) call.io.out(decoder.decode(chunk as Uint8Array, { stream: true }));
}

/** One file a work; what has no log is said, and the others come all the same. */
async function all(
  call: Call,
  scope: Scope,
  dashboard: Dashboard,
  run: ExpertTraining,
  query: Query,
  dir: string,
): Promise<number> {
  const experts = (await expertsOf(scope, run)).map(({ spec }) => `expert-${index3(spec.index)}`);
  const { router, evaluation } = run.spec;
  await mkdir(dir, { recursive: true });
  let written = 0;
  for (const work of [...experts, ...(router ? ['router'] : []), ...(evaluation ? ['evaluation'] : [])]) {
    const file = join(dir, `${work}.log`);
    try {
      const { body } = await askDashboard(call, dashboard, pathOf(run, work, query));
      await pipeline(body ? Readable.fromWeb(body) : Readable.from([]), createWriteStream(`${file}.partial`));
      await rename(`${file}.partial`, file);
      call.io.out(`${work}: ${file}\n`);
      written++;
    } catch (error) {
      await rm(`${file}.partial`, { force: true });
      call.signal.throwIfAborted();
      call.io.err(`atoll: ${work}: ${messageOf(error)}\n`);
    }
  }
  if (written > 0) return exitCodes.done;
  throw new CommandFailure(`cannot find a log of run ${run.metadata.name}: none of its works has a pod now`);
}
