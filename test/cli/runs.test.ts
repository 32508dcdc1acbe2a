/** What users read and steer of their runs, against a real API server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { condition, digest, Scene } from './scene.ts';
import { CliWorld } from './world.ts';

let world: CliWorld;
let scene: Scene;
let digits: ExpertTraining;
const minutes = 60_000;

before(async () => {
  world = await CliWorld.start();
  scene = new Scene(world);
  await scene.island('east', { total: 4, free: 2 }, { cost: '2.5' });
  await scene.island('west', { total: 2, free: 0 });
  await scene.dataset();
  digits = await scene.run('digits', { expert: { resources: { cpu: '1', memory: '1Gi', gpus: 1 }, params: { steps: 1500 } } });
  digits = await scene.runStatus(digits, {
    state: 'Running',
    experts: { total: 4, running: 2, accepted: 1, blocked: 0 },
    display: { experts: '1/4', progress: '52%', eta: '2m', router: 'Waiting' },
    startedAt: new Date(Date.now()).toISOString(),
    conditions: [
      condition('Validated', 'True', 'SpecValid'),
      condition('Progressing', 'True', 'ExpertsRunning', '2 experts run'),
    ],
  });
  const progress = { step: 750, steps: 1500, loss: '0.25', at: new Date(Date.now()).toISOString() };
  const accepted = {
    manifest: 'a/manifest.json',
    digest: digest('a'),
    placement: 1,
    attempt: 1,
    step: 1500,
    bytes: 10,
    at: '2026-11-26T06:00:00Z',
  };
  const running = await scene.expert(digits, 0, {
    state: 'Running',
    island: 'east',
    job: 'j',
    placement: 1,
    attempt: 2,
    restarts: 1,
    progress,
    display: { progress: '50%', eta: '2m', checkpoint: 'step 600' },
  });
  await scene.expert(digits, 1, {
    state: 'Accepted',
    island: 'west',
    placement: 1,
    attempt: 1,
    accepted,
    display: { progress: '100%' },
  });
  await scene.expert(digits, 2, {
    state: 'Running',
    island: 'east',
    placement: 1,
    attempt: 1,
    progress,
    display: { progress: '50%' },
  });
  await scene.expert(digits, 3, {
    state: 'Waiting',
    reason: 'WaitingForCapacity',
    message: 'no island can take it now: west: has 0 free for 1 GPU asked',
  });
  const job = await scene.job(digits, { index: 0 }, 1, 'east', { state: 'Running', attempt: 2 });
  await scene.event(digits, 'Partitioning', 'the data set is being cut', 'Normal', Date.now() - 10 * minutes);
  await scene.event(job, 'Crash', 'the trainer ended with exit code 1', 'Warning', Date.now() - 5 * minutes);
  await scene.event(running, 'Moved', 'goes on in placement 1', 'Normal', Date.now() - 2 * minutes);
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) =>
  world.run([...words.split(' '), '-n', 'research'], { ahead: 5 * minutes, ...how });
const stored = (name = 'digits') => world.client.get(ExpertTrainingKind, { namespace: 'research', name });

describe('atoll get', () => {
  it('shows runs as kubectl does', async () => {
    const { code, out, err } = await atoll('get runs');
    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      `NAME     STATE     EXPERTS   PROGRESS   ETA   ROUTER    AGE
digits   Running   1/4       52%        2m    Waiting   5m
`,
    );
  });

  it('shows the experts of a run', async () => {
    const { out } = await atoll('get experts --run digits');
    assert.equal(
      out,
      `NAME          STATE      REASON               ISLAND   PROGRESS   LOSS   ETA   CHECKPOINT   RESTARTS   AGE
digits-e000   Running                         east     50%        0.25   2m    step 600     1          5m
digits-e001   Accepted                        west     100%                                 0          5m
digits-e002   Running                         east     50%        0.25                      0          5m
digits-e003   Waiting    WaitingForCapacity                                                 0          5m
`,
    );
  });

  it('takes the words of people and those of kubectl', async () => {
    for (const [word, first] of [
      ['et', 'NAME     STATE     EXPERTS'],
      ['experttrainings', 'NAME     STATE     EXPERTS'],
      ['datasets', 'NAME     STATE   SHARDS'],
      ['jobs', 'NAME                      ROLE'],
      ['islands', 'NAME   STATE   REACHABLE'],
    ] as const)
      assert.ok((await atoll(`get ${word}`)).out.startsWith(first), word);
  });

  it('over all namespaces says which', async () => {
    const { out } = await world.run(['get', 'runs', '-A']);
    assert.match(out, /^NAMESPACE +NAME +STATE.*\nresearch +digits +Running/);
  });

  it('prints JSON, YAML and names for programs: a list, or the one that was named', async () => {
    assert.equal((await atoll('get runs -o name')).out, 'experttraining.atoll.dev/digits\n');
    const list = JSON.parse((await atoll('get runs -o json')).out) as { kind: string; items: ExpertTraining[] };
    assert.deepEqual([list.kind, list.items.map(({ metadata }) => metadata.name)], ['List', ['digits']]);
    const one = JSON.parse((await atoll('get runs digits -o json')).out) as ExpertTraining;
    assert.deepEqual([one.kind, one.metadata.managedFields], ['ExpertTraining', undefined]);
    assert.match((await atoll('get run @latest -o yaml')).out, /^apiVersion: atoll\.dev\/v1alpha1\nkind: ExpertTraining\n/m);
  });

  it('says on the terminal what may come next, and nothing into a pipe', async () => {
    assert.match((await atoll('get runs', { screen: 100 })).err, /^\nNext: atoll explain digits /);
    assert.equal((await atoll('get runs')).err, '');
  });

  it('colours states on a terminal that wants it, without moving columns', async () => {
    const { out } = await atoll('get runs', { screen: 100, color: true });
    assert.ok(out.includes('\u001b[32mRunning\u001b[39m   1/4'));
    const plain = (await atoll('get runs')).out;
    assert.equal((await atoll('get runs --no-color', { screen: 100, color: true })).out, plain);
  });

  for (const [words, code, message] of [
    ['get', 2, /the kind is missing/],
    ['get rnus', 2, /there is no kind "rnus"; did you mean runs\?/],
    ['get runs -o csv', 2, /--output "csv" is not one of wide, json, yaml, name/],
    ['get runs digit', 1, /cannot find experttraining digit in namespace research: there are digits; did you mean digits\?/],
    ['get islands --run digits', 2, /--run is for experts and jobs/],
    ['get runs digits -A', 2, /names need one namespace/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await atoll(words);
      assert.equal(ran.code, code);
      assert.match(ran.err, message);
    });

  it('says where it looked when there is nothing', async () => {
    const ran = await world.run(['get', 'runs']);
    assert.deepEqual(
      [ran.code, ran.out, ran.err],
      [0, '', 'There are no experttrainings in namespace default; -A looks in all.\n'],
    );
  });
});

describe('atoll events', () => {
  it('tells the story of a run and all that belongs to it, oldest first', async () => {
    assert.equal(
      (await atoll('events digits')).out,
      `AGE   TYPE      REASON         ABOUT                   NOTE
15m   Normal    Partitioning   ExpertTraining digits   the data set is being cut
10m   Warning   Crash          expert 0 p1             the trainer ended with exit code 1
7m    Normal    Moved          expert 0                goes on in placement 1
`,
    );
  });

  it('tells that of one expert, or only warnings', async () => {
    assert.doesNotMatch((await atoll('events digits -e 0')).out, /Partitioning/);
    assert.equal((await atoll('events digits --warnings -o name')).out.trim().split('\n').length, 1);
  });

  it('says that there are none any more', async () => {
    const ran = await atoll('events digits -e 2');
    assert.deepEqual([ran.code, ran.out], [0, '']);
    assert.match(ran.err, /There are no events of run digits any more/);
  });

  it('refuses an expert that is not there', async () => {
    assert.match((await atoll('events digits -e 7')).err, /cannot find expert 7 of run digits: there are 0 to 3/);
    assert.equal((await atoll('events digits -e x')).code, 2);
  });
});

describe('atoll suspend and resume', () => {
  it('sets spec.suspend, once', async () => {
    assert.match((await atoll('suspend digits')).out, /^Run digits is being suspended/);
    assert.equal((await stored())?.spec.suspend, true);
    const version = (await stored())?.metadata.resourceVersion;
    assert.equal((await atoll('suspend digits')).out, 'Run digits is suspended already.\n');
    assert.equal((await stored())?.metadata.resourceVersion, version);
    assert.match((await atoll('resume @latest')).out, /^Run digits goes on from its checkpoints/);
    assert.equal((await stored())?.spec.suspend, false);
  });

  it('names the runs that are there', async () => {
    const ran = await atoll('suspend digit');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot find a run digit in namespace research: there are digits; did you mean digits\?/);
    assert.match(
      (await world.run(['suspend', '@latest'])).err,
      /cannot find a run @latest in namespace default: there is none yet; atoll init/,
    );
  });
});

describe('atoll wait', () => {
  const ended = (state: 'Complete' | 'Failed') => ({
    state,
    conditions: [
      condition(state, 'True', state === 'Failed' ? 'DeadlineExceeded' : 'EnsemblePublished', 'the time in spec.deadline passed'),
    ],
  });

  it('returns when the run becomes Complete', async () => {
    const run = await scene.run('soon', {}, { state: 'Running' });
    const waiting = atoll('wait soon --timeout 60s');
    await scene.runStatus(run, ended('Complete'));
    assert.deepEqual(await waiting, { code: 0, out: 'Run soon is Complete.\n', err: '' });
  });

  it('fails with the reason when the run is Failed', async () => {
    await scene.run('failed', {}, ended('Failed'));
    const ran = await atoll('wait failed');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /run failed is Failed: DeadlineExceeded, the time in spec.deadline passed; atoll explain failed/);
    assert.match((await atoll('suspend failed')).err, /cannot suspend run failed: it is Failed, which is final/);
  });

  it('ends with 3 when the time is over, and says how far the run is', async () => {
    const ran = await atoll('wait digits --timeout 300ms');
    assert.equal(ran.code, 3);
    assert.match(ran.err, /run digits has not ended within 300ms: it is Running, 1\/4 experts accepted, 52%/);
  });

  it('ends when the run is deleted', async () => {
    const run = await scene.run('gone', {}, { state: 'Running' });
    // The limit is set once the run was found.
    const found = Promise.withResolvers<void>();
    const waiting = atoll('wait gone --timeout 77s', { limited: (ms) => void (ms === 77_000 && found.resolve()) });
    await found.promise;
    await world.client.delete(ExpertTrainingKind, { namespace: 'research', name: 'gone' }, { uid: run.metadata.uid ?? '' });
    const ran = await waiting;
    assert.equal(ran.code, 1);
    assert.match(ran.err, /run gone any longer: it was deleted/);
  });

  it('ends with 130 when the person interrupts', async () => {
    const stop = new AbortController();
    const waiting = atoll('wait digits', { signal: stop.signal });
    stop.abort(new Error('stopped by SIGINT'));
    assert.equal((await waiting).code, 130);
  });
});

describe('atoll version', () => {
  it('says who is to be upgraded', async () => {
    const { code, out } = await world.run(['version']);
    assert.equal(code, 0);
    assert.match(out, /^PART +VERSION +KUBERNETES +VERDICT\nclient +0\.0\.0 +not known\n/);
    assert.match(out, /\nhub +- +v1\.\d+\.\d+\S* +there is no Deployment atoll-system\/atoll\n/);
    assert.match(out, /\nisland east +0\.1\.0 +v1\.35\.0 +not known\n/);
  });

  it('says its own alone without a cluster', async () => {
    assert.equal((await world.run(['version', '--client'])).out, '0.0.0\n');
    const ran = await world.run(['version'], { kubeconfig: '/nowhere' });
    assert.equal(ran.code, 0);
    assert.match(ran.err, /the hub is not asked: cannot reach the cluster with kubeconfig \/nowhere/);
  });
});
