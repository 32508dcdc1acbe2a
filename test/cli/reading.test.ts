/** Why a run does not go on, who uses what, and what a page about a run says; against a real API server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { condition, digest, Scene } from './scene.ts';
import { CliWorld } from './world.ts';

let world: CliWorld;
let scene: Scene;
before(async () => {
  world = await CliWorld.start();
  scene = new Scene(world);
  await scene.island('east', { total: 4, free: 3 }, { cost: '2.5' });
  await scene.island('west', { total: 8, free: 8 }, { cordoned: true });
  await scene.island('south', { total: 8, free: 8 }, {}, 'Unreachable');
  await scene.dataset();
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) =>
  world.run([...words.split(' '), '-n', 'research'], how);
const gpus = (count: number, more: object = {}) => ({
  expert: { resources: { cpu: '1', memory: '1Gi', gpus: count, ...more } },
});
const running = {
  state: 'Running' as const,
  conditions: [condition('Validated', 'True', 'SpecValid'), condition('Progressing', 'True', 'ExpertsRunning', '1 expert runs')],
};

describe('atoll explain', () => {
  it('gives the answer of every island to a work that waits for room, and the one thing to change', async () => {
    const run = await scene.run('big', gpus(8), { ...running, display: { experts: '0/4' } });
    for (const index of [0, 1, 2])
      await scene.expert(run, index, { state: 'Waiting', reason: 'ExceedsAnyIsland', message: 'no island can take it now' });
    await scene.expert(run, 3, { state: 'Running', island: 'east' });
    const { code, out, err } = await atoll('explain big');
    assert.deepEqual([code, err], [0, '']);
    const heard = /not been heard since \S+/.exec(out)?.[0] ?? '';
    assert.equal(
      out,
      `Run big is Running: ExpertsRunning, 1 expert runs (0/4 experts accepted).

experts 0, 1 and 2: Waiting (ExceedsAnyIsland): no island can take it now
  ISLAND   REASON              WHY
  east     ExceedsAnyIsland    has at most 4 for 8 GPUs asked
  south    IslandUnreachable   has ${heard}
  west     IslandCordoned      spec.cordoned is true
  To change: bring island south back: atoll island check south says what is wrong
`,
    );
  });

  for (const [name, spec, change] of [
    [
      'labels',
      { ...gpus(1), placement: { islands: { matchLabels: { zone: 'mars' } } } },
      /To change: give an island the labels of placement.islands.matchLabels \(kubectl label computeisland east KEY=VALUE\), or change those: label zone is 'eu', wanted 'mars'/,
    ],
    [
      'model',
      gpus(1, { gpuProduct: 'B200' }),
      /To change: ask in resources.gpuProduct for a model that an island has .* B200 is not there/,
    ],
    [
      'large',
      { ...gpus(5), placement: { islands: { matchLabels: { zone: 'us' } } } },
      /To change: let island west take work again: atoll island uncordon west/,
    ],
    ['quota', { ...gpus(3) }, /quota: 3 GPUs asked[\s\S]*To change: end or suspend another run of the namespace/],
    ['room', { ...gpus(1) }, /To change: nothing: island east has room, the hub places it next/],
  ] as const)
    it(`names the one thing to change when it is the ${name}`, async () => {
      const run = await scene.run(`wants-${name}`, spec, running);
      await scene.expert(run, 0, { state: 'Waiting', reason: 'WaitingForCapacity', message: '' });
      const holder = name === 'quota' ? await scene.job(run, { index: 1 }, 1, 'south', { state: 'Running' }, 2) : undefined;
      assert.match((await atoll(`explain wants-${name}`)).out, change);
      if (holder) await scene.removeJob(holder);
    });

  it('says how a blocked expert goes on', async () => {
    const run = await scene.run('blocked', gpus(1), running);
    await scene.expert(run, 2, { state: 'Blocked', reason: 'Configuration', message: 'steps must be at least 1' });
    const { out } = await atoll('explain blocked');
    assert.match(
      out,
      /expert 2: Blocked \(Configuration\): steps must be at least 1\n {2}To change: .* make a new run.*; else correct what .*, then atoll retry blocked -e 2\n/,
    );
  });

  it('shows what the island has sent about a failed expert, and advises on what went wrong, not on the budget', async () => {
    const run = await scene.run('failing', gpus(1), running);
    await scene.expert(run, 1, {
      state: 'Blocked',
      reason: 'RestartBudgetSpent',
      message: '4 counted failures, allowed are 3; the last: out of memory at 1 GiB',
      failure: {
        number: 4,
        placement: 1,
        island: 'east',
        node: 'gpu-7',
        class: 'OutOfMemory',
        step: 120,
        exitCode: 137,
        message: 'out of memory at 1 GiB',
        hint: 'Raise resources.memory above the size in the message, or make the batch smaller.',
        lines: 'step 119\n\u001b[31mMemoryError\u001b[0m: batch\n',
        events: ['OOMKilling: Memory cgroup out of memory'],
      },
    });
    assert.equal(
      (await atoll('explain failing')).out.split('\n').slice(1).join('\n'),
      `
expert 1: Blocked (RestartBudgetSpent): 4 counted failures, allowed are 3; the last: out of memory at 1 GiB
  Failed: attempt 4 of placement 1 failed on node gpu-7 of island east at step 120: OutOfMemory (exit code 137)
  Its last lines:
    | step 119
    | MemoryError: batch
  Kubernetes: OOMKilling: Memory cgroup out of memory
  Hint: Raise resources.memory above the size in the message, or make the batch smaller.
  To change: raise resources.memory or resources.scratch in an override of a new run, then atoll retry failing -e 1
`,
    );
    const explained = JSON.parse((await atoll('explain failing -o json')).out) as { standstill: { failure: { node: string } }[] };
    assert.equal(explained.standstill[0]?.failure.node, 'gpu-7');
  });

  it('says what the run as a whole waits for', async () => {
    const why = condition(
      'Validated',
      'False',
      'DatasetNotFound',
      'spec.dataset is pics; no such ExpertDataset is in the namespace',
    );
    await scene.run('lost', { dataset: 'pics' }, { state: 'Pending', conditions: [why] });
    assert.match(
      (await atoll('explain lost')).out,
      /^Run lost is Pending: DatasetNotFound, .*\.\n {2}To change: make the ExpertDataset pics/,
    );
    await scene.run('calm', {}, running);
    assert.equal((await atoll('explain calm')).out, 'Run calm is Running: ExpertsRunning, 1 expert runs.\nNothing keeps it.\n');
  });

  it('names what waits for its inputs last and in one line, since nothing is to change about it', async () => {
    const inTurn = { state: 'Waiting' as const, placement: 0, attempt: 0, restarts: 0 };
    const works = {
      router: { ...inTurn, reason: 'WaitingForExperts' as const, message: '0 of 1 experts are accepted' },
      evaluation: { ...inTurn, reason: 'WaitingForExperts' as const, message: '0 of 1 experts are accepted' },
    };
    const run = await scene.run('early', gpus(1), { ...running, ...works });
    const waits = '\nrouter and evaluation wait for their inputs: 0 of 1 experts are accepted\n';
    assert.match((await atoll('explain early')).out, new RegExp(`1 expert runs\\.\\nNothing keeps it\\.\\n${waits}$`));
    await scene.expert(run, 0, { state: 'Blocked', reason: 'Configuration', message: 'steps must be at least 1' });
    assert.match(
      (await atoll('explain early')).out,
      new RegExp(`\\nexpert 0: Blocked \\(Configuration\\).*\\n {2}To change: .*\\n${waits}$`),
    );
    assert.deepEqual((JSON.parse((await atoll('explain early -o json')).out) as { waiting: object[] }).waiting, [
      { works: ['router', 'evaluation'], reason: 'WaitingForExperts', message: '0 of 1 experts are accepted' },
    ]);
  });

  it('says the same as data', async () => {
    const explained = JSON.parse((await atoll('explain big -e 0 -o json')).out) as {
      state: string;
      standstill: { works: string[]; islands: { island: string }[] }[];
    };
    assert.deepEqual(
      [explained.state, explained.standstill[0]?.works, explained.standstill[0]?.islands.length],
      ['Running', ['expert 0'], 3],
    );
  });
});

describe('atoll top', () => {
  it('says who holds which GPUs, and what that costs', async () => {
    const run = await scene.run('busy', gpus(1), running);
    const startedAt = new Date(Date.now() - 3_600_000 * 2).toISOString();
    const attempts = [{ number: 1, startedAt }];
    const job = await scene.job(run, { index: 0 }, 1, 'east', { state: 'Running', attempt: 1, attempts }, 2);
    const { code, out } = await atoll('top');
    assert.equal(code, 0);
    assert.equal(
      out,
      `ISLAND   STATE         GPUS   FREE   HELD   COST/GPU-H
east     Ready         4      3      2      2.50
south    Unreachable   8      8      0
west     Ready         8      8      0

NAMESPACE   RUN    GPUS   ISLANDS   GPU-H   COST/H
research    busy   2      east      4.0     5.00
`,
    );
    const use = JSON.parse((await atoll('top -o json')).out) as { runs: { run: string; gpus: number }[] };
    assert.deepEqual(
      use.runs.map(({ run: name, gpus: held }) => [name, held]),
      [['busy', 2]],
    );
    await scene.removeJob(job);
    assert.match((await atoll('top')).out, /\n\nNo run holds a GPU\.\n$/);
  });
});

describe('atoll report', () => {
  it('writes a page that says what was made, with whole digests', async () => {
    const run = await scene.run('done', gpus(1), {
      state: 'Complete',
      display: { experts: '1/1', progress: '100%' },
      startedAt: '2026-11-26T06:00:00Z',
      completedAt: '2026-11-26T07:30:00Z',
      router: {
        state: 'Accepted',
        placement: 1,
        attempt: 1,
        restarts: 0,
        island: 'west',
        accepted: {
          manifest: 'r',
          digest: digest('b'),
          placement: 1,
          attempt: 1,
          step: 50,
          bytes: 1,
          at: '2026-11-26T07:00:00Z',
        },
      },
      ensemble: { manifest: 'e/manifest.json', digest: digest('c'), metrics: { 'loss.Full': '0.21' } },
      conditions: [condition('Complete', 'True', 'EnsemblePublished', 'the ensemble is published')],
    });
    await scene.expert(run, 0, {
      state: 'Accepted',
      island: 'east',
      placement: 2,
      attempt: 1,
      restarts: 1,
      accepted: {
        manifest: 'a',
        digest: digest('a'),
        placement: 2,
        attempt: 1,
        step: 1500,
        bytes: 10,
        at: '2026-11-26T07:00:00Z',
      },
      failure: { number: 1, class: 'Crash', node: 'node-1', step: 700, message: 'exit code 1 | after\nan error' },
    });
    await scene.event(run, 'ExpertBlocked', 'expert 0 was blocked', 'Warning', Date.parse('2026-11-26T06:30:00Z'));
    const { code, out } = await atoll('report done');
    assert.equal(code, 0);
    assert.equal(
      out.replace(/Written \S+ by/, 'Written NOW by'),
      `# research/done

Run done is Complete: EnsemblePublished, the ensemble is published (1/1 experts accepted, 100% done).

|  |  |
|---|---|
| Data set | digits, 9000 samples in 4 shards, skew 1.1 |
| Data set digest | \`${digest('d')}\` |
| Started | 2026-11-26T06:00:00Z |
| Took | 1h30m |
| GPU hours | 0.0 |
| Ensemble digest | \`${digest('c')}\` |

## Works

| Work | State | Island | Step | Loss | Failures | Placement | Digest |
|---|---|---|---|---|---|---|---|
| expert 0 | Accepted | east | 1500 |  | 1 | p2a1 | \`${digest('a')}\` |
| router | Accepted | west | 50 |  | 0 | p1a1 | \`${digest('b')}\` |
| evaluation | Waiting |  |  |  |  |  |  |

## Last failures

| Work | Class | Node | Step | Message |
|---|---|---|---|---|
| expert 0 | Crash | node-1 | 700 | exit code 1 \\| after an error |

## Metrics of the ensemble

| Metric | Value |
|---|---|
| loss.Full | 0.21 |

## Warnings

| When | Reason | About | Note |
|---|---|---|---|
| 2026-11-26T06:30:00Z | ExpertBlocked | done | expert 0 was blocked |

Written NOW by atoll 0.0.0.
`,
    );
  });
});

describe('atoll completion', () => {
  const complete = async (...words: string[]) =>
    (await world.run(['__complete', ...words])).out.split('\n').filter((line) => line !== '');

  it('offers verbs, kinds, flags, formats, runs and islands', async () => {
    assert.deepEqual(await complete('ex'), ['explain']);
    assert.deepEqual(await complete('island', 'un'), ['uncordon', 'undrain']);
    assert.deepEqual(await complete('get', ''), ['datasets', 'experts', 'islands', 'jobs', 'runs']);
    assert.deepEqual(await complete('wait', '--t'), ['--timeout']);
    assert.deepEqual(await complete('get', 'runs', '-o', 'j'), ['json']);
    assert.deepEqual(await complete('explain', '-n', 'research', 'b'), ['big', 'blocked', 'busy']);
    assert.deepEqual(await complete('island', 'drain', 'w'), ['west']);
    assert.deepEqual(await complete('explain', 'big', ''), []);
    assert.deepEqual((await world.run(['__complete', 'explain', ''], { kubeconfig: '/nowhere' })).out, '');
  });

  it('works in bash', async () => {
    const program = world.file('atoll');
    await writeFile(program, `#!/bin/sh\n[ "$1" = __complete ] && printf '%s\\n' "asked: $*" second\n`);
    await chmod(program, 0o755);
    const script = `${(await world.run(['completion', 'bash'])).out}\nCOMP_WORDS=(${program} explain @l); COMP_CWORD=2; _atoll; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    assert.equal(stdout, 'asked: __complete explain @l\nsecond\n');
  });

  it('knows three shells', async () => {
    for (const shell of ['zsh', 'fish']) assert.match((await world.run(['completion', shell])).out, /__complete/);
    const ran = await world.run(['completion', 'tcsh']);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /there is no script for "tcsh": it is one of bash, zsh, fish/);
  });
});

describe('rights', () => {
  it('a user who may not read islands is told which role to ask for', async () => {
    const kubeconfig = await world.user('guest');
    const ran = await world.run(['get', 'islands'], { kubeconfig });
    assert.equal(ran.code, 1);
    assert.match(ran.err, /User "guest" cannot list resource "computeislands".*; bind a ClusterRole that allows it: atoll-view/);
    assert.equal((await world.client.list(ComputeIslandKind)).items.length, 3);
  });
});
