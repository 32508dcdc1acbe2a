/** When a placement leaves its island, as a table: draining, refusals, claims that do not come, islands that fall silent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import type { WorkStatus } from '../../src/api/work.ts';
import type { Away, Standing } from '../../src/hub/move.ts';
import { decideWork, type Seen, type Why, type Wish, type WorkDecision } from '../../src/hub/work.ts';
import { at, checkpoint, digest, job, now, work } from './builders.ts';

const base = job(1);
const minutes = (count: number) => count * 60_000;
const wish = (fields: Partial<Wish> = {}): Wish => ({
  suspend: false,
  retry: base.spec.retry,
  checkpoint: base.spec.checkpoint,
  islandLost: { policy: 'Wait', afterMs: minutes(60) },
  ...fields,
});
const replace = (fields: Partial<Wish> = {}) => wish({ islandLost: { policy: 'Replace', afterMs: minutes(60) }, ...fields });
const refusal: Why = { reason: 'NamespaceNotAdmitted', message: 'namespace research is not admitted' };
const stop: Why = { reason: 'Stopped', message: 'the run has failed' };

const heard = (fields: Partial<Away> = {}, draining = false): Standing => ({
  island: 'west',
  draining,
  away: {
    silent: false,
    heardAt: now,
    lastWord: now,
    heardSince: now - minutes(600),
    waitingSince: now,
    mayHold: true,
    ...fields,
  },
});
const silent = (forMinutes: number, fields: Partial<Away> = {}, draining = false): Standing => {
  const heardAt = now - minutes(forMinutes);
  return {
    island: 'west',
    draining,
    away: { silent: true, heardAt, lastWord: heardAt, waitingSince: now, mayHold: true, ...fields },
  };
};
const placedJob = (status: Parameters<typeof job>[1] = {}, spec: Parameters<typeof job>[2] = {}) =>
  job(1, status, { island: 'west', ...spec });
const unclaimed = (createdAgo = 0): IslandJob => {
  const { status: _, ...silentJob } = placedJob();
  const creationTimestamp = new Date(now - minutes(createdAgo)).toISOString();
  return { ...silentJob, metadata: { ...silentJob.metadata, creationTimestamp } };
};
/** The IslandJob has waited for that many minutes to be taken. */
const waiting = (forMinutes: number) => ({ waitingSince: now - minutes(forMinutes) });
const runs = placedJob({ state: 'Running', attempt: 1, checkpoint: checkpoint() });

const current = (fields: Partial<WorkStatus> = {}) =>
  work({ placement: 1, island: 'west', job: 'job-p1', state: 'Running', attempt: 1, ...fields });
const seen = (standing: Standing | undefined, jobs: IslandJob[], fields: Partial<Seen> = {}): Seen => ({
  current: current(),
  jobs,
  verification: undefined,
  place: ({ except }) => ({ island: except === 'east' ? 'north' : 'east' }),
  jobName: (placement) => `job-p${placement}`,
  standing,
  now,
  ...fields,
});
const done = ({ actions }: WorkDecision) =>
  actions.map((action) => {
    if (action.type === 'Create') return `create p${action.placement} on ${action.island}`;
    if (action.type === 'Delete') return `delete ${action.job.metadata.name}`;
    return `${action.spec.stop ? 'stop' : 'patch'} ${action.job.metadata.name}`;
  });

interface Row {
  sentence: string;
  wish?: Wish;
  standing: Standing | undefined;
  job: IslandJob;
  does: string[];
  state: WorkStatus['state'];
  reason?: string | undefined;
  after?: number;
}

