import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExpertShard, expertShardStatus } from '../../src/api/expertshard.ts';
import { type ExpertTraining, expertTrainingStatus } from '../../src/api/experttraining.ts';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { measured, secondsOf } from '../../src/dashboard/view/of/facts.ts';
import { hintOf } from '../../src/dashboard/view/of/hints.ts';
import { projectRun, type RunSource } from '../../src/dashboard/view/of/run.ts';
import { attemptsOf, failureOf, specOf } from '../../src/dashboard/view/of/work.ts';
import { at, job, training, work } from '../hub/builders.ts';

const now = Date.parse(at) + 600_000;
const facts = { now, progress: () => undefined, silentSince: () => undefined };
const may = { suspend: true, resume: true };

function run(status: object, spec: object = {}): ExpertTraining {
  const base = training(spec as never);
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertTraining',
    ...base,
    metadata: { ...base.metadata, uid: 'run-uid', generation: 1, creationTimestamp: at },
    status: expertTrainingStatus.parse(status),
  };
}

function shard(index: number, status: object): ExpertShard {
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertShard',
    metadata: { name: `digits-e${index}`, namespace: 'research', uid: `shard-${index}` },
    spec: {
      training: 'digits',
      trainingUid: 'run-uid',
      index,
      experts: 4,
      dataset: { manifest: 'm', digest: `sha256:${'a'.repeat(64)}` },
    },
    status: expertShardStatus.parse(status),
  };
}

const running = (step: number) =>
  work({
    placement: 1,
    attempt: 1,
    state: 'Running',
    island: 'west',
    job: 'job-p1',
    progress: { step, steps: 100, loss: '0.5', at },
  });
const counts = { total: 4, running: 3, accepted: 1, blocked: 0 };
const source = (
  shards: ExpertShard[],
  status: object = { state: 'Running', experts: counts },
  jobs: IslandJob[] = [],
): RunSource => ({
  training: run(status),
  shards,
  jobs,
  dataset: undefined,
});

describe('the sentence of a run', () => {
  const three = [shard(0, running(50)), shard(1, running(40)), shard(2, running(60))];
  const accepted = shard(3, {
    ...work({ placement: 1, attempt: 1, state: 'Accepted' }),
    accepted: { manifest: 'm', digest: `sha256:${'b'.repeat(64)}`, placement: 1, attempt: 1, step: 100, bytes: 1, at },
  });
  const say = (given: RunSource, more: Partial<typeof facts> = {}) => projectRun(given, { ...facts, ...more }).view(may).sentence;

  test('counts those that train and those that are done', () => {
    assert.equal(say(source([...three, accepted])), '3 of 4 experts train, 1 is done.');
  });

  test('says that a silent island needs nothing, and for how long it is silent', () => {
    const silentSince = () => new Date(now - 540_000).toISOString();
    assert.equal(
      say(source([shard(2, running(60)), accepted]), { silentSince: silentSince as never }),
      '0 of 4 experts train, 1 was last seen training, 1 is done, 2 wait. Island west has been silent for 9m; what runs there goes on, nothing to do.',
    );
  });

  test('names first what only a person can move on', () => {
    const blocked = shard(
      0,
      work({ state: 'Blocked', placement: 2, attempt: 4, reason: 'RestartBudgetSpent', message: 'four failures' }),
    );
    const view = projectRun(source([blocked, ...three.slice(1)]), facts).view(may);
    assert.equal(view.sentence, '2 of 4 experts train, 1 waits, 1 is blocked. Expert 0 is blocked: four failures.');
    assert.deepEqual(view.needsYou[0], {
      id: 'blocked/expert-000',
      urgency: 'act',
      what: 'Expert 0 is blocked: four failures',
      todo: 'Read the last failure; when its cause is gone, retry grants a new budget.',
      action: 'retry',
      work: 'expert-000',
      reason: 'RestartBudgetSpent',
    });
    assert.equal(view.row.needs, 1);
  });

  test('ends with what was published', () => {
    const done = {
      state: 'Complete',
      experts: { total: 4, running: 0, accepted: 4, blocked: 0 },
      ensemble: { manifest: 'm', digest: `sha256:${'c'.repeat(64)}` },
    };
    assert.equal(say(source([], done)), 'Complete: 4 of 4 experts and the ensemble are published and verified.');
  });
});

