/** What a user asked of one work, as a table: what is done, what is left alone and why, and what does nothing any more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestAnnotations } from '../../src/api/labels.ts';
import type { MoveRequest, RetryRequest } from '../../src/api/requests.ts';
import type { AcceptedOutput, WorkStatus } from '../../src/api/work.ts';
import { type AskedOfWork, askedOf } from '../../src/hub/asked.ts';
import { inputsDigest } from '../../src/hub/inputs.ts';
import { wrongRequests } from '../../src/hub/requests.ts';
import { decideWork, type Seen, type Wish, type WorkDecision } from '../../src/hub/work.ts';
import { at, checkpoint, digest, job, now, work } from './builders.ts';

const base = job(1);
const accepted: AcceptedOutput = {
  manifest: 'final',
  digest: digest('f'),
  placement: 1,
  attempt: 1,
  step: 100,
  bytes: 1,
  at,
};
interface Asks extends Pick<AskedOfWork, 'over' | 'irreplaceable'> {
  retry?: Partial<RetryRequest>;
  move?: Partial<MoveRequest>;
}
const asked = ({ retry, move, ...more }: Asks): AskedOfWork => ({
  ...more,
  what: 'expert 0',
  retry: retry && { work: 0, placement: 1, ...retry },
  move: move && { work: 0, placement: 1, ...move },
});
const wish = (fields: Partial<Wish> = {}): Wish => ({
  suspend: false,
  retry: base.spec.retry,
  checkpoint: base.spec.checkpoint,
  ...fields,
});
const status = (fields: Partial<WorkStatus> = {}) =>
  work({ placement: 1, island: 'west', job: 'job-p1', attempt: 2, state: 'Running', ...fields });
const blocked = status({ state: 'Blocked', reason: 'RestartBudgetSpent', message: 'four crashes', finishedAt: at });
const done = status({ state: 'Accepted', accepted, finishedAt: at });
const on = (island: string, state: 'Running' | 'Failed' | 'Stopped' | 'Succeeded' | 'Suspended' = 'Running', spec = {}) =>
  job(1, { state, attempt: 2 }, { island, ...spec });
const seen = (current: WorkStatus, jobs = [on('west')], fields: Partial<Seen> = {}): Seen => ({
  current,
  jobs,
  verification: undefined,
  place: ({ except, only }) => ({ island: only ?? (except === 'east' ? 'north' : 'east') }),
  look: ({ except, only }) => ({ island: only ?? (except === 'east' ? 'north' : 'east') }),
  jobName: (placement) => `job-p${placement}`,
  standing: { island: 'west', draining: false },
  now,
  ...fields,
});
const full = () => ({ reason: 'WaitingForCapacity' as const, message: 'south has 0 free for 1 GPU asked' });

const does = ({ status: after, actions, unmet = [] }: WorkDecision) => [
  `${after.state} at ${after.placement}`,
  ...actions.map((action) => {
    if (action.type === 'Create') return `create p${action.placement} on ${action.island}`;
    return action.type === 'Delete' ? `delete ${action.job.metadata.name}` : `${action.spec.stop ? 'stop' : 'patch'} it`;
  }),
  ...unmet.map(({ reason, message }) => `${reason}: ${message}`),
];

interface Row {
  sentence: string;
  asked: AskedOfWork;
  seen: Seen;
  wish?: Partial<Wish>;
  does: string[];
}

const stopped: Partial<Wish> = { stop: { reason: 'Stopped', message: 'the run has failed with DeadlineExceeded' } };
const retries: Row[] = [
  {
    sentence: 'a blocked work gets a new placement',
    asked: asked({ retry: {} }),
    seen: seen(blocked, [on('west', 'Failed')]),
    does: ['Waiting at 2', 'create p2 on east'],
  },
  {
    sentence: 'a blocked work whose IslandJob is gone gets a new placement',
    asked: asked({ retry: {} }),
    seen: seen(blocked, []),
    does: ['Waiting at 2', 'create p2 on east'],
  },
  {
    sentence: 'a blocked work of which something still runs is stopped first',
    asked: asked({ retry: {} }),
    seen: seen(blocked),
    does: ['Blocked at 1', 'stop it'],
  },
  {
    sentence: 'a blocked work for which no island has room waits without being blocked',
    asked: asked({ retry: {} }),
    seen: seen(blocked, [on('west', 'Failed')], { place: full }),
    does: ['Waiting at 1'],
  },
  {
    sentence: 'a blocked work of a suspended run waits until that goes on',
    asked: asked({ retry: {} }),
    seen: seen(blocked, [on('west', 'Failed')]),
    wish: { suspend: true },
    does: ['Waiting at 1'],
  },
  {
    sentence: 'a blocked work goes where it is asked to go',
    asked: asked({ retry: {}, move: { island: 'north' } }),
    seen: seen(blocked, [on('west', 'Failed')]),
    does: ['Waiting at 2', 'create p2 on north'],
  },
  {
    sentence: 'a request for an older placement does nothing any more',
    asked: asked({ retry: { placement: 1 } }),
    seen: seen({ ...blocked, placement: 2, job: 'job-p2' }, []),
    does: ['Blocked at 2'],
  },
  {
    sentence: 'a request for a placement that is not there yet is left alone',
    asked: asked({ retry: { placement: 5 } }),
    seen: seen(blocked, []),
    does: ['Blocked at 1', 'RetryIgnored: retry of placement 5 is not done: it stands at placement 1'],
  },
  {
    sentence: 'a running work is left alone',
    asked: asked({ retry: {} }),
    seen: seen(status()),
    does: [
      'Running at 1',
      'RetryIgnored: retry of placement 1 is not done: it is Running; only if this placement is blocked it is retried',
    ],
  },
  {
    sentence: 'a work between two placements is being retried already',
    asked: asked({ retry: {} }),
    seen: seen(work({ placement: 1, state: 'Waiting' }), [on('west', 'Failed')], { place: full }),
    does: ['Waiting at 1'],
  },
  {
    sentence: 'an accepted result is not replaced by a request that does not name it',
    asked: asked({ retry: {} }),
    seen: seen(done, []),
    does: [
      'Accepted at 1',
      `RetryIgnored: retry of placement 1 is not done: it is accepted; to replace its result set the annotation atoll.dev/retry to 0@1=${digest('f')}`,
    ],
  },
  {
    sentence: 'an accepted result is not replaced by a request that names another',
    asked: asked({ retry: { replaces: digest('0') } }),
    seen: seen(done, []),
    does: [
      'Accepted at 1',
      `RetryIgnored: retry of placement 1 is not done: its accepted result is ${digest('f')}, and not the one that was to be replaced`,
    ],
  },
  {
    sentence: 'an accepted result is replaced by a request that names it',
    asked: asked({ retry: { replaces: digest('f') } }),
    seen: seen(done, [on('west', 'Succeeded')]),
    does: ['Waiting at 2', 'create p2 on east'],
  },
  {
    sentence: 'an accepted partition is never replaced',
    asked: asked({ retry: { replaces: digest('f') }, irreplaceable: 'runs are made from it' }),
    seen: seen(done, []),
    does: ['Accepted at 1', 'RetryIgnored: retry of placement 1 is not done: runs are made from it'],
  },
  {
    sentence: 'a work of a complete run is left alone',
    asked: asked({ retry: { replaces: digest('f') }, over: 'the run is complete, which is final' }),
    seen: seen(done, []),
    does: ['Accepted at 1', 'RetryIgnored: retry of placement 1 is not done: the run is complete, which is final'],
  },
  {
    sentence: 'a work of a failed run is left alone',
    asked: asked({ retry: {} }),
    seen: seen(blocked, []),
    wish: stopped,
    does: [
      'Blocked at 1',
      'RetryIgnored: retry of placement 1 is not done: the run has failed with DeadlineExceeded, which is final',
    ],
  },
];

const moves: Row[] = [
  {
    sentence: 'a running work is stopped first',
    asked: asked({ move: { island: 'north' } }),
    seen: seen(status()),
    does: ['Running at 1', 'stop it'],
  },
  {
    sentence: 'a suspended work is stopped, too',
    asked: asked({ move: { island: 'north' } }),
    seen: seen(status({ state: 'Suspended' }), [on('west', 'Suspended', { suspend: true })]),
    wish: { suspend: true },
    does: ['Suspended at 1', 'stop it'],
  },
  {
    sentence: 'a work that was told to stop is not told again',
    asked: asked({ move: { island: 'north' } }),
    seen: seen(status(), [on('west', 'Running', { stop: true })]),
    does: ['Running at 1'],
  },
  {
    sentence: 'a work that has stopped goes to the island that was asked for',
    asked: asked({ move: { island: 'north' } }),
    seen: seen(status(), [on('west', 'Stopped', { stop: true })]),
    does: ['Waiting at 2', 'create p2 on north'],
  },
  {
    sentence: 'a work that has stopped goes anywhere but where it was',
    asked: asked({ move: {} }),
    seen: seen(status({ island: 'east' }), [on('east', 'Stopped', { stop: true })]),
    does: ['Waiting at 2', 'create p2 on north'],
  },
  {
    sentence: 'a work that waits after its stop still knows where it is not to go',
    asked: asked({ move: {} }),
    seen: seen(work({ placement: 1, state: 'Waiting' }), [on('east', 'Stopped', { stop: true })]),
    does: ['Waiting at 2', 'create p2 on north'],
  },
  {
    sentence: 'a work goes on where it is while there is no room for it',
    asked: asked({ move: { island: 'south' } }),
    seen: seen(status(), [on('west')], { look: full }),
    does: [
      'Running at 1',
      'WaitingToMove: it is to go to island south and goes on here until it can: south has 0 free for 1 GPU asked',
    ],
  },
  {
    sentence: 'a work whose room was taken while it stopped waits for that island alone',
    asked: asked({ move: { island: 'south' } }),
    seen: seen(status(), [on('west', 'Stopped', { stop: true })], { place: full }),
    does: ['Waiting at 1'],
  },
  {
    sentence: 'a work that is there already stays',
    asked: asked({ move: { island: 'west' } }),
    seen: seen(status()),
    does: ['Running at 1', 'MoveIgnored: move of placement 1 to island west is not done: it is there already'],
  },
  {
    sentence: 'a work that was asked to stay where it is leaves an island that is drained',
    asked: asked({ move: { island: 'west' } }),
    seen: seen(status(), [on('west', 'Stopped', { stop: true })]),
    does: ['Waiting at 2', 'create p2 on east'],
  },
  {
    sentence: 'a work that has never been placed begins there',
    asked: asked({ move: { placement: 0, island: 'north' } }),
    seen: seen(work(), []),
    does: ['Waiting at 1', 'create p1 on north'],
  },
  {
    sentence: 'after the move the ordinary policy holds',
    asked: asked({ move: { placement: 1, island: 'north' } }),
    seen: seen(status({ placement: 2, job: 'job-p2', island: 'north' }), [job(2, { state: 'Stopped' }, { island: 'north' })]),
    does: ['Waiting at 3', 'create p3 on east'],
  },
  {
    sentence: 'a blocked work is not moved without a retry',
    asked: asked({ move: { island: 'north' } }),
    seen: seen(blocked, []),
    does: [
      'Blocked at 1',
      'MoveIgnored: move of placement 1 to island north is not done: it is blocked with RestartBudgetSpent; ask for a retry, too',
    ],
  },
  {
    sentence: 'an accepted work has nothing to move',
    asked: asked({ move: {} }),
    seen: seen(done, []),
    does: ['Accepted at 1', 'MoveIgnored: move of placement 1 elsewhere is not done: its result is accepted'],
  },
  {
    sentence: 'a work of a failed run is not moved',
    asked: asked({ move: {} }),
    seen: seen(status()),
    wish: stopped,
    does: [
      'Running at 1',
      'stop it',
      'MoveIgnored: move of placement 1 elsewhere is not done: the run has failed with DeadlineExceeded, which is final',
    ],
  },
];

for (const [what, rows] of [
  ['retry', retries],
  ['move', moves],
] as const) {
  describe(`a ${what} is asked for:`, () => {
    for (const row of rows) {
      test(row.sentence, () => {
        assert.deepEqual(does(decideWork(wish({ ...row.wish, asked: row.asked }), row.seen)), row.does);
      });
    }
  });
}

test('a move to an island that is lost does not keep the work there', () => {
  const lost = { silent: true, heardAt: now - 7_200_000, waitingSince: 0, mayHold: true };
  const facts = seen(status(), [on('west')], { standing: { island: 'west', draining: false, away: lost } });
  const policy = { islandLost: { policy: 'Replace', afterMs: 3_600_000 } } as const;
  const decision = decideWork(wish({ ...policy, asked: asked({ move: { island: 'west' } }) }), facts);
  assert.deepEqual(decision.actions[1], { type: 'Create', placement: 2, island: 'east', resume: [] });
});

test('a retry has its whole budget, remembers its failures and resumes from the newest checkpoints', () => {
  const resumable = ['c', 'b', 'a'].map((letter) => ({ manifest: `step-${letter}`, digest: digest(letter) }));
  const failure = { number: 2, class: 'Crash' as const };
  const current = { ...blocked, failure, restarts: 4, checkpoint: checkpoint({ digest: digest('c') }), resumable };
  const { status: after, actions, retried } = decideWork(wish({ asked: asked({ retry: {} }) }), seen(current, []));
  const { finishedAt: _, reason: __, message: ___, ...kept } = current;
  assert.deepEqual(after, { ...kept, placement: 2, attempt: 0, island: 'east', job: 'job-p2', state: 'Waiting' });
  assert.deepEqual(actions, [{ type: 'Create', placement: 2, island: 'east', resume: resumable.slice(0, 2) }]);
  assert.deepEqual(retried, {
    reason: 'Retried',
    message: 'placement 1 was blocked with RestartBudgetSpent, and a retry was asked for',
  });
});

test('an accepted result stays in the status until the one that replaces it is accepted', () => {
  const { status: after } = decideWork(wish({ asked: asked({ retry: { replaces: digest('f') } }) }), seen(done, []));
  assert.deepEqual([after.accepted, after.state, after.finishedAt], [accepted, 'Waiting', undefined]);
});

test('of several checkpoints the newest are remembered, and a final that nobody can go on from is not among them', () => {
  const steps = [checkpoint({ digest: digest('1') }), checkpoint({ digest: digest('2') }), checkpoint({ digest: digest('3') })];
  let current = status();
  for (const newest of [...steps, checkpoint({ digest: digest('9'), final: true, kind: 'Export' })])
    current = decideWork(wish(), seen(current, [job(1, { state: 'Running', attempt: 2, checkpoint: newest })])).status;
  assert.deepEqual(
    current.resumable?.map((one) => one.digest),
    ['3', '2', '1'].map(digest),
  );
});

describe('a work that is made from results of others', () => {
  const made = (letter: string) => [{ name: 'expert-000', store: 'default', manifest: 'm', digest: digest(letter) }];
  const before = inputsDigest(made('a'));
  const after = inputsDigest(made('b'));
  const hold = { reason: 'WaitingForExperts', message: '3 of 4' } as const;
  const ofA = (state: 'Running' | 'Succeeded') => on('west', state, { inputs: made('a') });
  const rows: [string, Seen, Partial<Wish>, string[]][] = [
    ['goes on while they are the same', seen(status(), [ofA('Running')]), { inputs: before }, ['Running at 1']],
    ['is stopped when one is replaced', seen(status(), [ofA('Running')]), { inputs: after, hold }, ['Running at 1', 'stop it']],
    [
      'is not accepted any more when one was replaced',
      seen(status(), [ofA('Succeeded')]),
      { inputs: after },
      ['Waiting at 2', 'create p2 on east'],
    ],
    [
      'stays accepted while what replaces one is not there yet',
      seen({ ...done, inputs: before }, []),
      { inputs: after, hold },
      ['Accepted at 1'],
    ],
    [
      'is made again when it was accepted and one has been replaced',
      seen({ ...done, inputs: before }, []),
      { inputs: after },
      ['Waiting at 2', 'create p2 on east'],
    ],
    [
      'is not blocked any more when the input that was damaged has been replaced',
      seen({ ...blocked, reason: 'InputDamaged', inputs: before }, []),
      { inputs: after },
      ['Waiting at 2', 'create p2 on east'],
    ],
    [
      'stays blocked while nothing was replaced',
      seen({ ...blocked, reason: 'InputDamaged', inputs: before }, []),
      { inputs: before },
      ['Blocked at 1'],
    ],
    [
      'that an older hub accepted stays, since nobody knows what it was made from',
      seen(done, []),
      { inputs: after },
      ['Accepted at 1'],
    ],
  ];
  for (const [sentence, facts, wanted, what] of rows)
    test(sentence, () => assert.deepEqual(does(decideWork(wish(wanted), facts)), what));
  test('remembers what its placement is made from', () => {
    assert.equal(decideWork(wish({ inputs: before }), seen(work(), [])).status.inputs, before);
    assert.equal(decideWork(wish({ inputs: after, hold }), seen(status(), [ofA('Running')])).status.inputs, before);
  });
});

describe('the annotations of an owner', () => {
  const owner = (annotations: Record<string, string>) => ({ apiVersion: 'v1', kind: 'K', metadata: { name: 'n', annotations } });
  test('are read for the one work', () => {
    const asks = owner({ [requestAnnotations.retry]: '1@1,3@2', [requestAnnotations.move]: 'router@1=west' });
    assert.deepEqual(askedOf(asks, 3), { what: 'expert 3', retry: { work: 3, placement: 2 }, move: undefined });
    assert.deepEqual(askedOf(asks, 'router'), {
      what: 'the router',
      retry: undefined,
      move: { work: 'router', placement: 1, island: 'west' },
    });
  });
  test('that cannot be read are reported with value and form, and never more than a few', () => {
    const wrong = wrongRequests(
      owner({ [requestAnnotations.retry]: '3,4@1,9@1', [requestAnnotations.move]: '3@1=West' }),
      (one) => (one === 9 ? 'the run has experts 0 to 3' : undefined),
    );
    assert.deepEqual(
      wrong.map(({ message }) => message.split(': allowed')[0]),
      [
        'annotation atoll.dev/retry: cannot read "3"',
        'annotation atoll.dev/retry names expert 9: the run has experts 0 to 3',
        'annotation atoll.dev/move: cannot read "3@1=West"',
      ],
    );
    assert.match(wrong[2]?.message ?? '', /allowed is WORK@PLACEMENT=ISLAND, joined by commas, such as 3@2=west/);
    assert.equal(wrongRequests(owner({ [requestAnnotations.retry]: 'a,b,c,d,e,f' }), () => undefined).length, 3);
  });
});
