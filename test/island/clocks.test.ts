/** The three clocks of progress: which of them runs, how long it has, and what is done when it runs out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CourierReport, Pace } from '../../src/api/courier.ts';
import type { AttemptRecord } from '../../src/api/work.ts';
import { configMapOf } from '../../src/island/attemptconfig.ts';
import { clockLimits, nextDue } from '../../src/island/clocks.ts';
import { decide } from '../../src/island/decide.ts';
import type { Observed } from '../../src/island/observed.ts';
import type { Pod } from '../../src/kube/core.ts';
import {
  at,
  checkpoint,
  ended,
  endedPod,
  islandJob,
  kubeJob,
  limits,
  now,
  observed,
  open,
  type PodHow,
  pod,
  report,
  settings,
  spec,
  waiting,
} from './builders.ts';

const MINUTE = 60;
const pace = (over: Partial<Pace> = {}): Pace => ({
  sinceStepMs: 0,
  slowestStepMs: 0,
  sinceCheckpointMs: 0,
  slowestCheckpointMs: 0,
  ...over,
});
const minutes = (count: number) => count * MINUTE * 1000;
const router = { role: 'Router', work: { ...spec().work, index: undefined } };
const evaluation = { role: 'Evaluate', work: { ...spec().work, index: undefined } };

describe('the limits', () => {
  for (const [sentence, found, firstStep, step, checkpointLimit] of [
    ['of an expert that asks for none are 30 and 10 minutes', clockLimits(spec()), 30, 10, undefined],
    ['of a router are the same', clockLimits(spec(router)), 30, 10, undefined],
    ['of an evaluation are none', clockLimits(spec(evaluation)), undefined, undefined, undefined],
    ['are those asked for', clockLimits(spec({ stall: { firstStep: '1h', step: '5m', checkpoint: '20m' } })), 60, 5, 20],
    [
      'of an evaluation that asks for one are that',
      clockLimits(spec({ ...evaluation, stall: { step: '5m' } })),
      undefined,
      5,
      undefined,
    ],
    ['to the first step are no shorter than to any other', clockLimits(spec({ stall: { step: '2h' } })), 120, 120, undefined],
    ['grow with the slowest step', clockLimits(spec(), pace({ slowestStepMs: minutes(7) })), 30, 21, undefined],
    [
      'for a checkpoint begin when there is a rhythm',
      clockLimits(spec(), pace({ slowestCheckpointMs: minutes(5) })),
      30,
      10,
      120,
    ],
    ['for a checkpoint grow with it', clockLimits(spec(), pace({ slowestCheckpointMs: minutes(60) })), 30, 10, 180],
    [
      'that are asked for do not grow',
      clockLimits(spec({ stall: { step: '5m' } }), pace({ slowestStepMs: minutes(7) })),
      30,
      5,
      undefined,
    ],
  ] as const)
    it(sentence, () => {
      const inMinutes = (ms: number | undefined) => (ms === undefined ? undefined : ms / 60_000);
      assert.deepEqual([found.firstStep, found.step, found.checkpoint].map(inMinutes), [firstStep, step, checkpointLimit]);
    });

  it('are told to the trainer, so that its stacks are in the log before it is stopped', () => {
    const told = (over: Record<string, unknown>) =>
      (JSON.parse(configMapOf(islandJob({}, over), 1, settings).data?.['spec.json'] ?? '') as { stall?: unknown }).stall;
    assert.deepEqual(told({ stall: { step: '1m' } }), { firstStepSeconds: 1800, stepSeconds: 60 });
    assert.equal(told(evaluation), undefined);
  });
});

describe('the clock that runs', () => {
  const stall = { firstStep: '20m', step: '10m', checkpoint: '30m' };
  /** An hour after its trainer started. */
  const due = (over: Partial<CourierReport>, seconds = { seen: 3600, started: 0 }, wish: Record<string, unknown> = { stall }) => {
    const seen = { report: report(over), seenAt: now(seconds.seen) };
    const found = nextDue({ spec: spec(wish), startedAt: now(seconds.started), ...seen }, now(3600));
    return found === undefined ? undefined : [found.left / 60_000, found.words];
  };
  const stepping = { step: 40, at: at(30) };
  const of = (sinceStep: number, sinceCheckpoint = 0) =>
    pace({ sinceStepMs: minutes(sinceStep), sinceCheckpointMs: minutes(sinceCheckpoint) });

  for (const [sentence, found, expected] of [
    ['is that to the first step', due({ pace: of(15) }), [5, 'no first step for 15m (the limit is 20m)']],
    [
      'to the first step begins with the trainer, not while its image is pulled',
      due({ pace: of(59) }, { seen: 3600, started: 3000 }),
      [10, 'no first step for 10m (the limit is 20m)'],
    ],
    [
      'is that to the next step',
      due({ pace: of(11), progress: stepping }),
      [-1, 'no step after step 40 for 11m (the limit is 10m)'],
    ],
    [
      'is that to the next checkpoint',
      due({ pace: of(0, 31), progress: stepping }),
      [-1, 'no checkpoint after step 40 for 31m (the limit is 30m)'],
    ],
    [
      'counts on since the report came',
      due({ pace: of(9), progress: stepping }, { seen: 3588, started: 0 }),
      [0.8, 'no step after step 40 for 9m (the limit is 10m)'],
    ],
    [
      'is none when the courier was not heard for a minute',
      due({ pace: of(99), progress: stepping }, { seen: 3540, started: 0 }),
      undefined,
    ],
    ['is none while something waits to be published', due({ pace: of(99), progress: stepping, pending: 1 }), undefined],
    ['is none while it is published', due({ pace: of(99), progress: stepping, phase: 'Publishing' }), undefined],
    ['is none after the last step', due({ pace: of(99), progress: { ...stepping, steps: 40 } }), undefined],
    ['is none for a courier that measures nothing', due({ progress: stepping }), undefined],
    [
      'is only that to the checkpoint for a trainer that reports no steps',
      due({ pace: of(99, 29), checkpoint: checkpoint(1, 5) }),
      [1, 'no checkpoint for 29m (the limit is 30m)'],
    ],
    ['is none for an evaluation that asks for none', due({ pace: of(999) }, { seen: 3600, started: 0 }, evaluation), undefined],
  ] as const)
    it(sentence, () => assert.deepEqual(found, expected));
});

