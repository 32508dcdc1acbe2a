/** The pure parts of the protocol as tables: what the hub answers, what becomes of a status, what an island makes of a reply. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IslandJob, type IslandJobStatus, islandJobStatus } from '../../src/api/islandjob.ts';
import { annotations, finalizers } from '../../src/api/labels.ts';
import { answer, judgeStatus, putOf, refusedOf } from '../../src/link/answer.ts';
import { applyReply, decidePut, type Here, type Told } from '../../src/link/apply-reply.ts';
import { liveDigest } from '../../src/link/digest.ts';
import { caughtUp } from '../../src/link/handouts.ts';
import { liftedStatus } from '../../src/link/lift.ts';
import type { HaveEntry } from '../../src/link/messages.ts';
import { pickStatuses, withHubGeneration } from '../../src/link/outgoing.ts';
import { spec } from '../island/builders.ts';

interface How {
  spec?: Record<string, unknown>;
  status?: Partial<IslandJobStatus>;
  metadata?: object;
}
const status = (over: Partial<IslandJobStatus>): IslandJobStatus => ({ ...islandJobStatus.parse({}), ...over });
const job = (uid: string, how: How = {}): IslandJob => ({
  apiVersion: 'atoll.dev/v1alpha1',
  kind: 'IslandJob',
  metadata: { name: `job-${uid}`, namespace: 'research', uid, generation: 1, finalizers: [finalizers.island], ...how.metadata },
  spec: spec({ island: 'paris', ...how.spec }),
  ...(how.status ? { status: status(how.status) } : {}),
});
const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const entry = (one: IslandJob, state = 'applied'): HaveEntry => [
  one.metadata.uid ?? '',
  one.spec.revision,
  liveDigest(one.spec),
  state,
];

describe('the hub answers an island', () => {
  const rows: [
    sentence: string,
    jobs: IslandJob[],
    have: HaveEntry[] | undefined,
    expected: object,
    dropped?: string[],
    withheld?: string[],
  ][] = [
    ['that holds nothing: with what is for it', [job('a')], [], { put: ['a'] }],
    ['that holds everything as it should: with nothing', [job('a')], [entry(job('a'))], {}],
    ['that holds an older revision: with the new one', [job('a', { spec: { revision: 2 } })], [entry(job('a'))], { put: ['a'] }],
    ['of which it does not know what it holds: with no put and nothing unknown', [job('a')], undefined, {}],
    [
      'of which it does not know what it holds: with what is deleted all the same',
      [job('a', { metadata: deleting })],
      undefined,
      { drop: ['a'] },
    ],
    ['that holds what is being deleted: drop', [job('a', { metadata: deleting })], [entry(job('a'))], { drop: ['a'] }],
    [
      'that does not hold what is being deleted: drop, so that it looks again',
      [job('a', { metadata: deleting })],
      [],
      { drop: ['a'] },
    ],
    ['that has dropped what is being deleted: let go', [job('a', { metadata: deleting })], [], { release: ['a'] }, ['a']],
    ['that has dropped what is not being deleted: nothing, and surely no put', [job('a')], [], {}, ['a']],
    ['that holds what nobody knows: named, never dropped', [], [entry(job('x'))], { unknown: ['x'] }],
    ['that dropped what nobody knows any more: nothing', [], [entry(job('x'))], {}, ['x']],
    ['that was told a later revision: lifted first', [job('a')], [entry(job('a', { spec: { revision: 3 } }))], { lift: ['a>3'] }],
    [
      'that was told something else under the same revision: lifted first',
      [job('a', { spec: { suspend: true } })],
      [entry(job('a'))],
      { lift: ['a>1'] },
    ],
    [
      'that was told a stop under the same revision, which cannot be taken back: nothing',
      [job('a')],
      [entry(job('a', { spec: { stop: true } }))],
      {},
    ],
    ['that refuses it: nothing until it changes', [job('a')], [entry(job('a'), 'ImageNotAdmitted')], {}],
    [
      'that refused an older revision: with the new one',
      [job('a', { spec: { revision: 2 } })],
      [entry(job('a'), 'ImageNotAdmitted')],
      { put: ['a'] },
    ],
    ['that does not hold what has ended: nothing', [job('a', { status: { state: 'Failed' } })], [], {}],
    ['about one without the finalizer: that gets it first', [job('a', { metadata: { finalizers: [] } })], [], { guard: ['a'] }],
    ['about one that is withheld: nothing', [job('a')], [], {}, [], ['a']],
  ];
  for (const [sentence, jobs, have, expected, dropped = [], withheld = []] of rows)
    it(sentence, () => {
      const told = answer({ jobs, have, dropped: new Set(dropped), withheld: (uid) => withheld.includes(uid) });
      const uids = (list: IslandJob[]) => list.map(({ metadata }) => metadata.uid);
      const found = {
        put: uids(told.put),
        drop: uids(told.drop),
        unknown: told.unknown,
        lift: told.lift.map(({ job: { metadata }, above }) => `${metadata.uid}>${above}`),
        guard: uids(told.guard),
        release: uids(told.release),
      };
      assert.deepEqual(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0)), expected);
    });

  it('and knows the names of what is refused, whatever the reason is called', () => {
    const have: HaveEntry[] = [
      ['a', 1, '', 'LimitExceeded', 'too many GPUs'],
      ['b', 1, '', 'FromTheFuture', 'new words'],
      ['c', 1, '', 'applied'],
      ['d', 1, '', 'NameTaken'],
    ];
    const refused = refusedOf(have, [job('a'), job('b'), job('c')]);
    assert.deepEqual(
      refused.map(({ uid, reason, message }) => [uid, reason, message]),
      [
        ['a', 'LimitExceeded', 'too many GPUs'],
        ['b', 'JobInvalid', 'new words'],
      ],
    );
  });

  it('and puts what was known of it only when there is something', () => {
    assert.equal(putOf(job('a')).known, undefined);
    assert.deepEqual(putOf(job('a', { status: { revision: 4, attempt: 2, restarts: 1, state: 'Running' } })).known, {
      revision: 4,
      attempt: 2,
      restarts: 1,
      state: 'Running',
    });
  });
});

describe('a status that an island sends', () => {
  const output = {
    manifest: 'm',
    digest: `sha256:${'a'.repeat(64)}`,
    step: 1,
    bytes: 1,
    attempt: 1,
    at: '2026-01-01T00:00:00Z',
    final: true,
    kind: 'Export' as const,
  };
  const rows: [
    sentence: string,
    stored: Partial<IslandJobStatus> | undefined,
    sent: Partial<IslandJobStatus>,
    verdict: string,
  ][] = [
    ['is the first: stored', undefined, { revision: 1 }, 'store'],
    ['is empty: nothing to store', undefined, { revision: 0 }, 'known'],
    ['is newer: stored', { revision: 4 }, { revision: 5 }, 'store'],
    ['is stored already: acknowledged without a write', { revision: 5 }, { revision: 5 }, 'known'],
    ['is older: the island is behind', { revision: 5 }, { revision: 4 }, 'ahead'],
    [
      'has a smaller attempt: the island is behind, whatever its revision',
      { revision: 5, attempt: 3 },
      { revision: 9, attempt: 2 },
      'ahead',
    ],
    ['has fewer restarts: the island is behind', { revision: 5, restarts: 3 }, { revision: 9, restarts: 2 }, 'ahead'],
    ['has lost its result: the island is behind', { revision: 5, output }, { revision: 9 }, 'ahead'],
    [
      'has the same revision and says something else: the island must go above',
      { revision: 5, state: 'Running' },
      { revision: 5, state: 'Failed' },
      'ahead',
    ],
  ];
  for (const [sentence, stored, sent, verdict] of rows)
    it(sentence, () => assert.equal(judgeStatus(stored && status(stored), status(sent)), verdict));

  it('is lifted above what the hub has stored, with what is final there', () => {
    const known = { revision: 9, attempt: 4, restarts: 2, state: 'Succeeded' as const, output };
    const lifted = liftedStatus(job('a', { status: { revision: 3, attempt: 2, state: 'Running' } }), known);
    assert.deepEqual(
      [lifted?.revision, lifted?.attempt, lifted?.restarts, lifted?.state, lifted?.output],
      [10, 4, 2, 'Succeeded', output],
    );
    assert.equal(liftedStatus(job('a', { status: lifted as IslandJobStatus }), known), undefined);
  });
});

/** A mirror of the hub's IslandJob of this uid. */
const mirror = (uid: string, how: How & { marked?: boolean } = {}): IslandJob => {
  const made = job(uid, how);
  const marks = {
    [annotations.hubUid]: uid,
    [annotations.hubGeneration]: '1',
    ...(how.marked ? { [annotations.unknownToHub]: 'since' } : {}),
  };
  return { ...made, metadata: { ...made.metadata, uid: `mirror-${uid}`, annotations: marks } };
};

