/** What is true of a run, as its conditions say it: why it has not started, goes on, waits, failed or is complete. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExpertDataset } from '../../src/api/expertdataset.ts';
import type { ExpertTraining, ExpertTrainingStatus } from '../../src/api/experttraining.ts';
import { apiVersion } from '../../src/api/kind.ts';
import type { WorkStatus } from '../../src/api/work.ts';
import type { Experts } from '../../src/hub/experts.ts';
import { conditionsOf, type RunFacts } from '../../src/hub/run.ts';
import { invalidSpec, startRun } from '../../src/hub/start.ts';
import { at, dataset, digest, now, training, work } from './builders.ts';

const snapshot = {
  dataset: { manifest: 'm', digest: digest('d'), store: 'default', uid: 'u', experts: 4 },
  images: {},
} as const satisfies ExpertTrainingStatus['snapshot'];

const run = (status: Partial<ExpertTrainingStatus> = {}, spec: Parameters<typeof training>[0] = {}): ExpertTraining => ({
  apiVersion,
  kind: 'ExpertTraining',
  ...training(spec),
  status: {
    state: 'Pending',
    experts: { total: 4, running: 0, accepted: 0, blocked: 0 },
    display: {},
    conditions: [],
    snapshot,
    startedAt: at,
    ...status,
  },
});
const data = (status?: Partial<NonNullable<ExpertDataset['status']>>): ExpertDataset => ({
  apiVersion,
  kind: 'ExpertDataset',
  ...dataset(),
  ...(status ? { status: { state: 'Ready', display: {}, conditions: [], ...status } } : {}),
});
const accepted = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, manifest: `m${index}`, digest: digest('a') }));
const blocked = (index: number) => ({ index, placement: 1, why: { reason: 'Crash' as const, message: 'it fell' } });
const experts = (fields: Partial<Experts> = {}): Experts => ({
  total: 4,
  running: 0,
  accepted: [],
  blocked: [],
  stuck: [],
  needed: 4,
  active: 0,
  waiting: 0,
  waitingWhy: undefined,
  complete: false,
  hopeless: false,
  ...fields,
});
const done = experts({ accepted: accepted(4), complete: true });
const facts = (fields: Partial<RunFacts> = {}): RunFacts => ({
  training: run(),
  dataset: data({}),
  invalid: undefined,
  taken: undefined,
  experts: experts({ active: 4, running: 4 }),
  now,
  ...fields,
});
const unbegun = (spec: Parameters<typeof training>[0] = {}) => run({ snapshot: undefined, startedAt: undefined }, spec);
const state = (name: WorkStatus['state'], fields: Partial<WorkStatus> = {}) => work({ state: name, placement: 1, ...fields });
const stored = (type: string, reason: string) => ({
  conditions: [{ type, status: 'True' as const, reason, message: 'as it was', lastTransitionTime: at }],
});

const saying = (given: RunFacts, type: string) => {
  const found = conditionsOf(given).find((condition) => condition.type === type);
  return found && `${found.status} ${found.reason}: ${found.message}`;
};

describe('the conditions of a run', () => {
  const invalid = { reason: 'DatasetNotFound', message: 'no such data set' } as const;
  const waitingWhy = { reason: 'WaitingForCapacity', message: 'all are full' } as const;
  const rows: [sentence: string, given: RunFacts, type: string, said: string | undefined][] = [
    [
      'a wrong spec is not valid',
      facts({ training: unbegun(), invalid }),
      'Validated',
      'False DatasetNotFound: no such data set',
    ],
    [
      'a wrong spec does not progress',
      facts({ training: unbegun(), invalid }),
      'Progressing',
      'False DatasetNotFound: no such data set',
    ],
    [
      'once begun nothing is wrong any more',
      facts({ invalid }),
      'Validated',
      'True SpecValid: everything that the spec names was found when the run started',
    ],
    [
      'a data set that is cut is waited for',
      facts({ training: unbegun(), dataset: data({ state: 'Partitioning' }) }),
      'Validated',
      'Unknown DatasetNotReady: data set digits is Partitioning',
    ],
    [
      'a data set that is cut is progress',
      facts({ training: unbegun(), dataset: data({ state: 'Partitioning' }) }),
      'Progressing',
      'True Partitioning: data set digits is Partitioning',
    ],
    [
      'a data set that is blocked is none',
      facts({ training: unbegun(), dataset: data({ state: 'Blocked' }) }),
      'Progressing',
      'False DatasetNotReady: data set digits is Blocked',
    ],
    [
      'a data set that is ready is said to be',
      facts({ training: unbegun() }),
      'Validated',
      'Unknown DatasetReady: data set digits is ready',
    ],
    [
      'a suspended run does not start',
      facts({ training: unbegun({ suspend: true }) }),
      'Validated',
      'Unknown Suspended: spec.suspend is true; the run has not started',
    ],
    [
      'before the start nothing is scheduled',
      facts({ training: unbegun(), experts: experts() }),
      'Scheduled',
      'False DatasetReady: data set digits is ready',
    ],
    [
      'every expert has been placed',
      facts(),
      'Scheduled',
      'True AllExpertsPlaced: every expert has had a placement on an island',
    ],
    [
      'experts that wait say why',
      facts({ experts: experts({ waiting: 2, waitingWhy }) }),
      'Scheduled',
      'False WaitingForCapacity: 2 of 4 experts have no placement: all are full',
    ],
    ['experts run', facts(), 'Progressing', 'True ExpertsRunning: 0 of 4 experts are accepted, 4 running'],
    [
      'experts that were never asked for are on their way',
      facts({ experts: experts({ waiting: 4 }) }),
      'Progressing',
      'True ExpertsRunning: 0 of 4 experts are accepted, 0 running',
    ],
    [
      'experts that wait are no progress',
      facts({ experts: experts({ waiting: 4, waitingWhy }) }),
      'Progressing',
      'False WaitingForCapacity: all are full',
    ],
    [
      'what is blocked is waited for',
      facts({ experts: experts({ accepted: accepted(3), blocked: [blocked(3)] }) }),
      'Progressing',
      'False ExpertBlocked: expert 3 (Crash: it fell) cannot go on: 4 accepted experts are needed, accepted: 3',
    ],
    [
      'a name that is taken stops it',
      facts({ taken: 'digits-e001' }),
      'Progressing',
      'False NameTaken: ExpertShard digits-e001 exists and belongs to something else; delete it',
    ],
    [
      'a suspended run stops',
      facts({ training: run({}, { suspend: true }) }),
      'Suspended',
      'False Stopping: checkpoints are being saved and published; then the pods end',
    ],
    [
      'a suspended run has stopped',
      facts({ training: run({}, { suspend: true }), experts: experts() }),
      'Suspended',
      'True Suspended: spec.suspend is true and no pod of the run is left',
    ],
    [
      'a suspended run makes no progress',
      facts({ training: run({}, { suspend: true }), experts: experts() }),
      'Progressing',
      'False Suspended: spec.suspend is true and no pod of the run is left',
    ],
    [
      'a router that runs is progress',
      facts({ experts: done, training: run({ router: state('Running') }) }),
      'Progressing',
      'True RouterRunning: the router is Running',
    ],
    [
      'a router that waits is none',
      facts({ experts: done, training: run({ router: state('Waiting', { reason: 'WaitingForCapacity', message: 'full' }) }) }),
      'Progressing',
      'False WaitingForRouter: the router is Waiting: WaitingForCapacity, full',
    ],
    [
      'a router that was not begun is waited for',
      facts({ experts: done }),
      'Progressing',
      'False WaitingForRouter: the router has not started',
    ],
    [
      'the evaluation comes last',
      facts({ experts: done, training: run({ router: state('Accepted'), evaluation: state('Running') }) }),
      'Progressing',
      'True EvaluationRunning: the evaluation is Running',
    ],
    [
      'without a router the evaluation follows',
      facts({ experts: done, training: run({}, { router: undefined }) }),
      'Progressing',
      'False EvaluationRunning: the evaluation has not started',
    ],
    [
      'a router is ready when it is accepted',
      facts({ training: run({ router: state('Accepted') }) }),
      'RouterReady',
      'True RouterAccepted: the router is accepted',
    ],
    [
      'a router that is blocked says so',
      facts({ training: run({ router: state('Blocked', { reason: 'Crash', message: 'it fell' }) }) }),
      'RouterReady',
      'False RouterFailed: the router is Blocked: Crash, it fell',
    ],
    [
      'a router that runs is not ready',
      facts({ training: run({ router: state('Running') }) }),
      'RouterReady',
      'False RouterRunning: the router is Running',
    ],
    [
      'a router that waits says why',
      facts({ training: run({ router: state('Waiting', waitingWhy) }) }),
      'RouterReady',
      'False WaitingForCapacity: all are full',
    ],
    [
      'a run without a router says nothing of one',
      facts({ training: run({}, { router: undefined, evaluation: undefined }) }),
      'RouterReady',
      undefined,
    ],
    ['nothing is missing while all go on', facts(), 'Degraded', 'False ExpertsRunning: '],
    [
      'the deadline ends it',
      facts({ training: run({}, { deadline: '1h' }), now: now + 3_600_000 }),
      'Failed',
      'True DeadlineExceeded: spec.deadline (1h) passed: the run started at 2026-01-01T00:00:00Z',
    ],
    [
      'before the deadline it goes on',
      facts({ training: run({}, { deadline: '1h' }), now: now + 3_599_000 }),
      'Failed',
      'False ExpertsRunning: ',
    ],
    [
      'a failed router ends it',
      facts({ training: run({ router: state('Blocked', { reason: 'Crash' }) }) }),
      'Failed',
      'True RouterFailed: the router is Blocked: Crash',
    ],
    [
      'a failed evaluation ends it',
      facts({ training: run({ evaluation: state('Blocked', { reason: 'Crash' }) }) }),
      'Failed',
      'True EvaluationFailed: the evaluation is Blocked: Crash',
    ],
    [
      'a router that found its input damaged waits for another',
      facts({ training: run({ router: state('Blocked', { reason: 'InputDamaged' }) }) }),
      'Failed',
      'False ExpertsRunning: ',
    ],
    [
      'an expert too many may end it',
      facts({
        experts: experts({ blocked: [blocked(1)], hopeless: true }),
        training: run({}, { completion: { onExpertFailed: 'Fail' } }),
      }),
      'Failed',
      'True ExpertFailed: expert 1 (Crash: it fell): 4 of 4 experts are needed and completion.onExpertFailed is Fail',
    ],
    [
      'what failed stays failed, with its own words',
      facts({ training: run(stored('Failed', 'RouterFailed')) }),
      'Failed',
      'True RouterFailed: as it was',
    ],
    [
      'what is complete stays complete although its experts are gone',
      facts({ training: run(stored('Complete', 'EnsemblePublished')) }),
      'Complete',
      'True EnsemblePublished: as it was',
    ],
    [
      'what is complete does not fail by its deadline',
      facts({ training: run(stored('Complete', 'EnsemblePublished'), { deadline: '1h' }), now: now + 7_200_000 }),
      'Failed',
      'False EnsemblePublished: ',
    ],
    [
      'an ensemble completes it',
      facts({ experts: done, training: run({ router: state('Accepted'), evaluation: state('Accepted') }) }),
      'Complete',
      'True EnsemblePublished: the ensemble of 4 of 4 experts is published',
    ],
    [
      'without a router it is not complete',
      facts({ experts: done, training: run({ evaluation: state('Accepted') }) }),
      'Complete',
      'False WaitingForRouter: ',
    ],
    [
      'without enough experts it is not complete',
      facts({ training: run({ router: state('Accepted'), evaluation: state('Accepted') }) }),
      'Complete',
      'False ExpertsRunning: ',
    ],
    [
      'without an evaluation all experts complete it',
      facts({ experts: done, training: run({ router: state('Accepted') }, { evaluation: undefined }) }),
      'Complete',
      'True AllExpertsAccepted: all 4 experts are accepted',
    ],
    [
      'without an evaluation enough experts complete it',
      facts({
        experts: experts({ accepted: accepted(3), blocked: [blocked(3)], needed: 3, complete: true }),
        training: run({ router: state('Accepted') }, { evaluation: undefined }),
      }),
      'Complete',
      'True EnoughExpertsAccepted: 3 of 4 experts are accepted, 3 were needed',
    ],
  ];
  for (const [sentence, given, type, said] of rows) test(sentence, () => assert.equal(saying(given, type), said));

  test('an input that is damaged says how what was made from it comes back', () => {
    const part = facts({ training: run({ evaluation: state('Blocked', { reason: 'InputDamaged', message: 'key x' }) }) });
    assert.match(saying(part, 'Degraded') ?? '', /^True InputDamaged: the evaluation is Blocked: InputDamaged, key x/);
  });
});

describe('the start of a run', () => {
  const stores = new Set(['default']);
  const check = (spec: Parameters<typeof training>[0], seen: ExpertDataset | undefined = data()) =>
    invalidSpec(unbegun(spec), seen, stores)?.message;
  const going = data();
  going.metadata.deletionTimestamp = at;

  for (const [sentence, found, expected] of [
    ['needs nothing more', () => check({}), undefined],
    ['needs a store that is known', () => check({ storage: { store: 'other', prefix: 'a/' } }), /^spec\.storage\.store is other/],
    ['needs a data set', () => invalidSpec(unbegun(), undefined, stores)?.message, /^spec\.dataset is digits; no such/],
    ['needs a data set that stays', () => check({}, going), /^spec\.dataset is digits; no such/],
    [
      'needs no more experts than there are',
      () => check({ completion: { minExperts: 5 } }),
      /^spec\.completion\.minExperts is 5 and must be at most 4/,
    ],
    ['takes as many experts as there are', () => check({ completion: { minExperts: 4 } }), undefined],
    ['needs a router for an evaluation', () => check({ router: undefined }), /^spec\.router is missing/],
    ['is over once it has begun', () => invalidSpec(run(), undefined, new Set())?.message, undefined],
  ] as const)
    test(sentence, () => (expected ? assert.match(found() ?? '', expected) : assert.equal(found(), expected)));

  test('freezes the images of every part', () => {
    const ready = data({ manifest: 'm', digest: digest('d') });
    const begun = startRun(unbegun(), ready, { images: { workload: 'ddm' } } as Parameters<typeof startRun>[2], now);
    assert.deepEqual(Object.keys(begun.status?.snapshot?.images ?? {}), ['Expert', 'Router', 'Evaluate']);
    assert.equal(
      startRun(run(), ready, { images: { workload: 'new' } } as Parameters<typeof startRun>[2], now).status?.snapshot,
      snapshot,
    );
  });
});
