/** What an island's status says, as a table of what is heard and what is stored. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComputeIsland, ComputeIslandStatus } from '../../src/api/computeisland.ts';
import type { IslandReport } from '../../src/api/islandreport.ts';
import { apiVersion } from '../../src/api/kind.ts';
import { type IslandFacts, islandStatus } from '../../src/hub/computeisland.ts';
import { createIslandRegistry } from '../../src/hub/registry.ts';
import { at, island, now } from './builders.ts';

const report = (fields: Partial<IslandReport> = {}): IslandReport => ({
  clusterUid: 'c1',
  instance: 'agent-1',
  version: '0.2.0',
  kubernetes: 'v1.35.0',
  sentAt: at,
  receivedAt: now,
  capacity: { cpu: '8', memory: '32Gi', gpus: [{ product: 'H100', total: 4, free: 3, unhealthy: 0 }] },
  unknown: [],
  refused: [],
  held: 0,
  ...fields,
});
const stored = (status: Partial<ComputeIslandStatus> = {}): ComputeIsland => {
  const made = island('west');
  const base = { state: 'NotReady', jobs: 0, display: {}, conditions: [] } as const;
  return { apiVersion, kind: 'ComputeIsland', ...made, status: { ...base, clusterUid: 'c1', ...status } as ComputeIslandStatus };
};
const facts = (fields: Partial<IslandFacts> = {}): IslandFacts => ({
  report: undefined,
  silent: false,
  lastWord: undefined,
  jobs: 0,
  turnedAway: undefined,
  now,
  ...fields,
});
const strange = { reason: 'ClusterChanged', message: 'c2 speaks', at: now } as const;
const says = (status: ComputeIslandStatus) =>
  status.conditions.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`).toSorted();
const heard = facts({ report: report(), lastWord: now });
const gone = facts({ silent: true, lastWord: now - 60_000 });
const nobody = stored();
delete nobody.status?.clusterUid;

const table: [sentence: string, island: ComputeIsland, facts: IslandFacts, state: string, conditions: string[]][] = [
  [
    'an island that is heard is Ready',
    stored(),
    heard,
    'Ready',
    ['Joined=True Joined', 'Reachable=True CapacityKnown', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'an island without a usable node is NotReady',
    stored(),
    facts({ report: report({ capacity: { cpu: '0', memory: '0', gpus: [] } }), lastWord: now }),
    'NotReady',
    ['Joined=True Joined', 'Reachable=True CapacityKnown', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'an island that is silent is Unreachable, and Unknown is not False',
    stored({ state: 'Ready' }),
    gone,
    'Unreachable',
    ['Joined=True Joined', 'Reachable=Unknown IslandUnreachable', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'an island that nobody joined waits for a cluster',
    nobody,
    facts(),
    'NotJoined',
    ['Joined=False WaitingForJoin', 'Reachable=Unknown WaitingForJoin', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'a cluster that was refused is named while nobody has joined',
    nobody,
    facts({ turnedAway: { ...strange, reason: 'JoinRefused' } }),
    'NotJoined',
    ['Joined=False JoinRefused', 'Reachable=Unknown WaitingForJoin', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'a stranger under the name of an island that is silent is not joined',
    stored(),
    { ...gone, turnedAway: strange },
    'Unreachable',
    ['Joined=False ClusterChanged', 'Reachable=Unknown IslandUnreachable', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'a stranger under the name of an island that is heard changes nothing',
    stored(),
    { ...heard, turnedAway: strange },
    'Ready',
    ['Joined=True Joined', 'Reachable=True CapacityKnown', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'a hub that has just started keeps the word of the one before',
    stored({ state: 'Ready', conditions: islandStatus(stored(), heard).conditions }),
    facts({ lastWord: now - 20_000 }),
    'Ready',
    ['Joined=True Joined', 'Reachable=True CapacityKnown', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'a hub that has just started does not call an island reachable that was not',
    stored({ state: 'Unreachable', conditions: islandStatus(stored(), gone).conditions }),
    facts({ lastWord: now - 60_000 }),
    'Unreachable',
    ['Joined=True Joined', 'Reachable=Unknown IslandUnreachable', 'UnknownJobs=False JobsKnown'],
  ],
  [
    'jobs that the hub does not know are named',
    stored(),
    facts({ report: report({ unknown: [{ namespace: 'research', name: 'x', uid: 'u' }] }), lastWord: now }),
    'Ready',
    ['Joined=True Joined', 'Reachable=True CapacityKnown', 'UnknownJobs=True UnknownJobs'],
  ],
];

describe('a ComputeIsland', () => {
  for (const [sentence, given, seen, state, conditions] of table) {
    test(sentence, () => {
      const status = islandStatus(given, seen);
      assert.deepEqual([status.state, says(status)], [state, conditions]);
    });
  }
  test('shows what its agent counted, and how far its clock is off', () => {
    const ahead = report({ sentAt: '2026-01-01T00:00:05Z', unknown: [{ namespace: 'research', name: 'x', uid: 'u' }] });
    const status = islandStatus(stored(), facts({ report: ahead, lastWord: now, jobs: 2 }));
    assert.deepEqual(
      [status.display.gpus, status.clockSkew, status.version, status.kubernetes, status.lastHeard, status.jobs],
      ['3/4', '5s', '0.2.0', 'v1.35.0', at, 2],
    );
    assert.deepEqual(status.unknownJobs, [{ namespace: 'research', name: 'x', uid: 'u' }]);
    assert.match(status.conditions.find(({ type }) => type === 'UnknownJobs')?.message ?? '', /research\/x: they run on/);
  });
  test('keeps what it said while it is silent', () => {
    const before = islandStatus(stored(), heard);
    const status = islandStatus(stored(before), gone);
    assert.deepEqual([status.capacity, status.version, status.clockSkew], [before.capacity, '0.2.0', '0s']);
  });
  test('below a second its clock is not off', () => {
    const late = report({ receivedAt: now + 900 });
    assert.equal(islandStatus(stored(), facts({ report: late, lastWord: now })).clockSkew, '0s');
    const behind = report({ receivedAt: now + 2100 });
    assert.equal(islandStatus(stored(), facts({ report: behind, lastWord: now })).clockSkew, '-2s');
  });
});

describe('the registry', () => {
  const registry = createIslandRegistry({ silenceMs: 30_000 });
  const woken: string[] = [];
  registry.onChange((name, refused) => void woken.push(`${name} ${refused.map(({ uid }) => uid).join()}`));
  const hear = (seconds: number, fields: Partial<IslandReport> = {}) => {
    woken.length = 0;
    registry.heard('west', report({ receivedAt: now + seconds * 1000, ...fields }));
    return [...woken];
  };
  const refused = [{ namespace: 'research', name: 'x', uid: 'u', reason: 'NamespaceNotAdmitted', message: 'no' }] as const;
  test('wakes at the first word, and not at the same words again', () => {
    assert.deepEqual([hear(0), hear(5), hear(10)], [['west '], [], []]);
    assert.equal(registry.heardSince('west'), now);
  });
  test('wakes when something is new, and names what is newly refused', () => {
    assert.deepEqual(hear(15, { version: '0.3.0' }), ['west ']);
    assert.deepEqual(hear(20, { version: '0.3.0', refused }), ['west u']);
    assert.deepEqual(hear(25, { version: '0.3.0', refused }), []);
    assert.equal(registry.refusal('west', 'u')?.reason, 'NamespaceNotAdmitted');
  });
  test('after a silence it counts anew since when the island is heard', () => {
    assert.deepEqual(hear(120, { version: '0.3.0' }), ['west ']);
    assert.equal(registry.heardSince('west'), now + 120_000);
    assert.equal(registry.refusal('west', 'u'), undefined);
  });
});