const rows: Row[] = [
  { sentence: 'an expert on an island that is heard stays', standing: heard(), job: runs, does: [], state: 'Running' },
  {
    sentence: 'an expert on an island that is drained is stopped and not yet placed elsewhere',
    standing: heard({}, true),
    job: runs,
    does: ['stop job-p1'],
    state: 'Running',
    reason: 'IslandDraining',
  },
  {
    sentence: 'an expert that was told to stop by a drain is waited for',
    standing: heard({}, true),
    job: placedJob({ state: 'Stopping', attempt: 1 }, { stop: true }),
    does: [],
    state: 'Stopping',
    reason: 'IslandDraining',
  },
  {
    sentence: 'a drain without islands elsewhere stops too',
    standing: { island: 'west', draining: true },
    job: runs,
    does: ['stop job-p1'],
    state: 'Running',
    reason: 'IslandDraining',
  },
  {
    sentence: 'an IslandJob that its island refuses is withdrawn',
    standing: heard({ refused: refusal }),
    job: unclaimed(),
    does: ['delete job-p1'],
    state: 'Stopping',
    reason: 'NamespaceNotAdmitted',
  },
  { sentence: 'a refusal keeps what runs', standing: heard({ refused: refusal }), job: runs, does: [], state: 'Running' },
  {
    sentence: 'an IslandJob just made waits for its island until the claim deadline',
    standing: heard(waiting(1)),
    job: unclaimed(),
    does: [],
    state: 'Pending',
    reason: 'WaitingForIsland',
    after: minutes(1),
  },
  {
    sentence: 'an IslandJob that an island does not take in time is withdrawn',
    standing: heard(waiting(2)),
    job: unclaimed(),
    does: ['delete job-p1'],
    state: 'Stopping',
    reason: 'ClaimDeadlineExceeded',
  },
  {
    sentence: 'an IslandJob that an API server with a slow clock has just made is not late',
    standing: heard(),
    job: unclaimed(10),
    does: [],
    state: 'Pending',
    reason: 'WaitingForIsland',
    after: minutes(2),
  },
  {
    sentence: 'the claim deadline counts from when a silent island came back',
    standing: heard({ ...waiting(30), heardSince: now - minutes(1) }),
    job: unclaimed(),
    does: [],
    state: 'Pending',
    reason: 'WaitingForIsland',
    after: minutes(1),
  },
  {
    sentence: 'an IslandJob that a silent island cannot hold is withdrawn at the claim deadline',
    standing: silent(5, { ...waiting(2), mayHold: false }),
    job: unclaimed(),
    does: ['delete job-p1'],
    state: 'Stopping',
    reason: 'ClaimDeadlineExceeded',
  },
  {
    sentence: 'an IslandJob that a silent island may hold waits, however late it is',
    standing: silent(600, waiting(600)),
    job: unclaimed(),
    does: [],
    state: 'Pending',
    reason: 'IslandUnreachable',
  },
  {
    sentence: 'an expert whose island is silent for a day stays where it is',
    standing: silent(24 * 60),
    job: runs,
    does: [],
    state: 'Running',
    reason: 'IslandUnreachable',
  },
  {
    sentence: 'with Replace nothing moves before its time, and it is looked at then',
    wish: replace(),
    standing: silent(59),
    job: runs,
    does: [],
    state: 'Running',
    reason: 'IslandUnreachable',
    after: minutes(1),
  },
  {
    sentence: 'with Replace an expert whose island is silent for longer is placed elsewhere at once',
    wish: replace(),
    standing: silent(61),
    job: runs,
    does: ['stop job-p1', 'create p2 on east'],
    state: 'Waiting',
  },
  {
    sentence: 'with Replace a suspended expert is not placed while it is suspended',
    wish: replace({ suspend: true }),
    standing: silent(61),
    job: runs,
    does: [],
    state: 'Running',
    reason: 'IslandLost',
  },
  {
    sentence: 'with Replace the work of a failed run ends without waiting for the island',
    wish: replace({ stop }),
    standing: silent(61),
    job: runs,
    does: ['stop job-p1'],
    state: 'Blocked',
    reason: 'Stopped',
  },
  {
    sentence: 'with Replace an island heard again keeps its work',
    wish: replace(),
    standing: heard(),
    job: runs,
    does: [],
    state: 'Running',
  },
  {
    sentence: 'with Replace what a lost island does not hold is withdrawn instead',
    wish: replace(),
    standing: silent(61, { ...waiting(61), mayHold: false }),
    job: unclaimed(),
    does: ['delete job-p1'],
    state: 'Stopping',
    reason: 'ClaimDeadlineExceeded',
  },
  {
    sentence: 'the work of a failed run is told to stop even on a silent island',
    wish: wish({ stop }),
    standing: silent(5),
    job: runs,
    does: ['stop job-p1'],
    state: 'Running',
    reason: 'IslandUnreachable',
  },
  {
    sentence: 'a drain of a silent island is told to it for its return',
    standing: silent(5, {}, true),
    job: runs,
    does: ['stop job-p1'],
    state: 'Running',
    reason: 'IslandDraining',
  },
];

