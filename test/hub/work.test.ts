/** The mechanism of one work, as a table: what is wanted and seen, and what follows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import type { WorkStatus } from '../../src/api/work.ts';
import type { Verification } from '../../src/hub/verify.ts';
import { decideWork, type Seen, type Wish } from '../../src/hub/work.ts';
import { at, checkpoint, digest, job, now, work } from './builders.ts';

const base = job(1);
const wish = (fields: Partial<Wish> = {}): Wish => ({
  suspend: false,
  retry: base.spec.retry,
  checkpoint: base.spec.checkpoint,
  ...fields,
});
const seen = (current: WorkStatus | undefined, jobs: IslandJob[] = [], fields: Partial<Seen> = {}): Seen => ({
  current,
  jobs,
  verification: undefined,
  place: () => ({ island: 'local' }),
  jobName: (placement) => `job-p${placement}`,
  now,
  ...fields,
});
const placed = (fields: Partial<WorkStatus> = {}) =>
  work({ placement: 1, island: 'local', job: 'job-p1', state: 'Running', attempt: 1, ...fields });
const full: Seen['place'] = () => ({ reason: 'WaitingForCapacity', message: 'full', refused: [] });
const stop = { reason: 'Stopped', message: 'the run has failed' } as const;
const hold = { reason: 'WaitingForExperts', message: '1 of 4' } as const;
const create = (placement: number, resume: { manifest: string; digest: string }[] = []) => ({
  type: 'Create',
  placement,
  island: 'local',
  resume,
});

describe('a work without a placement', () => {
  test('is given the first, recorded before its IslandJob is made', () => {
    assert.deepEqual(decideWork(wish(), seen(undefined)), {
      status: work({ placement: 1, island: 'local', job: 'job-p1' }),
      actions: [create(1)],
    });
  });
  test('waits with the reason of placement and looks again', () => {
    assert.deepEqual(decideWork(wish(), seen(undefined, [], { place: full })), {
      status: work({ reason: 'WaitingForCapacity', message: 'full' }),
      actions: [],
      after: 30_000,
    });
  });
  test('goes where an administrator said that it is held already, under the number that it has there', () => {
    const held = { island: 'paris', placement: 3 };
    const { status, actions } = decideWork(wish(), seen(undefined, [], { place: full, adoptable: () => held }));
    assert.deepEqual(status, work({ placement: 3, island: 'paris', job: 'job-p3' }));
    assert.deepEqual(actions, [{ ...create(3), island: 'paris' }]);
  });
  test('is not adopted while its owner holds it back', () => {
    const held = { island: 'paris', placement: 3 };
    assert.deepEqual(decideWork(wish({ hold }), seen(undefined, [], { adoptable: () => held })).actions, []);
  });
  test('waits while its owner holds it back', () => {
    assert.deepEqual(decideWork(wish({ hold }), seen(undefined)), { status: work({ ...hold }), actions: [] });
  });
  test('waits while it is suspended', () => {
    assert.equal(decideWork(wish({ suspend: true }), seen(undefined)).status.reason, 'Suspended');
  });
  test('is blocked when its owner ends it', () => {
    assert.deepEqual(decideWork(wish({ stop }), seen(undefined)).status, work({ state: 'Blocked', ...stop, finishedAt: at }));
  });
});

describe('a recorded placement whose IslandJob does not exist', () => {
  const recorded = placed({ state: 'Waiting', attempt: 0 });
  test('is made, under the same number', () => {
    assert.deepEqual(decideWork(wish(), seen(recorded)), { status: recorded, actions: [create(1)] });
  });
  test('keeps the reason why the API server refused it', () => {
    const refused = { ...recorded, reason: 'InvalidSpec', message: 'no' };
    assert.deepEqual(decideWork(wish(), seen(refused)), { status: refused, actions: [create(1)] });
  });
  test('is not made while suspended, and keeps its number', () => {
    const { status, actions } = decideWork(wish({ suspend: true }), seen(recorded));
    assert.deepEqual([status.placement, status.job, status.reason, actions], [1, 'job-p1', 'Suspended', []]);
  });
  test('is lost when it had existed: the next number follows, resuming from what was published', () => {
    const lost = placed({ checkpoint: checkpoint(), attempt: 3 });
    const { status, actions } = decideWork(wish(), seen(lost));
    assert.deepEqual([status.placement, status.job, status.attempt, status.state], [2, 'job-p2', 0, 'Waiting']);
    assert.deepEqual(actions, [create(2, [{ manifest: 'some/manifest.json', digest: digest('c') }])]);
  });
  test('that is lost while no island is free forgets its job but not its number', () => {
    const { status } = decideWork(wish(), seen(placed(), [], { place: full }));
    assert.deepEqual([status.placement, status.job, status.attempt, status.state], [1, undefined, 1, 'Waiting']);
    assert.deepEqual(decideWork(wish(), seen(status)).actions, [create(2)]);
  });
});

describe('a work with an IslandJob', () => {
  const mirrored: [IslandJob['status'] & object, WorkStatus['state']][] = (
    ['Pending', 'Queued', 'Starting', 'Running', 'Publishing', 'Stopping', 'Suspended'] as const
  ).map((state) => [{ ...job(1).status, state } as IslandJob['status'] & object, state]);
  for (const [status, state] of mirrored) {
    test(`is ${state} when its island says so`, () => {
      assert.equal(decideWork(wish(), seen(placed(), [job(1, status)])).status.state, state);
    });
  }
  test('is Pending while its island has said nothing', () => {
    const silent = job(1);
    delete (silent as { status?: unknown }).status;
    assert.deepEqual(decideWork(wish(), seen(placed({ state: 'Waiting', attempt: 0 }), [silent])), {
      status: placed({ state: 'Pending', attempt: 0 }),
      actions: [],
    });
  });
  test('never counts attempts or restarts back', () => {
    const { status } = decideWork(
      wish(),
      seen(placed({ attempt: 4, restarts: 2 }), [job(1, { state: 'Running', attempt: 3, restarts: 1 })]),
    );
    assert.deepEqual([status.attempt, status.restarts], [4, 2]);
  });
  test('keeps what earlier reports said of progress and checkpoints', () => {
    const known = placed({ checkpoint: checkpoint(), progress: { step: 9, at } });
    const { status } = decideWork(wish(), seen(known, [job(1, { state: 'Starting' })]));
    assert.deepEqual([status.checkpoint?.step, status.progress?.step], [10, 9]);
  });

  const patches: [sentence: string, wish: Wish, spec: Partial<IslandJob['spec']>, patched: object | undefined][] = [
    ['is left alone when nothing changed', wish(), {}, undefined],
    ['is suspended', wish({ suspend: true }), {}, { suspend: true, stop: false, revision: 2 }],
    ['is resumed', wish(), { suspend: true, revision: 5 }, { suspend: false, stop: false, revision: 6 }],
    ['is stopped', wish({ stop }), {}, { suspend: false, stop: true, revision: 2 }],
    ['stays stopped: stop is one-way', wish(), { stop: true }, undefined],
    [
      'is told a new budget',
      wish({ retry: { ...base.spec.retry, maxRestarts: 9 } }),
      {},
      { suspend: false, stop: false, revision: 2 },
    ],
  ];
  for (const [sentence, want, spec, patched] of patches) {
    test(sentence, () => {
      const { actions } = decideWork(want, seen(placed(), [job(1, { state: 'Running', attempt: 1 }, spec)]));
      assert.deepEqual(
        actions.map((action) => (action.type === 'Patch' ? action.spec : action)),
        patched ? [{ ...patched, retry: want.retry, checkpoint: want.checkpoint }] : [],
      );
    });
  }

  test('its island is told what happens when that is lost, wholly and once', () => {
    const running = job(1, { state: 'Running', attempt: 1 });
    const told = { policy: 'Replace', after: '10m' } as const;
    const { actions } = decideWork(wish({ told }), seen(placed(), [running]));
    assert.deepEqual(
      actions.map((action) => action.type === 'Patch' && [action.spec.islandLost, action.spec.revision]),
      [[told, 2]],
    );
    const again = { ...running, spec: { ...running.spec, islandLost: told } };
    assert.deepEqual(decideWork(wish({ told }), seen(placed(), [again])).actions, []);
    assert.deepEqual(decideWork(wish(), seen(placed(), [again])).actions, []);
  });

  test('that is being deleted is waited for and nothing follows yet', () => {
    const going = job(1, { state: 'Running', attempt: 1 });
    going.metadata.deletionTimestamp = at;
    const { status, actions } = decideWork(wish(), seen(placed(), [going]));
    assert.deepEqual([status.state, status.reason, status.placement, actions], ['Stopping', 'DeletionPending', 1, []]);
  });
  test('that was stopped by hand is followed by the next placement', () => {
    const { status, actions } = decideWork(
      wish(),
      seen(placed(), [job(1, { state: 'Stopped', checkpoint: checkpoint() }, { stop: true })]),
    );
    assert.equal(status.placement, 2);
    assert.deepEqual(actions, [create(2, [{ manifest: 'some/manifest.json', digest: digest('c') }])]);
  });
  test('that was stopped by its owner is blocked with the reason of the owner', () => {
    const { status, actions } = decideWork(wish({ stop }), seen(placed(), [job(1, { state: 'Stopped' }, { stop: true })]));
    assert.deepEqual([status.state, status.reason, actions], ['Blocked', 'Stopped', []]);
  });
  test('that failed is blocked, with the evidence of its last attempt', () => {
    const attempts = [
      { number: 1, class: 'Crash' as const },
      { number: 2, class: 'Configuration' as const, exitCode: 42, message: 'steps must be above 0' },
    ];
    const { status } = decideWork(wish(), seen(placed(), [job(1, { state: 'Failed', attempt: 2, attempts })]));
    const failure = { ...attempts[1], placement: 1, island: 'local' };
    assert.deepEqual([status.state, status.reason, status.failure], ['Blocked', 'Configuration', failure]);
    assert.match(status.message ?? '', /attempt 2 ended with Configuration: steps must be above 0/);
  });
  test('that is newer than the status knows is adopted: a status restored from a backup', () => {
    const { status, actions } = decideWork(
      wish(),
      seen(placed(), [job(1, { state: 'Stopped' }), job(3, { state: 'Running', attempt: 2 })]),
    );
    assert.deepEqual([status.placement, status.job, status.attempt, status.state, actions], [3, 'job-p3', 2, 'Running', []]);
  });
});

describe('a work whose IslandJob has Succeeded', () => {
  const output = checkpoint({ final: true, kind: 'Export' });
  const succeeded = job(1, { state: 'Succeeded', attempt: 1, output });
  const result = { manifest: output.manifest, digest: output.digest, attempt: 1, step: 10, bytes: 5 };
  const table: [
    sentence: string,
    verification: Verification | undefined,
    state: string,
    reason: string | undefined,
    after: number | undefined,
  ][] = [
    [
      'is accepted when its manifest verifies',
      { result: 'Verified', accepted: result, manifest: {} as never },
      'Accepted',
      undefined,
      undefined,
    ],
    [
      'is blocked when the manifest is refused',
      { result: 'Refused', reason: 'ManifestInvalid', message: 'a file is missing' },
      'Blocked',
      'ManifestInvalid',
      undefined,
    ],
    [
      'is Publishing and looks again while the store is away',
      { result: 'Unknown', reason: 'StoreUnreachable', message: 'away', after: 4000 },
      'Publishing',
      'StoreUnreachable',
      4000,
    ],
    ['is Publishing until it was verified', undefined, 'Publishing', undefined, undefined],
  ];
  for (const [sentence, verification, state, reason, after] of table) {
    test(sentence, () => {
      const decision = decideWork(wish(), seen(placed(), [succeeded], { verification }));
      assert.deepEqual(
        [decision.status.state, decision.status.reason, decision.after, decision.actions],
        [state, reason, after, []],
      );
      if (state === 'Accepted') assert.deepEqual(decision.status.accepted, { ...result, placement: 1, at });
    });
  }
  test('stays accepted whatever happens to its IslandJob', () => {
    const accepted = placed({ state: 'Accepted', accepted: { ...result, placement: 1, at } });
    for (const jobs of [[], [job(1, { state: 'Failed' })], [job(2, { state: 'Running' })]]) {
      assert.deepEqual(decideWork(wish({ stop, suspend: true }), seen(accepted, jobs)), { status: accepted, actions: [] });
    }
  });
  test('stays blocked', () => {
    const blocked = placed({ state: 'Blocked', reason: 'Crash' });
    assert.deepEqual(decideWork(wish(), seen(blocked, [job(1, { state: 'Failed' })])), { status: blocked, actions: [] });
  });
});

describe('resuming in a later placement', () => {
  const refs = (...jobs: IslandJob[]) => decideWork(wish(), seen(placed({ placement: 3, job: 'job-p3' }), jobs)).actions;
  const named = (name: string) => ({ manifest: `${name}/manifest.json`, digest: digest(name) });
  test('takes the newest placement first and leaves out quarantined and exported manifests', () => {
    const actions = refs(
      job(1, { state: 'Stopped', checkpoint: checkpoint(named('a')) }),
      job(2, { state: 'Stopped', checkpoint: checkpoint({ ...named('b'), kind: 'Export' }), quarantined: [] }),
      job(3, { state: 'Stopped', checkpoint: checkpoint(named('d')), quarantined: ['e/manifest.json'] }),
    );
    assert.deepEqual(actions, [create(4, [named('d'), named('a')])]);
  });
});
