/** Which nodes the next attempt keeps away from, and how its pods are told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttemptRecord } from '../../src/api/work.ts';
import { avoidance } from '../../src/island/avoid.ts';
import { decide } from '../../src/island/decide.ts';
import { jobOf } from '../../src/island/pod.ts';
import type { Node } from '../../src/kube/core.ts';
import { at, closed, islandJob, limits, now, observed, open, settings, spec } from './builders.ts';

interface NodeHow {
  ready?: boolean;
  cpu?: string;
  memory?: string;
  gpus?: number;
  labels?: Record<string, string>;
  taint?: string;
  conditions?: { type: string; status: string }[];
}

function node(name: string, how: NodeHow = {}): Node {
  const { gpus = 0 } = how;
  const amounts = { cpu: how.cpu ?? '4', memory: how.memory ?? '8Gi', ...(gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {}) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: how.labels ?? {} },
    spec: how.taint === undefined ? {} : { taints: [{ key: how.taint, effect: 'NoSchedule' }] },
    status: {
      allocatable: amounts,
      capacity: amounts,
      conditions: [{ type: 'Ready', status: how.ready === false ? 'False' : 'True' }, ...(how.conditions ?? [])],
    },
  };
}

const bad = (number: number, name: string, over: Partial<AttemptRecord> = {}): AttemptRecord =>
  closed(number, 'GpuFault', { node: name, action: 'RetryElsewhere', ...over });
const three = [node('a'), node('b'), node('c')];
const gpuSpec = spec({ container: { image: 'x', resources: { cpu: '1', memory: '1Gi', gpus: 1 } } });
const sick = { gpus: 8, conditions: [{ type: 'GpuMemWatch', status: 'True' }] };

describe('the next attempt', () => {
  for (const [sentence, result, avoid, dropped] of [
    ['keeps away from a node that failed', avoidance(spec(), [bad(1, 'a')], three, now(60)), ['a'], []],
    [
      'goes anywhere after a failure that is no node’s',
      avoidance(spec(), [closed(1, 'Crash', { node: 'a', action: 'Retry' })], three, now(60)),
      [],
      [],
    ],
    ['forgets a node after a day', avoidance(spec(), [bad(1, 'a', { finishedAt: at(-86_400) })], three, now(60)), [], []],
    ['does not mind a node that is gone', avoidance(spec(), [bad(1, 'gone')], three, now(60)), [], []],
    ['may run on the only node again', avoidance(spec(), [bad(1, 'a')], [node('a')], now(60)), [], ['a']],
    ['keeps away from one of two', avoidance(spec(), [bad(1, 'a')], [node('a'), node('b')], now(60)), ['a'], []],
    [
      'does not take a node for another that is too small',
      avoidance(spec(), [bad(1, 'a')], [node('a'), node('b', { memory: '512Mi' })], now(60)),
      [],
      ['a'],
    ],
    [
      'does not take a node for another that is tainted',
      avoidance(spec(), [bad(1, 'a')], [node('a'), node('b', { taint: 'mine' })], now(60)),
      [],
      ['a'],
    ],
    [
      'does not take a node for another that is not ready',
      avoidance(spec(), [bad(1, 'a')], [node('a'), node('b', { ready: false })], now(60)),
      [],
      ['a'],
    ],
    ['runs on any when most nodes look bad', avoidance(spec(), [bad(1, 'a'), bad(2, 'b')], three, now(60)), [], ['b', 'a']],
    ['of a gang needs room for all of it', avoidance(spec({ nodes: 9 }), [bad(1, 'a')], three, now(60)), [], ['a']],
    ['of a gang that fits beside is kept away', avoidance(spec({ nodes: 8 }), [bad(1, 'a')], three, now(60)), ['a'], []],
    [
      'with GPUs keeps away from a node whose monitor reports one',
      avoidance(gpuSpec, [], [node('a', sick), node('b', { gpus: 8 })], now(60)),
      ['a'],
      [],
    ],
    ['without GPUs does not mind', avoidance(spec(), [], [node('a', sick), node('b', { gpus: 8 })], now(60)), [], []],
  ] as const)
    it(sentence, () => assert.deepEqual(result, { avoid, dropped }));

  it('has its nodes in the record before its Job is made, and an event that says so', () => {
    const job = islandJob({ attempt: 1, attempts: [bad(1, 'a')] });
    const decision = decide(observed(job, { nodes: three }), now(60), limits);
    assert.ok(decision.type === 'Act');
    assert.deepEqual(decision.status.attempts.at(-1), { number: 2, avoid: ['a'] });
    assert.deepEqual(decision.events, [{ type: 'Normal', reason: 'NodeAvoided', message: 'attempt 2 is kept away from a' }]);
  });

  it('says so too when it cannot be kept away', () => {
    const job = islandJob({ attempt: 1, attempts: [bad(1, 'a')] });
    const decision = decide(observed(job, { nodes: [node('a')] }), now(60), limits);
    assert.ok(decision.type === 'Act');
    assert.deepEqual([decision.status.attempts.at(-1), decision.events[0]?.reason], [{ number: 2 }, 'NodeAvoidanceDropped']);
  });
});

describe('its pods', () => {
  const away = { key: 'metadata.name', operator: 'NotIn', values: ['a'] };
  const affinityAfter = (attempts: AttemptRecord[], over: Record<string, unknown> = {}) =>
    jobOf(islandJob({ attempt: 2, attempts }, over), 2, settings).spec.template.spec?.affinity;
  const affinity = (over: Record<string, unknown>) => affinityAfter([open(2, { avoid: ['a'] })], over);
  const inPlace = closed(1, 'NoProgress', { node: 'a', action: 'RetryInPlace' });
  const back = { weight: 100, preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] } };

  it('are kept away by name', () => {
    assert.deepEqual(affinity({})?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
      { matchFields: [away] },
    ]);
  });

  it('are kept away in each of the alternatives that a podTemplate gives', () => {
    const term = (value: string) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] });
    const required = { nodeSelectorTerms: [term('x'), term('y')] };
    const podTemplate = {
      spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } },
    };
    const container = { image: 'x', resources: { cpu: '1', memory: '1Gi' }, podTemplate };
    assert.deepEqual(affinity({ container })?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
      { ...term('x'), matchFields: [away] },
      { ...term('y'), matchFields: [away] },
    ]);
  });

  it('are wished back to the node of an attempt that is tried again in place, which holds nothing up when it is full or gone', () => {
    assert.deepEqual(affinityAfter([inPlace, open(2)])?.nodeAffinity, {
      preferredDuringSchedulingIgnoredDuringExecution: [back],
    });
  });

  it('keep the wishes that a podTemplate has', () => {
    const wish = { weight: 7, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['x'] }] } };
    const podTemplate = {
      spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [wish] } } },
    };
    const container = { image: 'x', resources: { cpu: '1', memory: '1Gi' }, podTemplate };
    const found = affinityAfter([inPlace, open(2)], { container })?.nodeAffinity;
    assert.deepEqual(found?.preferredDuringSchedulingIgnoredDuringExecution, [wish, back]);
  });

  for (const [sentence, attempts, over] of [
    ['after any other failure', [closed(1, 'Crash', { node: 'a', action: 'Retry' }), open(2)], {}],
    ['of a gang, whose other nodes nobody remembers', [inPlace, open(2)], { nodes: 2 }],
    ['when the attempt had no node', [closed(1, 'NoProgress', { action: 'RetryInPlace' }), open(2)], {}],
  ] as const)
    it(`go anywhere ${sentence}`, () => assert.equal(affinityAfter([...attempts], over), undefined));
});