describe('an island makes of a reply', () => {
  const nothing: Told = { put: [], drop: [], ahead: [], unknown: undefined };
  const name = (uid: string) => ({ namespace: 'research', name: `job-${uid}`, uid });
  const rows: [sentence: string, told: Partial<Told>, mirrors: IslandJob[], here: Partial<Here>, expected: string[]][] = [
    ['a put of something new: made', { put: [putOf(job('a'))] }, [], {}, ['Create']],
    [
      'a put of what it does not admit: refused',
      { put: [putOf(job('a'))] },
      [],
      { admit: () => ({ reason: 'LimitExceeded', message: 'no' }) },
      ['Refuse LimitExceeded'],
    ],
    [
      'a put that is no IslandJob: refused',
      { put: [{ ...putOf(job('a')), spec: { revision: 1, suspend: false, stop: false } }] },
      [],
      {},
      ['Refuse JobInvalid'],
    ],
    [
      'a put of a later revision: patched, admitted or not',
      { put: [putOf(job('a', { spec: { revision: 2 } }))] },
      [mirror('a')],
      { admit: () => ({ reason: 'LimitExceeded', message: 'no' }) },
      ['Patch'],
    ],
    ['a put of what it has: nothing', { put: [putOf(job('a'))] }, [mirror('a')], {}, []],
    [
      'a put of an older revision: nothing, the hub lifts its own',
      { put: [putOf(job('a'))] },
      [mirror('a', { spec: { revision: 3 } })],
      {},
      [],
    ],
    [
      'a put while its mirror is being deleted: nothing until that is gone',
      { put: [putOf(job('a', { spec: { revision: 2 } }))] },
      [mirror('a', { metadata: deleting })],
      {},
      [],
    ],
    ['a put of what was dropped a moment ago: nothing', { put: [putOf(job('a'))] }, [], { dropped: (uid) => uid === 'a' }, []],
    ['a put and a drop of the same: only the drop', { put: [putOf(job('a'))], drop: [name('a')] }, [mirror('a')], {}, ['Delete']],
    ['a drop of what it holds: deleted', { drop: [name('a')] }, [mirror('a'), mirror('b')], {}, ['Delete']],
    ['a drop of what is being deleted: waits', { drop: [name('a')] }, [mirror('a', { metadata: deleting })], {}, []],
    ['a drop of what it does not have: asks the API server', { drop: [name('a')] }, [], {}, ['CheckGone']],
    ['silence about what it holds: nothing', {}, [mirror('a')], {}, []],
    ['being unknown: marked, and nothing else', { unknown: new Set(['a']) }, [mirror('a'), mirror('b')], {}, ['MarkUnknown']],
    ['being unknown still: nothing', { unknown: new Set(['a']) }, [mirror('a', { marked: true })], {}, []],
    [
      'being unknown for what came after the request: nothing',
      { unknown: new Set(['a']) },
      [mirror('a')],
      { sent: new Set() },
      [],
    ],
    [
      'being known again: the mark goes when its status is compared',
      { unknown: new Set() },
      [mirror('a', { marked: true })],
      {},
      ['ClearUnknown'],
    ],
    [
      'being known again before its status is compared: not yet',
      { unknown: new Set() },
      [mirror('a', { marked: true })],
      { settled: () => false },
      ['Recognize'],
    ],
    ['no comparison: no mark comes or goes', {}, [mirror('a', { marked: true }), mirror('b')], {}, []],
    [
      'being behind: lifted before anything else',
      { ahead: [{ uid: 'a', revision: 9, attempt: 1, restarts: 0 }], put: [putOf(job('b'))], unknown: new Set() },
      [mirror('a', { marked: true })],
      {},
      ['Lift', 'Create', 'ClearUnknown'],
    ],
  ];
  for (const [sentence, told, mirrors, here, expected] of rows)
    it(sentence, () => {
      const actions = applyReply(
        { ...nothing, ...told },
        {
          mirrors,
          get: (key) => mirrors.find(({ metadata }) => metadata.name === key.name),
          sent: new Set(['a', 'b']),
          dropped: () => false,
          settled: () => true,
          admit: () => undefined,
          ...here,
        },
      );
      assert.deepEqual(
        actions.map((action) => (action.type === 'Refuse' ? `Refuse ${action.reason}` : action.type)),
        expected,
      );
    });

  const others: [sentence: string, found: IslandJob, expected: string][] = [
    [
      'the same work under a new uid: adopted',
      { ...mirror('old'), metadata: { ...mirror('old').metadata, name: 'job-a' } },
      'Adopt',
    ],
    [
      'the same work that differs in live fields only: adopted',
      mirror('old', { spec: { suspend: true, revision: 7, retry: { maxRestarts: 9 } } }),
      'Adopt',
    ],
    ['another work: refused', mirror('old', { spec: { placement: 7 } }), 'Refuse'],
    ['one that no hub made and that is another work: refused', job('own', { spec: { seed: 7 } }), 'Refuse'],
    ['one that is being deleted: waits', mirror('old', { metadata: deleting, spec: { placement: 7 } }), 'Nothing'],
  ];
  for (const [sentence, found, expected] of others)
    it(`a name that is held by ${sentence}`, () =>
      assert.equal(decidePut(putOf(job('a')), found, () => undefined).type, expected));
});