describe('a row', () => {
  test('takes progress from memory when it is fresher than the status, and only then', () => {
    const fresher = { step: 70, steps: 100, loss: '0.25', at: '2026-01-01T00:05:00Z' };
    const older = { step: 1, steps: 100, at: '2025-12-31T00:00:00Z' };
    const jobs = [job(1, { state: 'Running', attempt: 1 })];
    const rowWith = (progress: typeof fresher | typeof older) =>
      projectRun(source([shard(0, running(50))], undefined, jobs), { ...facts, progress: () => progress }).experts[0];
    assert.equal(rowWith(fresher)?.step, 70);
    assert.equal(rowWith(fresher)?.loss, 0.25);
    assert.equal(rowWith(older)?.step, 50);
  });

  test('keeps its rev while only progress changes', () => {
    const rev = (step: number) => projectRun(source([shard(0, running(step))]), facts).experts[0]?.rev;
    assert.equal(rev(50), rev(51));
    const shown = shard(0, { ...running(51), display: { progress: '51%', eta: '3m' } });
    assert.equal(projectRun(source([shown]), facts).experts[0]?.rev, rev(50));
    const blocked = projectRun(source([shard(0, { ...running(50), reason: 'WaitingForPod' })]), facts).experts[0]?.rev;
    assert.notEqual(rev(50), blocked);
  });

  test('of a run has at most 300 bytes, that of an expert about 250', () => {
    const { row, experts } = projectRun(source([shard(0, running(50)), shard(1, running(20))]), facts);
    assert.ok(JSON.stringify({ ...row, router: undefined, evaluation: undefined }).length <= 400, JSON.stringify(row));
    assert.ok(JSON.stringify(experts[0]).length <= 300, JSON.stringify(experts[0]));
  });

  test('names the slowest of several experts', () => {
    const { row } = projectRun(source([shard(0, running(50)), shard(1, running(20)), shard(2, running(80))]), facts);
    assert.deepEqual(row.slowest, { index: 1, progress: 0.2 });
    assert.equal(row.progress, 0.375);
  });
});

describe('a work', () => {
  const failed = {
    number: 1,
    pod: 'p',
    podUid: 'u',
    class: 'Crash' as const,
    exitCode: 1,
    message: '<b>boom</b>',
    finishedAt: at,
  };
  const withJob = (jobs: IslandJob[]) => ({
    namespace: 'research',
    run: 'digits',
    work: 'expert-000' as const,
    index: 0,
    status: work({ placement: 1, attempt: 2, state: 'Running', job: 'job-p1', failure: failed }),
    jobs,
  });

  test('shows the attempts of all its placements, and the last failure also when its IslandJob is gone', () => {
    const both = withJob([job(2, { attempts: [{ number: 1 }] }), job(1, { attempts: [failed, { number: 2 }] })]);
    assert.deepEqual(
      attemptsOf(both).map(({ placement, attempt, log }) => [placement, attempt, log]),
      [
        [1, 1, true],
        [1, 2, true],
        [2, 1, true],
      ],
    );
    assert.deepEqual(
      attemptsOf(withJob([])).map(({ attempt, class: ended, log }) => [attempt, ended, log]),
      [[1, 'Crash', false]],
    );
  });

  test('hands on the message of a failure as it is, with what to do', () => {
    const failure = failureOf(withJob([job(1, { attempts: [failed] })]));
    assert.equal(failure?.message, '<b>boom</b>');
    assert.equal(failure?.hint, undefined, 'the island sent none');
    assert.equal(failure?.blocking, false);
  });

  test('says what the rule of the island says to do, unless it waits for another reason', () => {
    const crash = { class: 'Crash', hint: 'It is tried again.' };
    assert.equal(hintOf('Running', undefined, crash), 'It is tried again.');
    assert.match(hintOf('Blocked', 'RestartBudgetSpent', crash) ?? '', /retry grants a new budget/);
    const memory = { class: 'OutOfMemory', hint: 'Raise resources.memory.' };
    assert.equal(hintOf('Blocked', 'OutOfMemory', memory), 'Raise resources.memory.');
    assert.equal(hintOf('Blocked', 'OutOfMemory', undefined), undefined);
  });

  test('shows what its program was told, without the values of its environment', () => {
    const secret = job(
      1,
      {},
      { container: { image: 'ddm', resources: { cpu: '1', memory: '1Gi' }, env: [{ name: 'TOKEN', value: 's3cret' }] } },
    );
    const text = JSON.stringify(specOf(withJob([secret])));
    assert.match(text, /"env":\["TOKEN"\]/);
    assert.doesNotMatch(text, /s3cret/);
  });
});

test('numbers that are none are sent by name', () => {
  assert.deepEqual(['0.5', 'NaN', '-inf', 'x', '', undefined].map(measured), [
    0.5,
    'NaN',
    '-Infinity',
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(['45s', '2m', '1h5m', '3d4h', 'soon', ''].map(secondsOf), [45, 120, 3900, 273_600, undefined, undefined]);
});
