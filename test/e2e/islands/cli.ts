/** The command line against a hub and its islands: a run planned, looked at, steered and brought home with nothing else. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { home } from './home.ts';
import type { Run } from './run.ts';
import { scrape } from './scrape.ts';
import { steer } from './steer.ts';
import { counting, namespace } from './trainings.ts';
import { Verbs } from './verbs.ts';
import type { World } from './world.ts';

export function cli(world: () => World): void {
  it('is planned, explained, looked at, retried, moved, suspended, resumed, reported, verified and pulled by the command line alone', async () => {
    await using verbs = await Verbs.at(world());
    await before(verbs);
    // Expert 1 will not run in its first placement, so that there is something to put right.
    const part = counting({ steps: 5, pace: 0.1, checkpointEvery: 25 });
    const spec = { overrides: [{ experts: [1], params: { refusesPlacement: 1 } }], router: part, evaluation: part };
    // Slow until it has been suspended, so that all of it fits in however slow the machine is, and then soon at its end.
    const params = { steps: 1500, pace: 0.2, checkpointEvery: 25, hurriesFromAttempt: 2 };
    const run = await world().train('steered', { expert: { params }, spec });
    await putRight(verbs, run);
    await run.until('a checkpoint', async () => (await run.expert(0)).status?.checkpoint);
    await run.until('expert 1 runs', async () => (await run.expert(1)).status?.state === 'Running');
    await scrape(world());
    await look(verbs, world());
    await steer(verbs, world(), run);
    await listed(verbs);
    await home(verbs, world(), run, params.steps);
    await run.remove();
  });
}

/** What is asked before anything runs. */
async function before(verbs: Verbs): Promise<void> {
  const checked = await verbs.atoll('check');
  assert.match(checked.out, /ok {7}the hub \S+: 2 of 2 pods are ready/);
  assert.match(checked.out, /ok {7}island west is Ready/);
  assert.match((await verbs.atoll('version')).out, /island east +\S+ +v1\.\S+ +same as the hub/);
  assert.match((await verbs.island('check west')).out, /^ok {7}island west is Ready/);
  const file = join(verbs.dir, 'run.yaml');
  await writeFile(file, (await verbs.atoll('init planned --experts 2 --cpu 50m --memory 128Mi')).out);
  assert.match((await verbs.atoll(`plan -f ${file}`)).out, /\n2 of 2 experts have an island: 2 pods, 2 GPUs\.\n$/);
  await writeFile(file, (await verbs.atoll('init planned --experts 2 --gpus 64')).out);
  assert.match(
    (await verbs.atoll(`plan -f ${file}`, 1)).out,
    /ExceedsAnyIsland +no island can take it now: east: has at most 8 for 64 GPUs asked/,
  );
}

/** An expert that failed: why, what its island has sent about it, and a retry. */
async function putRight(verbs: Verbs, run: Run): Promise<void> {
  await run.until('expert 1 is blocked', async () => (await run.expert(1)).status?.state === 'Blocked');
  const { out } = await verbs.atoll('explain steered');
  assert.match(out, /\nexpert 1: Blocked \(Configuration\): .*params\.refusesPlacement is 1/);
  assert.match(out, /\n {2}Failed: attempt 1 of placement 1 failed on node \S+ of island \w+: Configuration \(exit code 42\)/);
  assert.match(out, /\n {2}Hint: .*\n {2}To change: .*, then atoll retry steered -e 1\n/);
  assert.match((await verbs.atoll('retry steered -e 1')).out, /\nExpert 1 is \w+ on \w+ in placement 2\.\n$/);
  assert.match((await verbs.atoll('retry steered -e 0', 1)).err, /only what is Blocked or accepted can be/);
}

/** What is asked while it runs. */
async function look(verbs: Verbs, world: World): Promise<void> {
  assert.match((await verbs.atoll('get runs')).out, /\nsteered +Running +0\/2/);
  assert.match((await verbs.atoll('get experts --run @latest --no-color')).out, /steered-e000 +Running/);
  assert.match((await verbs.atoll('top')).out, /research +steered +2 +/);
  assert.equal((await verbs.atoll('wait steered --timeout 1s', 3)).out, '');
  await world.kubectl(['create', 'serviceaccount', 'reader']);
  await world.kubectl(['create', 'rolebinding', 'reader', '--clusterrole=admin', `--serviceaccount=${namespace}:reader`]);
  const token = (await world.kubectl(['create', 'token', 'reader'])).trim();
  assert.match((await verbs.atoll(`logs steered -e 0 --token ${token}`)).out, /^starts at step 0$/m);
  const shown = await verbs.run(['ui', '--no-browser', '--token', token], /\n/);
  assert.match(shown.out, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  const watched = await verbs.run(['watch', 'steered', '-n', namespace], /expert \d \w+ on \w+/);
  assert.match(watched.out, /^\S+Z Run steered is /);
}

/** What may be asked at any time, in every form. */
async function listed(verbs: Verbs): Promise<void> {
  assert.equal((await verbs.atoll('get runs -o name')).out, 'experttraining.atoll.dev/steered\n');
  assert.match((await verbs.atoll('get run steered -o yaml')).out, /\nkind: ExpertTraining\n/);
  const jobs = JSON.parse((await verbs.atoll('get jobs --run steered -o json')).out) as { items: { kind: string }[] };
  assert.deepEqual(new Set(jobs.items.map(({ kind }) => kind)), new Set(['IslandJob']));
  assert.match((await verbs.atoll('plan steered')).out, /\nexpert 0 +1 +1 +50m +128Mi +\w+ +\w+/);
  assert.match((await verbs.run(['completion', 'bash'])).out, /^complete .*atoll/m);
  assert.equal((await verbs.run(['__complete', 'wait', '-n', namespace, 'st'])).out, 'steered\n');
}
