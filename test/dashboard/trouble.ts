/**
 * Takes the pictures of a run while all is well and while it is in trouble: the demo's clusters and its run, of which one expert is killed until its budget is spent, and then
 * the wire of the island that it is not on is pulled. Needs what the demo needs: Linux and root.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { command } from '../../local/command.ts';
import { openDemoDashboard } from '../../local/demo/dashboard.ts';
import { digitsNpz } from '../../local/demo/digits.ts';
import { hubAndIslands } from '../../local/demo/place.ts';
import { checkout, stateDir } from '../../local/paths.ts';
import { createProgress } from '../../local/progress.ts';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { index3 } from '../../src/api/keys.ts';
import { labels } from '../../src/api/labels.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import type { RunAnswer } from '../../src/dashboard/view/run.ts';
import { urlOf } from '../../src/dashboard/view/url.ts';
import type { WorkRow } from '../../src/dashboard/view/work.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { Pod } from '../../src/kube/core.ts';
import { signalContainer } from '../e2e/processes.ts';
import { until } from '../e2e/waiting.ts';

const namespace = 'research';
const minute = 60_000;
/** Steps after which the trainer is killed, so that its curve shows where each attempt began. */
const kills = [450, 750];
/** So many that all still train while these things happen. */
const steps = 6000;

const progress = createProgress();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
const folder = join(stateDir, 'trouble');
// The clusters of another time would be taken up where they were left.
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await using place = await hubAndIslands({ namespace, bucket: 'atoll', folder, progress, signal: stop.signal });
const { hub, store, islands } = place;
await store.put('raw/digits/digits.npz', await digitsNpz());
const client = createKubeClient({ kubeconfig: hub.kubeconfigPath, clock, random });
await using dashboard = await openDemoDashboard({ hub, client, namespace, folder });
await hub.kubectl(['apply', '-f', join(checkout, 'manifests/demo/dataset.yaml')]);
const training = parse(await readFile(join(checkout, 'manifests/demo/training.yaml'), 'utf8')) as {
  spec: { expert: { params: object } };
};
Object.assign(training.spec.expert, { retry: { maxRestarts: kills.length - 1 } });
Object.assign(training.spec.expert.params, { steps });
await hub.kubectl(['apply', '-f', '-'], { input: JSON.stringify(training) });

const token = (await readFile(dashboard.tokenFile, 'utf8')).trim();
progress.say(`Dashboard: ${dashboard.url}\nWaiting for the experts ...`);
const { index } = await wait('an expert on east trains', async () => (await rows()).find(trainsOnEast), 8 * minute);
await take('--only', 'run', '--both');
for (const [attempt, step] of kills.entries()) {
  if (attempt > 0) await pull();
  const pod = await wait(`attempt ${attempt + 1} is at step ${step}`, () => podAt(attempt + 1, step), 5 * minute);
  progress.say(`Killing attempt ${attempt + 1} of expert ${index} ...`);
  signalContainer(pod, 'trainer', 'SIGKILL');
}
await wait(`expert ${index} is blocked`, async () => (await expert())?.state === 'Blocked', 3 * minute);
const west = async () => (await client.get(ComputeIslandKind, { name: 'west' }))?.status?.state;
await wait('west is not heard', async () => (await west()) === 'Unreachable', 4 * minute);
await take('--only', 'run,runs,expert,islands', '--as', 'trouble', '--both');
await client.close();

/** Looks once a second, which is more seldom than the dashboard would mind. */
function wait<T>(what: string, look: () => Promise<T | undefined | false>, limitMs: number): Promise<T> {
  return until(what, look, { story: async () => JSON.stringify(await rows()), limitMs, everyMs: 1000 });
}

async function take(...what: string[]): Promise<void> {
  const which = ['--url', dashboard.url, '--token', token, '--run', `${namespace}/digits`];
  const pictures = ['test/dashboard/pictures.ts', ...which, ...what, ...process.argv.slice(2)];
  const { stdout } = await command(process.execPath, pictures, { cwd: checkout, timeoutMs: 4 * minute });
  progress.say(stdout);
}

/** Cuts west off. */
async function pull(): Promise<void> {
  progress.say('Pulling the wire of west ...');
  await islands.get('west')?.machine.setWire('down');
}

/** The experts as the dashboard shows them, with live progress: a status is up to a minute older. */
async function rows(): Promise<WorkRow[]> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(new URL(urlOf('run', { namespace, run: 'digits' }), dashboard.url), { headers }).catch(
    () => undefined,
  );
  return answer?.ok ? ((await answer.json()) as RunAnswer).experts : [];
}

function trainsOnEast({ island, checkpoint = 0 }: WorkRow): boolean {
  return island === 'east' && checkpoint > 0;
}

async function expert(): Promise<WorkRow | undefined> {
  return (await rows()).find((row) => row.index === index);
}

/** The pod of the expert's attempt once it is at this step. */
async function podAt(attempt: number, reached: number): Promise<Pod | undefined> {
  const row = await expert();
  if (row?.attempt !== `p1a${attempt}` || (row.step ?? 0) < reached) return undefined;
  const selector = `${labels.training}=digits,${labels.expert}=${index3(index ?? 0)}`;
  const list = await islands.get('east')?.kubectl(['-n', namespace, 'get', 'pods', '-l', selector, '-o', 'json']);
  const { items } = JSON.parse(list?.stdout ?? '{"items":[]}') as { items: Pod[] };
  return items.find(({ status }) => status?.phase === 'Running');
}
