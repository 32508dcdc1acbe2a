/** Asking the hub for a retry or a move, and watching a run; a test plays the hub on a real API server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import type { ExpertShard, ExpertShardStatus } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { requestAnnotations } from '../../src/api/labels.ts';
import { changesOf } from '../../src/cli/changes.ts';
import { keyOf } from '../../src/kube/types.ts';
import { eventually } from '../kube/eventually.ts';
import { condition, digest, Scene } from './scene.ts';
import { CliWorld, type Ran } from './world.ts';

let world: CliWorld;
let scene: Scene;
let run: ExpertTraining;
const experts: ExpertShard[] = [];
const accepted = {
  manifest: 'a',
  digest: digest('a'),
  placement: 1,
  attempt: 1,
  step: 1500,
  bytes: 10,
  at: '2026-11-26T07:00:00Z',
};
const states: Partial<ExpertShardStatus>[] = [
  { state: 'Running', island: 'east', placement: 1, attempt: 1 },
  { state: 'Blocked', island: 'west', placement: 2, attempt: 4, reason: 'RestartBudgetSpent', message: '4 failures' },
  { state: 'Accepted', island: 'west', placement: 1, attempt: 1, accepted },
  { state: 'Waiting', reason: 'WaitingForCapacity' },
];

before(async () => {
  world = await CliWorld.start();
  scene = new Scene(world);
  await scene.island('east', { total: 4, free: 2 });
  await scene.island('west', { total: 4, free: 2 }, { cordoned: true });
  await scene.island('north', { total: 4, free: 2 });
  await scene.dataset();
  run = await scene.run(
    'digits',
    {},
    {
      state: 'Running',
      display: { experts: '1/4' },
      conditions: [condition('Validated', 'True', 'SpecValid'), condition('Progressing', 'True', 'ExpertsRunning')],
    },
  );
  for (const [index, status] of states.entries()) experts.push(await scene.expert(run, index, status));
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) =>
  world.run([...words.split(' '), '-n', 'research'], how);
const annotation = async (name: keyof typeof requestAnnotations) =>
  (await world.client.get(ExpertTrainingKind, { namespace: 'research', name: 'digits' }))?.metadata.annotations?.[
    requestAnnotations[name]
  ];
const expert = (index: number) => experts[index] as ExpertShard;

describe('atoll retry', () => {
  it('asks for a blocked expert, and says where it has begun anew', async () => {
    const asking = atoll('retry digits -e 1');
    await eventually('the request', async () => (await annotation('retry')) === '1@2');
    await scene.expertStatus(expert(1), { state: 'Running', island: 'north', placement: 3, attempt: 1 });
    assert.deepEqual(await asking, {
      code: 0,
      out: 'Expert 1 of run digits gets a new budget and a new placement.\nExpert 1 is Running on north in placement 3.\n',
      err: '',
    });
  });

  it('asks for an accepted one only with --replace, and keeps what was asked for others', async () => {
    const refused = await atoll('retry digits -e 2');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /cannot retry expert 2 of run digits: its result is accepted; say --replace to make it again/);
    assert.equal((await atoll('retry digits -e 2 --replace --no-wait')).code, 0);
    assert.equal(await annotation('retry'), `1@2,2@1=${digest('a')}`);
  });

  it('asks the data set for the partition, whose failure belongs to no run', async () => {
    const elsewhere = new Scene(world, 'default');
    await elsewhere.dataset();
    await elsewhere.run('digits', {}, { state: 'Preparing' });
    const dataset = await elsewhere.datasetWork({ state: 'Blocked', placement: 1, attempt: 4, reason: 'RestartBudgetSpent' });
    const asking = world.run(['retry', 'digits', '--partition']);
    const asked = async () =>
      (await world.client.get(ExpertDatasetKind, keyOf(dataset)))?.metadata.annotations?.[requestAnnotations.retry];
    await eventually('the request', async () => (await asked()) === 'partition@1');
    await elsewhere.datasetWork({ state: 'Running', island: 'north', placement: 2, attempt: 1 });
    assert.deepEqual(await asking, {
      code: 0,
      out: 'The partition of run digits gets a new budget and a new placement.\nThe partition is Running on north in placement 2.\n',
      err: '',
    });
  });

  it('ends with 3 when nothing has begun in time, and says what it is waiting for', async () => {
    const ran = await atoll('retry digits -e 2 --replace --timeout 300ms');
    assert.equal(ran.code, 3);
    assert.match(ran.err, /expert 2 has not begun anew yet: it is Accepted on west; the hub goes on with it, atoll watch digits/);
  });

  for (const [words, code, message] of [
    ['retry digits', 2, /name one work: -e N, --router, --evaluation or --partition/],
    ['retry digits --partition', 1, /cannot retry the partition of run digits: it is Waiting/],
    ['retry digits -e 0 --router', 2, /name one work/],
    ['retry digits -e 0', 1, /cannot retry expert 0 of run digits: it is Running, and only what is Blocked or accepted can be/],
    ['retry digits -e 9', 1, /cannot find expert 9 of run digits: there are 0 to 3/],
    ['retry digits --router', 1, /cannot retry the router of run digits: it is Waiting/],
    ['retry digits -e 1 --timeout soon', 2, /--timeout: cannot read the duration "soon"/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await atoll(words);
      assert.equal(ran.code, code);
      assert.match(ran.err, message);
    });
});

describe('atoll move', () => {
  it('asks, and says where the expert goes on and from which checkpoint', async () => {
    const asking = atoll('move digits -e 0 --to north');
    await eventually('the request', async () => (await annotation('move')) === '0@1=north');
    await scene.expertStatus(expert(0), { state: 'Stopping', island: 'east', placement: 1, attempt: 1 });
    const checkpoint = {
      manifest: 'c',
      digest: digest('c'),
      step: 600,
      bytes: 1,
      attempt: 1,
      at: '2026-11-26T07:00:00Z',
      final: false,
      kind: 'Resumable' as const,
    };
    await scene.expertStatus(expert(0), { state: 'Running', island: 'north', placement: 2, attempt: 1, checkpoint });
    assert.deepEqual(await asking, {
      code: 0,
      out: 'Expert 0 of run digits is asked to leave east and go to north.\nExpert 0 is Running on north in placement 2, from the checkpoint of step 600.\n',
      err: '',
    });
  });

  for (const [words, message] of [
    ['move digits -e 0 --to nroth', /cannot find an island nroth: there are east, north, west; did you mean north\?/],
    [
      'move digits -e 0 --to west',
      /cannot move expert 0 of run digits: island west takes no work now; atoll island uncordon west first/,
    ],
    ['move digits -e 0 --to north', /it is on north already/],
    ['move digits -e 2', /cannot move expert 2 of run digits: it is Accepted/],
    ['move digits -e 3', /it has no placement yet; change where it may go in spec.placement/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await atoll(words);
      assert.equal(ran.code, 1);
      assert.match(ran.err, message);
    });
});

describe('atoll watch', () => {
  const seen = (pattern: RegExp) => {
    const shown = Promise.withResolvers<void>();
    return { shown: shown.promise, saw: (ran: Ran) => pattern.test(ran.out) && shown.resolve() };
  };

  it('draws a table in place and leaves the terminal as it was, at its end and when it is left', async () => {
    const { shown, saw } = seen(/expert 1 +Running/);
    const stop = new AbortController();
    const watching = atoll('watch digits', { screen: 100, signal: stop.signal, saw });
    await shown;
    stop.abort(new Error('stopped by SIGINT'));
    const { code, out, err } = await watching;
    assert.equal(code, 130);
    assert.ok(out.startsWith('\u001b[?25l\u001b[2Kresearch/digits  Running  1/4 experts accepted'));
    assert.ok(out.endsWith('\u001b[?25h'));
    assert.equal(err, 'Run digits goes on.\n');
    for (const line of out.split('\n')) assert.ok(stripVTControlCharacters(line).length <= 100, line);
  });

  it('prints a line for each change into a pipe, and ends with the run', async () => {
    const { shown, saw } = seen(/expert 3 Waiting/);
    const watching = atoll('watch digits', { saw });
    await shown;
    await scene.expertStatus(expert(3), { state: 'Running', island: 'east', placement: 1, attempt: 1 });
    await scene.runStatus(run, { state: 'Failed', conditions: [condition('Failed', 'True', 'DeadlineExceeded', 'too late')] });
    const { code, out, err } = await watching;
    assert.equal(code, 1);
    assert.match(err, /Run digits is Failed: DeadlineExceeded, too late; atoll explain digits says what to change/);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+Z /, ''));
    assert.deepEqual(lines.slice(0, 5), [
      'Run digits is Running: ExpertsRunning (1/4 experts accepted).',
      'expert 0 Running on north p2a1 checkpoint 600',
      'expert 1 Running on north p3a1',
      'expert 2 Accepted on west p1a1 final step 1500',
      'expert 3 Waiting (WaitingForCapacity)',
    ]);
    assert.ok(lines.includes('expert 3 Running on east p1a1'));
    assert.ok(lines.includes('Run digits is Failed: DeadlineExceeded, too late.'));
  });

  it('says nothing twice', () => {
    const snapshot = { training: run, shards: experts, now: 0 };
    assert.equal(changesOf(undefined, snapshot).length, 5);
    assert.deepEqual(changesOf(snapshot, { ...snapshot, now: 1000 }), []);
  });
});