describe('a running attempt', () => {
  const job = (over: Record<string, unknown> = {}, record: Partial<AttemptRecord> = {}) =>
    islandJob(
      { attempt: 1, attempts: [open(1, { pod: 'p', podUid: 'pod-1', node: 'node-1', startedAt: at(10), ...record })] },
      { stall: { step: '1m' }, ...over },
    );
  const told = (over: Partial<CourierReport>, seconds = 600) => ({
    attempt: 1,
    report: report({ progress: { step: 40, at: at(500) }, pace: pace(), ...over }),
    seenAt: now(seconds),
  });
  const act = (seen: Partial<Observed>, of = job(), pods: Pod[] = [pod(1)]) => {
    const decision = decide(observed(of, { kubeJobs: [kubeJob(1)], pods, ...seen }), now(600), limits);
    assert.ok(decision.type === 'Act', decision.type);
    return decision;
  };

  it('that gets on is left alone, and looked at again when its clock would run out', () => {
    const decision = act({ report: told({ pace: pace({ sinceStepMs: 20_000 }) }) });
    assert.deepEqual([decision.actions, decision.again], [[], 40_000]);
  });

  it('that is not heard is left alone, and looked at again soon', () => {
    const decision = act({ report: told({ pace: pace({ sinceStepMs: 900_000 }) }, 500) });
    assert.deepEqual([decision.actions, decision.again], [[], 30_000]);
  });

  it('that stands still is first noted, then stopped with the grace to save only', () => {
    const stuck = told({ pace: pace({ sinceStepMs: 61_000 }) });
    const first = act({ report: stuck });
    const record = first.status.attempts[0];
    assert.deepEqual([first.actions, first.again, record?.rule], [[], 0, 'no-progress']);
    assert.match(record?.message ?? '', /^no step after step 40 for 61s/);
    const second = act({ report: stuck }, job({}, record));
    assert.deepEqual(second.actions, [
      { type: 'DeletePod', name: pod(1).metadata.name, uid: 'pod-1', graceSeconds: 60 },
      { type: 'DeleteJob', name: kubeJob(1).metadata.name, uid: 'job-1' },
    ]);
    assert.equal(second.status.state, 'Stopping');
    const killed = endedPod(1, 137, { lastStep: 40 }, { deleted: true });
    const third = act({}, job({}, record), [killed]);
    const { failure } = third.status;
    assert.deepEqual(
      [failure?.class, failure?.rule, failure?.action, failure?.step],
      ['NoProgress', 'no-progress', 'RetryInPlace', 40],
    );
  });

  const words = 'cannot go on with this attempt: a/final/weights.bin was written by another pod';
  const taken = ended(3, JSON.stringify({ v: 1, reason: 'AttemptTaken', message: words }));
  const tried = (times: number, how: PodHow = {}) =>
    pod(1, { courierBefore: Array.from({ length: times }, () => taken), ...how });
  for (const [sentence, of, stopped] of [
    ['whose courier found other bytes under its keys three times is stopped', tried(3), true],
    [
      'whose courier waits to be started again after the third time is stopped',
      tried(3, { courier: waiting('CrashLoopBackOff') }),
      true,
    ],
    ['whose courier found other bytes twice goes on', tried(2), false],
    ['whose courier ended three times for its memory goes on', tried(3, { courierBefore: [taken, taken, ended(137)] }), false],
    ['whose courier never ended goes on', tried(0), false],
  ] as const)
    it(sentence, () => {
      const { status, actions, again } = act({}, job(), [of]);
      const [record] = status.attempts;
      const expected = stopped ? ['keys-taken', `the courier ended 3 times: ${words}`] : [undefined, undefined];
      assert.deepEqual([record?.rule, record?.message], expected);
      if (!stopped) return;
      assert.deepEqual([actions, again], [[], 0]);
      const then = act({ live: true }, job({}, record), [of]);
      assert.deepEqual(
        then.actions.map(({ type }) => type),
        ['DeletePod', 'DeleteJob'],
      );
      assert.equal(then.status.message, `attempt 1 is ending: the courier ended 3 times: ${words}`);
    });

  it('that was suspended is not stopped for standing still', () => {
    const decision = act({ report: told({ pace: pace({ sinceStepMs: 61_000 }) }) }, job({ suspend: true }));
    assert.equal(decision.status.attempts[0]?.rule, undefined);
  });

  it('whose trainer is done publishes to the end what it has, whatever its last loss was', () => {
    const done = pod(1, { trainer: ended(0) });
    const { status, actions } = act({ report: told({ phase: 'Publishing', nonFiniteStep: 38 }) }, job(), [done]);
    assert.deepEqual([status.state, status.attempts[0]?.rule, actions], ['Publishing', undefined, []]);
  });

  it('whose loss is NaN is stopped, and the newest checkpoint that it leaves is put into quarantine', () => {
    const bad = told({ nonFiniteStep: 38, checkpoint: checkpoint(1, 20) });
    const first = act({ report: bad });
    assert.deepEqual([first.status.quarantined, first.status.attempts[0]?.rule], [undefined, 'not-finite']);
    const last = checkpoint(1, 30);
    const saved = endedPod(1, 75, { lastStep: 41, nonFiniteStep: 38, checkpoint: last }, { deleted: true });
    const of = islandJob({ ...first.status });
    const second = act({}, of, [saved]);
    assert.deepEqual(second.status.quarantined, [last.manifest]);
    assert.deepEqual([second.status.failure?.class, second.status.failure?.step, second.status.restarts], ['NonFinite', 38, 1]);
  });
});