describe('a placement', () => {
  for (const row of rows) {
    test(row.sentence, () => {
      const decision = decideWork(row.wish ?? wish(), seen(row.standing, [row.job]));
      assert.deepEqual(
        [done(decision), decision.status.state, decision.status.reason, decision.after],
        [row.does, row.state, row.reason, row.after],
      );
    });
  }
  test('that has no place to go to when its island is lost stays, says so, and looks again', () => {
    const place: Seen['place'] = () => ({ reason: 'WaitingForCapacity', message: 'full' });
    const decision = decideWork(replace(), seen(silent(61), [runs], { place }));
    assert.deepEqual([decision.status.placement, decision.status.reason, decision.actions], [1, 'IslandLost', []]);
    assert.equal(
      decision.status.message,
      'island west has not been heard since 2025-12-31T22:59:00Z; full',
      'the words stay the same while the island is silent',
    );
    assert.equal(decision.after, 30_000);
  });
  test('that is withdrawn names the island to be left alone', () => {
    const { avoid, moves } = decideWork(wish(), seen(heard({ refused: refusal }), [unclaimed()]));
    assert.deepEqual([avoid?.island, avoid?.uid, moves?.reason], ['west', 'job-uid-1', 'NamespaceNotAdmitted']);
  });
  test('that was withdrawn goes on saying why until it is gone, and is followed then', () => {
    const going = unclaimed();
    going.metadata.deletionTimestamp = at;
    const waits = decideWork(wish(), seen(heard(), [going], { withdrawn: refusal }));
    assert.deepEqual([waits.status.state, waits.status.reason, waits.actions], ['Stopping', 'NamespaceNotAdmitted', []]);
    const after = decideWork(wish(), seen(undefined, [], { current: waits.status }));
    assert.deepEqual([done(after), after.status.placement], [['create p2 on east'], 2]);
  });
  test('that is drained goes on elsewhere from its checkpoint once it has proven its stop', () => {
    const stopped = placedJob({ state: 'Stopped', attempt: 1, checkpoint: checkpoint() }, { stop: true });
    const { status, actions } = decideWork(wish(), seen(heard({}, true), [stopped]));
    assert.equal(status.island, 'east');
    const resume = [{ manifest: 'some/manifest.json', digest: digest('c') }];
    assert.deepEqual(actions, [{ type: 'Create', placement: 2, island: 'east', resume }]);
  });
});

describe('older placements', () => {
  const second = current({ placement: 2, island: 'east', job: 'job-p2' });
  const newest = job(2, { state: 'Running', attempt: 1 }, { island: 'east' });
  test('of an island that was given up are told to stop, whatever they say when it returns', () => {
    const output = checkpoint({ final: true, kind: 'Export' });
    for (const state of ['Running', 'Publishing', 'Suspended'] as const) {
      const old = placedJob({ state, attempt: 1, output });
      const decision = decideWork(replace(), seen(heard(), [old, newest], { current: second }));
      assert.deepEqual(done(decision), ['stop job-p1']);
    }
  });
  test('are never accepted, even when they succeed first', () => {
    const output = checkpoint({ final: true, kind: 'Export' });
    const old = placedJob({ state: 'Succeeded', attempt: 1, output }, { stop: true });
    const result = { manifest: output.manifest, digest: output.digest, attempt: 1, step: 10, bytes: 5 };
    const verification = { result: 'Verified', accepted: result, manifest: {} as never } as const;
    const { status, actions } = decideWork(replace(), seen(heard(), [old, newest], { current: second, verification }));
    assert.deepEqual([status.state, status.accepted, status.placement, actions], ['Running', undefined, 2, []]);
  });
  test('are told to stop after the result of the newest was accepted', () => {
    const accepted = { ...current({ placement: 2, state: 'Accepted', island: 'east', job: 'job-p2' }) };
    const decision = decideWork(wish(), seen(heard(), [runs, newest], { current: accepted }));
    assert.deepEqual([done(decision), decision.status], [['stop job-p1'], accepted]);
  });
  test('that have ended are deleted but for the newest three', () => {
    const old = [1, 2, 3, 4, 5].map((placement) => job(placement, { state: 'Stopped' }, { stop: true }));
    const sixth = job(6, { state: 'Running', attempt: 1 });
    const decision = decideWork(wish(), seen(heard(), [...old, sixth], { current: current({ placement: 6, job: 'job-p6' }) }));
    assert.deepEqual(done(decision), ['delete job-p2', 'delete job-p1']);
  });
});
