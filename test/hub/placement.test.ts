/** Where works go, as a table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createField, type IslandView, type RunningWork } from '../../src/hub/field.ts';
import { type Demand, place } from '../../src/hub/placement.ts';
import { planTurns, type Waiting } from '../../src/hub/turn.ts';

const h100 = 'NVIDIA-H100';
const isle = (name: string, fields: Partial<IslandView> = {}): IslandView => ({
  name,
  labels: {},
  approved: true,
  cordoned: false,
  ready: true,
  cost: 0,
  gpus: [{ product: h100, total: 4, free: 4 }],
  ...fields,
});
const demand = (fields: Partial<Demand> = {}): Demand => ({
  group: 'run',
  namespace: 'research',
  gpus: 0,
  matchLabels: {},
  priority: 0,
  since: 0,
  ...fields,
});
const fieldOf = (islands: IslandView[], works: RunningWork[], quotas = {}) => {
  const field = createField(quotas);
  for (const island of islands) field.setIsland(island);
  for (const [at, work] of works.entries()) field.put(String(at), work);
  return field;
};
const running = (island: string, fields: Partial<RunningWork> = {}): RunningWork => ({
  island,
  group: 'run',
  namespace: 'research',
  gpus: 0,
  started: true,
  ...fields,
});
const gpuless = isle('a', { gpus: [] });

const chosen: [sentence: string, demand: Demand, islands: IslandView[], running: RunningWork[], island: string][] = [
  ['a work without GPUs goes to an island without GPUs', demand(), [gpuless], [], 'a'],
  ['names decide when nothing else does', demand(), [isle('b'), isle('a')], [], 'a'],
  ['the island with fewer works of the same run is taken', demand(), [isle('a'), isle('b')], [running('a')], 'b'],
  ['works of other runs do not count for spreading', demand(), [isle('a'), isle('b')], [running('a', { group: 'other' })], 'a'],
  ['spreading comes before cost', demand(), [isle('a', { cost: 1 }), isle('b', { cost: 2 })], [running('a')], 'b'],
  ['cost comes before free GPUs', demand(), [isle('a', { cost: 2 }), isle('b', { cost: 1, gpus: [] })], [], 'b'],
  [
    'more free GPUs come before the name',
    demand(),
    [isle('a', { gpus: [{ product: h100, total: 4, free: 1 }] }), isle('b')],
    [],
    'b',
  ],
  ['labels select', demand({ matchLabels: { zone: 'x' } }), [isle('a'), isle('b', { labels: { zone: 'x' } })], [], 'b'],
  ['a cordoned island is passed over', demand(), [isle('a', { cordoned: true }), isle('b')], [], 'b'],
  ['an unapproved island is passed over', demand(), [isle('a', { approved: false }), isle('b')], [], 'b'],
  ['a draining island is passed over', demand(), [isle('a', { draining: true }), isle('b')], [], 'b'],
  ['an island that is not ready is passed over', demand(), [isle('a', { ready: false }), isle('b')], [], 'b'],
  [
    'GPUs placed and not yet reported are not given twice',
    demand({ gpus: 2 }),
    [isle('a'), isle('b', { cost: 9 })],
    [running('a', { group: 'o', gpus: 3, started: false })],
    'b',
  ],
  [
    'GPUs in the report of the island are not counted twice',
    demand({ gpus: 1 }),
    [isle('a', { gpus: [{ product: h100, total: 4, free: 1 }] })],
    [running('a', { gpus: 3 })],
    'a',
  ],
];
for (const [sentence, want, islands, works, island] of chosen) {
  test(sentence, () => assert.deepEqual(place(want, fieldOf(islands, works)), { island }));
}

const waiting: [
  sentence: string,
  demand: Demand,
  islands: IslandView[],
  running: RunningWork[],
  reason: string,
  message: RegExp,
][] = [
  ['without islands there is no match', demand(), [], [], 'NoMatchingIsland', /no ComputeIsland exists/],
  [
    'a label that differs is named with both values',
    demand({ matchLabels: { zone: 'x' } }),
    [isle('a', { labels: { zone: 'y' } })],
    [],
    'NoMatchingIsland',
    /a: label zone is 'y', wanted 'x'/,
  ],
  [
    'an unknown model is no match',
    demand({ gpus: 1, gpuProduct: 'B200' }),
    [isle('a')],
    [],
    'NoMatchingIsland',
    /no GPU of model B200/,
  ],
  [
    'more GPUs than an island has exceed it',
    demand({ gpus: 5 }),
    [isle('a')],
    [],
    'ExceedsAnyIsland',
    /at most 4 for 5 GPUs asked/,
  ],
  [
    'a limit of the administrator counts as the size',
    demand({ gpus: 3 }),
    [isle('a', { gpuLimit: 2 })],
    [],
    'ExceedsAnyIsland',
    /at most 2/,
  ],
  [
    'a full island is waited for',
    demand({ gpus: 2 }),
    [isle('a', { gpus: [{ product: h100, total: 4, free: 1 }] })],
    [],
    'WaitingForCapacity',
    /1 free for 2 GPUs/,
  ],
  [
    'a used-up limit is waited for',
    demand({ gpus: 1 }),
    [isle('a', { gpuLimit: 2 })],
    [running('a', { gpus: 2 })],
    'WaitingForCapacity',
    /0 free/,
  ],
  [
    'a suspended fit says that it is unreachable',
    demand(),
    [isle('a', { ready: false })],
    [],
    'IslandUnreachable',
    /not reported itself ready/,
  ],
  [
    'an island that is away says since when',
    demand(),
    [isle('a', { ready: false, unready: 'has not been heard since noon' })],
    [],
    'IslandUnreachable',
    /a: has not been heard since noon/,
  ],
  ['a draining fit says so', demand(), [isle('a', { draining: true })], [], 'IslandDraining', /spec.drain is true/],
  [
    'five islands are named, and how many more there are',
    demand(),
    ['g', 'f', 'e', 'd', 'c', 'b', 'a'].map((name) => isle(name, { cordoned: true })),
    [],
    'IslandCordoned',
    /now: a: .*; b: .*; c: .*; d: .*; e: .*; and 2 more$/,
  ],
  ['a cordoned fit says so', demand(), [isle('a', { cordoned: true })], [], 'IslandCordoned', /spec.cordoned is true/],
  [
    'the island that is nearest to taking it gives the reason',
    demand({ gpus: 4 }),
    [isle('a', { gpus: [] }), isle('b', { gpus: [{ product: h100, total: 4, free: 0 }] })],
    [],
    'WaitingForCapacity',
    /a: .*b: /,
  ],
];
for (const [sentence, want, islands, works, reason, message] of waiting) {
  test(sentence, () => {
    const found = place(want, fieldOf(islands, works));
    assert.equal(found.island, undefined);
    assert.equal('reason' in found && found.reason, reason);
    assert.match('message' in found ? found.message : '', message);
  });
}

describe('the quota of a namespace', () => {
  const two = { research: { gpus: 2 } };
  test('holds back what would exceed it, and says the numbers', () => {
    const found = place(demand({ gpus: 2 }), fieldOf([isle('a')], [running('a', { gpus: 1 })], two));
    assert.deepEqual(found, {
      reason: 'QuotaExceeded',
      message: 'namespace research uses 1 of the 2 GPUs of its quota: 2 GPUs asked',
    });
  });
  test('lets through what fits into it', () => {
    assert.deepEqual(place(demand({ gpus: 1 }), fieldOf([isle('a')], [running('a', { gpus: 1 })], two)), { island: 'a' });
  });
  test('does not count other namespaces', () => {
    const other = running('a', { gpus: 2, namespace: 'other' });
    assert.deepEqual(place(demand({ gpus: 2 }), fieldOf([isle('a')], [other], two)), { island: 'a' });
  });
  test('does not hold back works without GPUs', () => {
    assert.deepEqual(place(demand(), fieldOf([isle('a')], [running('a', { gpus: 2 })], two)), { island: 'a' });
  });
  test('does not count what was given up on an island that is away', () => {
    const lost = running('west', { gpus: 2, stopping: true });
    const islands = [isle('a'), isle('west', { ready: false })];
    assert.deepEqual(place(demand({ gpus: 2 }), fieldOf(islands, [lost], two)), { island: 'a' });
    assert.equal(place(demand({ gpus: 2 }), fieldOf([isle('a'), isle('west')], [lost], two)).island, undefined);
  });
});

describe('an island that did not take the work before', () => {
  const why = { reason: 'NamespaceNotAdmitted', message: 'it refused it' } as const;
  const avoided = (until: number) => new Map([['a', { until, why }]]);
  test('is passed over while there is another', () => {
    const islands = [isle('a'), isle('b', { cost: 9 })];
    assert.deepEqual(place(demand(), fieldOf(islands, []), { avoided: avoided(0), now: 10 }), { island: 'b' });
  });
  test('is asked again when there is no other, after its time', () => {
    const field = fieldOf([isle('a'), isle('b', { cordoned: true })], []);
    const early = place(demand(), field, { avoided: avoided(20), now: 10 });
    assert.deepEqual(early, {
      reason: 'NamespaceNotAdmitted',
      message: 'no island can take it now: a: it refused it; b: spec.cordoned is true',
    });
    assert.deepEqual(place(demand(), field, { avoided: avoided(20), now: 20 }), { island: 'a' });
  });
});

test('what is put and removed leaves the field as it was', () => {
  const field = fieldOf([isle('a')], [running('a', { gpus: 2, started: false })]);
  const before = place(demand({ gpus: 3 }), field);
  field.put('x', running('b', { gpus: 9 }));
  field.put('x', running('a', { gpus: 1, started: false }));
  assert.equal(field.usedBy('run'), 3);
  field.remove('x');
  assert.deepEqual(place(demand({ gpus: 3 }), field), before);
  field.dropIsland('a');
  assert.equal(place(demand(), field).island, undefined);
});

describe('when islands are full', () => {
  const free = (gpus: number) => fieldOf([isle('a', { gpus: [{ product: h100, total: 8, free: gpus }] })], []);
  const waits = (key: string, fields: Partial<Demand> = {}): Waiting => ({
    key,
    demand: demand({ gpus: 1, group: key.slice(0, 1), ...fields }),
  });
  const turns = (field: ReturnType<typeof fieldOf>, ...works: Waiting[]) => [...planTurns(works, field, 0).keys()];

  test('works of the run with the higher priority go first', () => {
    assert.deepEqual(turns(free(2), waits('a1'), waits('a2'), waits('b1', { priority: 1 })), ['b1', 'a1']);
  });
  test('then those of the run that uses fewer GPUs', () => {
    const field = free(3);
    field.put('x', running('a', { group: 'a', gpus: 2 }));
    assert.deepEqual(turns(field, waits('a1'), waits('b1'), waits('b2'), waits('b3')), ['b1', 'b2', 'a1']);
  });
  test('and runs that use the same take turns, the older first', () => {
    const works = ['a1', 'a2', 'a3'].map((key) => waits(key, { since: 2 }));
    const older = ['b1', 'b2', 'b3'].map((key) => waits(key, { since: 1 }));
    assert.deepEqual(turns(free(4), ...works, ...older), ['b1', 'a1', 'b2', 'a2']);
  });
  test('a large work that does not fit keeps no room from a small one', () => {
    assert.deepEqual(turns(free(2), waits('a1', { gpus: 4, priority: 9 }), waits('b1')), ['b1']);
  });
  test('nobody who asks for another model waits for them', () => {
    const works = [waits('a1', { gpuProduct: 'B200', priority: 9 }), waits('b1')];
    assert.deepEqual(turns(free(1), ...works), ['b1']);
  });
  test('a quota ends the turn of its namespace only', () => {
    const field = fieldOf([isle('a')], [], { research: { gpus: 1 } });
    const works = [waits('a1', { priority: 9 }), waits('a2', { priority: 9 }), waits('b1', { namespace: 'other' })];
    assert.deepEqual(turns(field, ...works), ['a1', 'b1']);
  });
  test('the plan leaves no trace', () => {
    const field = free(2);
    turns(field, waits('a1'), waits('b1'));
    assert.deepEqual([field.usedBy('a'), place(demand({ gpus: 2 }), field)], [0, { island: 'a' }]);
  });
});
