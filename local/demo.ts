/** `npm run demo`: a hub, two islands and real digits on this machine; four experts, a router and an ensemble out. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import { systemClock, systemRandom } from '../src/clock.ts';
import { createKubeClient } from '../src/kube/client.ts';
import type { Cluster } from './cluster.ts';
import { type Compared, comparison } from './demo/compare.ts';
import { openDemoDashboard } from './demo/dashboard.ts';
import { digitsNpz } from './demo/digits.ts';
import { ending, whoRanWhere } from './demo/ending.ts';
import { follow } from './demo/follow.ts';
import { hubAndIslands, oneCluster } from './demo/place.ts';
import { fetchResult } from './demo/results.ts';
import { explain } from './explain.ts';
import { checkout, stateDir } from './paths.ts';
import { createProgress, type Progress } from './progress.ts';
import { requireEverything } from './requirements.ts';

const USAGE = `Usage: npm run demo [-- OPTIONS]

Brings up three Kubernetes clusters and an object store on this machine, a hub and two islands, installs Atoll in each with
Helm, trains four experts and a router on 10,000 handwritten digits, evaluates the ensemble and puts the result into
.atoll/demo. Needs Linux and root. The first time it compiles Kubernetes and builds images (up to 25 minutes); after that it
takes about 6.

Options:
  --compare      also train two single models of the same training compute, and print one table
  --standalone   one cluster that is hub and island at once
  --keep         leave everything running at the end, until Ctrl-C (the default on a terminal)
  --no-keep      end when the result is there
  --help         this text
`;

const NAMESPACE = 'research';
const BUCKET = 'atoll';
const LIMIT_MS = 30 * 60_000;
/** What is trained: the title in the table of --compare, and the name in the manifests. */
const ENSEMBLE = { title: 'ensemble of 4 experts', name: 'digits' };
const SINGLES = [
  { title: 'single, same batch and steps', name: 'digits-single-batch' },
  { title: "single, expert's batch, 4 x steps", name: 'digits-single-steps' },
];

interface Options {
  compare: boolean;
  standalone: boolean;
  keep: boolean;
}

async function demo(options: Options, signal: AbortSignal): Promise<void> {
  const progress = createProgress();
  const folder = join(stateDir, 'demo');
  await requireEverything({ progress, signal });
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'result'), { recursive: true });

  const start = options.standalone ? oneCluster : hubAndIslands;
  await using place = await start({ namespace: NAMESPACE, bucket: BUCKET, folder, progress, signal });
  const { hub, store } = place;
  await step(progress, 'Uploading 10,000 digits', async () => store.put('raw/digits/digits.npz', await digitsNpz()));

  const client = createKubeClient({ kubeconfig: hub.kubeconfigPath, clock: systemClock, random: systemRandom });
  const watch = { client, namespace: NAMESPACE, output: process.stdout, signal, limitMs: LIMIT_MS };
  await apply(hub, progress, 'manifests/demo');
  await using dashboard = await openDemoDashboard({ hub, client, namespace: NAMESPACE, folder });
  progress.say(`\nDashboard: ${dashboard.url}   sign in with the token in ${relative(process.cwd(), dashboard.tokenFile)}\n`);
  const trained = await follow({ ...watch, names: [ENSEMBLE.name] });
  if (options.compare) {
    await apply(hub, progress, 'manifests/demo/compare');
    trained.push(...(await follow({ ...watch, names: SINGLES.map(({ name }) => name) })));
  }
  const results = [];
  for (const training of trained)
    results.push(await fetchResult(store, training, join(folder, 'result', training.metadata.name), signal));
  await client.close();

  const [ensemble] = results;
  if (ensemble === undefined) throw new Error('cannot show a result: nothing was trained');
  if (options.compare) {
    const titles = [ENSEMBLE, ...SINGLES].map(({ title }) => title);
    const compared: Compared[] = results.map(({ metrics }, index) => ({ title: titles[index] ?? '', metrics }));
    process.stdout.write(`${comparison(compared).join('\n')}\n\n`);
  }
  process.stdout.write(await whoRanWhere(place, NAMESPACE));
  process.stdout.write(ending({ place, namespace: NAMESPACE, bucket: BUCKET, result: ensemble, dashboard, keep: options.keep }));
  if (options.keep) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function step(progress: Progress, text: string, run: () => Promise<unknown>): Promise<void> {
  const running = progress.start(text);
  try {
    await run();
    running.done();
  } catch (error) {
    running.failed();
    throw error;
  }
}

/** Applies a folder of this checkout as a user would, and says so. */
async function apply(cluster: Cluster, progress: Progress, folder: string): Promise<void> {
  progress.say(`$ kubectl apply -f ${folder}`);
  const files = (await readdir(join(checkout, folder))).filter((file) => file.endsWith('.yaml')).toSorted();
  const { stdout } = await cluster.kubectl(['apply', ...files.flatMap((file) => ['-f', join(checkout, folder, file)])]);
  progress.say(stdout.trimEnd());
}

function readOptions(): Options | 'help' {
  const { values } = parseArgs({
    options: {
      compare: { type: 'boolean', default: false },
      standalone: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: isatty(1) },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowNegative: true,
  });
  return values.help ? 'help' : values;
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    if (!stop.signal.aborted) process.stderr.write('\nStopping: removing all clusters ...\n');
    stop.abort(new Error(`stopped by ${name}`));
  });
try {
  const chosen = readOptions();
  if (chosen === 'help') process.stdout.write(USAGE);
  else await demo(chosen, stop.signal);
} catch (error) {
  if (stop.signal.aborted) process.exitCode = 130;
  else {
    process.stderr.write(`\ncannot finish the demo: ${explain(error)}\n`);
    process.exitCode = 1;
  }
}
