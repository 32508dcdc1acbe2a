/** Small decisions of the hub, a table each: what an island's report becomes, which requests are wrong, what a partition lacks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComputeIsland } from '../../src/api/computeisland.ts';
import type { ExpertTraining } from '../../src/api/experttraining.ts';
import { apiVersion } from '../../src/api/kind.ts';
import { requestAnnotations } from '../../src/api/labels.ts';
import type { Manifest } from '../../src/api/manifest.ts';
import { answerMove } from '../../src/hub/asked.ts';
import { createAvoidance } from '../../src/hub/avoid.ts';
import { createField } from '../../src/hub/field.ts';
import { snapshotOf } from '../../src/hub/inputs.ts';
import { islandView, runningWork } from '../../src/hub/islands.ts';
import { createOnce } from '../../src/hub/once.ts';
import { partitionResult, wrongPartition } from '../../src/hub/partition.ts';
import { place } from '../../src/hub/placement.ts';
import { mirror } from '../../src/hub/reported.ts';
import { unmetWhenComplete, wrongRequestsOfRun } from '../../src/hub/requests.ts';
import { evaluationTemplate, routerTemplate } from '../../src/hub/templates.ts';
import { knownWaiting } from '../../src/hub/waiting.ts';
import { decideWork } from '../../src/hub/work.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { at, digest, island, job, namespace, training, work } from './builders.ts';

const run = (spec: Parameters<typeof training>[0] = {}, annotations: Record<string, string> = {}): ExpertTraining => {
  const { metadata, ...rest } = training(spec);
  return { apiVersion, kind: 'ExpertTraining', ...rest, metadata: { ...metadata, annotations } };
};

test('what an island reports is taken over, word by word', () => {
  const progress = { step: 3, at };
  const told = { reason: 'Running' as const, message: 'attempt 1 is running', progress, startedAt: at };
  const found = mirror(work({ placement: 1 }), job(1, { state: 'Running', attempt: 1, ...told }));
  assert.deepEqual(found, work({ placement: 1, state: 'Running', attempt: 1, ...told }));
});

describe('a request of a run', () => {
  const wrong = (spec: Parameters<typeof training>[0], value: string) =>
    wrongRequestsOfRun(run(spec, { [requestAnnotations.retry]: value }), 4).map(({ message }) => message);
  const none: string[] = [];
  for (const [sentence, spec, value, expected] of [
    ['may name an expert that there is', {}, '3@1', none],
    ['names no expert that there is not', {}, '4@1', [/the run has experts 0 to 3/]],
    ['names no partition', {}, 'partition@1', [/set the annotation there/]],
    ['may name the router', {}, 'router@1', none],
    ['names no router when there is none', { router: undefined }, 'router@1', [/spec\.router is absent/]],
    ['may name the evaluation', {}, 'evaluation@1', none],
    ['names no evaluation when there is none', { evaluation: undefined }, 'evaluation@1', [/spec\.evaluation is absent/]],
  ] as const)
    test(sentence, () => {
      const found = wrong(spec, value);
      assert.equal(found.length, expected.length, found.join('; '));
      for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern as RegExp);
    });

  test('of a complete run is final, and of a part that never was says nothing', () => {
    const complete = run({}, { [requestAnnotations.retry]: 'router@1' });
    assert.deepEqual(unmetWhenComplete(complete, 'router'), []);
    const status = { router: work({ placement: 1, state: 'Accepted' }) } as unknown;
    const [why] = unmetWhenComplete({ ...complete, status: status as NonNullable<ExpertTraining['status']> }, 'router');
    assert.match(why?.message ?? '', /the run is complete, which is final/);
  });
});

describe('a part that is absent', () => {
  for (const [sentence, build, message] of [
    [
      'has no router to build',
      () => routerTemplate(run({ router: undefined }), [], { images: { workload: 'x' } } as never),
      /spec\.router is absent/,
    ],
    [
      'has no evaluation to build',
      () => evaluationTemplate(run({ evaluation: undefined }), [], { images: { workload: 'x' } } as never),
      /spec\.evaluation is absent/,
    ],
    ['has no snapshot before its start', () => snapshotOf(run()), /has no snapshot yet/],
  ] as const)
    test(sentence, () => assert.throws(build, { message }));
});

describe('a partition', () => {
  const shard = (index: number) => ({ index, samples: 10 });
  const manifest = (experts: number, shards: { index: number; samples: number }[], files = ['shards/000/a', 'shards/001/a']) =>
    ({
      partition: { experts, shards, method: 'Clusters', samples: 20, heldOut: 0, skew: 1 },
      files: files.map((path) => ({ path, size: 1, sha256: 'a' })),
    }) as unknown as Manifest;
  const whole = manifest(2, [shard(0), shard(1)]);
  const empty = { files: [] } as unknown as Manifest;
  for (const [sentence, given, expected] of [
    ['is right when every shard is there once', whole, undefined],
    ['must say how it cut the data', empty, /^it has no field partition/],
    ['must have as many experts as were asked for', manifest(3, [shard(0), shard(1)]), /^partition\.experts is 3 and must be 2/],
    ['must name every shard', manifest(2, [shard(0)]), /^partition\.shards has 0 entries of index 1/],
    ['must name no shard twice', manifest(2, [shard(0), shard(0), shard(1)]), /^partition\.shards has 2 entries of index 0/],
    [
      'must hold files of every shard',
      manifest(2, [shard(0), shard(1)], ['shards/000/a']),
      /^it lists no file below shards\/001\//,
    ],
  ] as const)
    test(sentence, () => {
      const found = wrongPartition(given, 2);
      if (expected) assert.match(found ?? '', expected);
      else assert.equal(found, undefined);
    });

  test('without a field of its own has no result', () => {
    assert.equal(partitionResult(empty), undefined);
    assert.equal(partitionResult(whole)?.shards?.length, 2);
  });
});

describe('an island that is not ready', () => {
  const view = (status: Partial<NonNullable<ComputeIsland['status']>>, gone = false) => {
    const made = island('west') as ComputeIsland;
    if (gone) made.metadata.deletionTimestamp = at;
    made.status = { state: 'Ready', jobs: 0, display: {}, conditions: [], ...status };
    return islandView(made).unready;
  };
  for (const [sentence, found, expected] of [
    ['is none when it is', view({}), undefined],
    ['is being removed', view({}, true), 'is being removed'],
    ['waits for a cluster', view({ state: 'NotJoined' }), 'waits for a cluster to join'],
    ['says when it was heard last', view({ state: 'Unreachable', lastHeard: at }), `has not been heard since ${at}`],
    ['has nothing to say when it never was', view({ state: 'Unreachable' }), 'has not reported itself ready'],
  ] as const)
    test(sentence, () => assert.equal(found, expected));

  test('holds no work that has ended', () => {
    assert.equal(runningWork(job(1, { state: 'Succeeded' })), undefined);
    assert.equal(runningWork(job(1, { state: 'Running' }))?.island, 'local');
  });
});

describe('the field', () => {
  const spot = (name: string) => islandView({ ...(island(name) as ComputeIsland) });
  const taking = { island: 'west', group: 'run', namespace, gpus: 1, started: false };

  test('forgets an island that is gone once nothing is placed there', () => {
    const field = createField();
    field.setIsland(spot('west'));
    field.put('a', taking);
    field.dropIsland('west');
    assert.deepEqual(
      field.spots().map(({ name, works }) => [name, works.size]),
      [['west', 1]],
    );
    field.remove('a');
    assert.deepEqual(field.spots(), []);
    field.setIsland(spot('west'));
    field.dropIsland('west');
    assert.deepEqual(field.spots(), []);
  });

  test('keeps no count of a run that has nothing any more', () => {
    const field = createField();
    field.setIsland(spot('west'));
    field.put('a', taking);
    field.remove('a');
    assert.deepEqual([...(field.spots()[0]?.ofGroup ?? [])], []);
    assert.deepEqual([...(field.spots()[0]?.unseen ?? [])], []);
  });
});

test('an island that did not take a work is avoided longer each time, and once for each IslandJob', () => {
  const clock = createFakeClock();
  const avoidance = createAvoidance(clock);
  const missed = (uid: string) =>
    avoidance.add('work', { island: 'west', uid, why: { reason: 'ClaimDeadlineExceeded', message: 'late' } });
  const left = () => (avoidance.of('work')?.get('west')?.until ?? 0) - clock.now();
  missed('first');
  missed('first');
  assert.equal(left(), 60_000);
  missed('second');
  assert.equal(left(), 120_000);
  for (let index = 0; index < 16_384; index++)
    avoidance.add(`other ${index}`, { island: 'west', uid: 'x', why: { reason: 'ClaimDeadlineExceeded', message: 'late' } });
  assert.equal(avoidance.of('work'), undefined);
});

describe('a work that its owner ends', () => {
  const stop = { reason: 'Stopped', message: 'the run has failed' } as const;
  const wish = { suspend: false, stop, retry: job(1).spec.retry, checkpoint: job(1).spec.checkpoint };
  const seen = {
    verification: undefined,
    place: () => ({ island: 'east' }),
    jobName: (placement: number) => `job-p${placement}`,
    now: Date.parse(at),
  };
  test('is blocked although its next placement is decided, and nothing is made', () => {
    const current = work({ placement: 1, island: 'west', job: 'job-p1' });
    const { status, actions } = decideWork(wish, { ...seen, current, jobs: [] });
    assert.deepEqual([status.state, status.reason, actions], ['Blocked', 'Stopped', []]);
  });
  test('is not replaced when its island is lost', () => {
    const standing = {
      island: 'west',
      draining: false,
      away: { silent: true, heardAt: 0, waitingSince: 0, mayHold: true },
    };
    const current = work({ placement: 1, island: 'west', job: 'job-p1', state: 'Running' });
    const decision = decideWork(
      { ...wish, islandLost: { policy: 'Replace', afterMs: 1 } },
      { ...seen, standing, current, jobs: [job(1, { state: 'Running' }, { island: 'west' })] },
    );
    assert.deepEqual([decision.status.state, decision.status.placement], ['Blocked', 1]);
    assert.ok(decision.actions.every(({ type }) => type !== 'Create'));
  });
});

test('a move of a placement that is not there yet is not done', () => {
  const asked = { what: 'expert 0', move: { work: 0, placement: 3 } };
  const answer = answerMove(asked, work({ placement: 1, state: 'Running' }), undefined);
  assert.match(answer.type === 'Ignore' ? answer.why.message : '', /it stands at placement 1$/);
});

test('what was said is said again only when it changes, and an empty word makes it forgotten', () => {
  const once = createOnce();
  assert.deepEqual(
    [once('a', 'x'), once('a', 'x'), once('a', 'y'), once('a', ''), once('a', 'y')],
    [true, false, true, false, true],
  );
  assert.equal(once('empty', ''), false);
  for (let index = 0; index < 16_384; index++) once(`key ${index}`, 'x');
  assert.equal(once('a', 'y'), true);
});

test('a work goes anywhere but to the island that it is to leave', () => {
  const field = createField();
  for (const name of ['east', 'west']) field.setIsland(islandView(island(name) as ComputeIsland));
  const demand = { group: 'run', namespace, gpus: 0, matchLabels: {}, priority: 0, since: 0 };
  assert.deepEqual(place(demand, field, { except: 'east' }), { island: 'west' });
  field.dropIsland('west');
  const nowhere = place(demand, field, { except: 'east' });
  assert.match(nowhere.island === undefined ? nowhere.message : '', /the work is to leave it/);
});

describe('an expert that waits for room', () => {
  const owner = run({ expert: { resources: { cpu: '1', memory: '1Gi', gpus: 1 } } });
  owner.metadata.uid = 'run-uid';
  owner.status = {
    state: 'Running',
    experts: { total: 4, running: 0, accepted: 0, blocked: 0 },
    display: {},
    conditions: [],
    snapshot: { dataset: { manifest: 'm', digest: digest('d'), store: 'default', uid: 'u', experts: 4 }, images: {} },
  };
  const waits = (status: object | undefined, of: ExpertTraining | undefined = owner, uid = 'run-uid') => {
    const shard = { metadata: { name: 's', namespace }, spec: { training: 'digits', trainingUid: uid, index: 0 }, status };
    const stores = [{ list: () => [shard] }, { get: () => of }] as unknown as Parameters<typeof knownWaiting>;
    return knownWaiting(...stores).length;
  };
  const failed = { type: 'Failed', status: 'True', reason: 'ExpertFailed', message: '', lastTransitionTime: at } as const;
  const gone = { ...owner, metadata: { ...owner.metadata, deletionTimestamp: at } };
  for (const [sentence, found, expected] of [
    ['is known before it has a status', waits(undefined), 1],
    ['is known while it waits', waits({ state: 'Waiting' }), 1],
    ['has its place when that is decided', waits({ state: 'Waiting', job: 'job-p1' }), 0],
    ['does not when it runs', waits({ state: 'Running' }), 0],
    ['does not when it is of another run', waits(undefined, owner, 'other-uid'), 0],
    ['does not when its run is suspended', waits(undefined, { ...owner, spec: { ...owner.spec, suspend: true } }), 0],
    ['does not when its run has failed', waits(undefined, { ...owner, status: { ...owner.status, conditions: [failed] } }), 0],
    ['does not when its run is deleted', waits(undefined, gone), 0],
  ] as const)
    test(sentence, () => assert.equal(found, expected));
});
