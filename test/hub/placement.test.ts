/** Where works go, as a table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createField, type IslandView, type RunningWork } from '../../src/hub/field.ts';
import { type Demand, place } from '../../src/hub/placement.ts';

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