describe('statuses on their way', () => {
  const many = Array.from({ length: 10 }, (_, index) =>
    mirror(`u${index}`, { status: { revision: 1, message: 'x'.repeat(1000) } }),
  );
  const pick = (over: Partial<Parameters<typeof pickStatuses>[0]> = {}) =>
    pickStatuses({ mirrors: many, settled: () => false, recognized: new Set(), cursor: undefined, bytes: 4000, ...over });

  it('go in batches that fit, and the next goes on where the last ended', () => {
    const first = pick();
    assert.equal(first.more, true);
    assert.ok(first.bytes <= 4000);
    const second = pick({ cursor: first.taken.at(-1)?.uid });
    assert.equal(second.taken[0]?.uid, `u${first.taken.length}`);
  });

  it('go alone when one is larger than a batch, and not at all when none can carry it', () => {
    const large = mirror('a', { status: { revision: 1, message: 'x'.repeat(5000) } });
    assert.equal(pick({ mirrors: [large] }).taken.length, 1);
    const huge = mirror('a', { status: { revision: 1, message: 'x'.repeat(1_000_000) } });
    assert.deepEqual([pick({ mirrors: [huge, large] }).taken.length, pick({ mirrors: [huge] }).oversized.length], [1, 1]);
  });

  it('wait while the hub has them, or does not know their job', () => {
    assert.equal(pick({ settled: () => true }).taken.length, 0);
    const marked = mirror('a', { status: { revision: 1 }, marked: true });
    assert.equal(pick({ mirrors: [marked] }).taken.length, 0);
    assert.equal(pick({ mirrors: [marked], recognized: new Set(['a']) }).taken.length, 1);
  });

  it('carry the generation of the hub, and none when the mirror has changed since', () => {
    const one = mirror('a', { metadata: { generation: 5 }, status: { revision: 1, observedGeneration: 5 } });
    one.metadata.annotations = { ...one.metadata.annotations, [annotations.hubGeneration]: '12' };
    assert.equal(withHubGeneration(one, status({ observedGeneration: 5 })).observedGeneration, 12);
    assert.equal(withHubGeneration(one, status({ observedGeneration: 12 })).observedGeneration, 12);
    assert.equal(withHubGeneration(one, status({ observedGeneration: 4 })).observedGeneration, undefined);
  });
});

describe('a store has caught up with a list', () => {
  const at = (uid: string, resourceVersion: string) => job(uid, { metadata: { resourceVersion } });
  const listed = new Map([
    ['a', '10'],
    ['b', '20'],
  ]);
  const rows: [sentence: string, jobs: IslandJob[], expected: boolean][] = [
    ['when it shows the same', [at('a', '10'), at('b', '20')], true],
    ['when it shows something newer', [at('a', '30'), at('b', '20'), at('c', '40')], true],
    ['when something has been deleted since', [at('b', '20')], true],
    ['not while it shows an older version', [at('a', '9'), at('b', '20')], false],
    ['not while it shows what was gone already', [at('a', '10'), at('b', '20'), at('c', '5')], false],
  ];
  for (const [sentence, jobs, expected] of rows) it(sentence, () => assert.equal(caughtUp(jobs, listed, '25'), expected));
});
