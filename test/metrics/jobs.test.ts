/** What is counted when the status of an IslandJob changes, and who counts it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import type { AttemptRecord } from '../../src/api/work.ts';
import { createInstruments } from '../../src/metrics/instruments.ts';
import { createJobObserver, jobMetricRows, type Sighting, sightings } from '../../src/metrics/jobs.ts';
import { checkpoint, job } from '../hub/builders.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { scrape } from './builders.ts';

const failed: AttemptRecord = {
  number: 1,
  class: 'Crash',
  rule: 'crash',
  action: 'Retry',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:01:00Z',
};
const next: AttemptRecord = { number: 2, startedAt: '2026-01-01T00:01:12Z' };
const evidence = (attempt: number): NonNullable<Status['failure']> => ({
  attempt,
  class: 'Crash',
  rule: 'crash',
  action: 'Fail',
  counted: true,
  message: 'it broke',
  hint: 'read the log',
  at: '2026-01-01T00:01:00Z',
});
type Status = NonNullable<ReturnType<typeof job>['status']>;

const table: [sentence: string, before: Partial<Status>, after: Partial<Status>, seen: Sighting[]][] = [
  ['progress alone counts nothing', { state: 'Running' }, { state: 'Running', revision: 2 }, []],
  ['a change of state', { state: 'Starting' }, { state: 'Running' }, [{ type: 'transition', from: 'Starting', to: 'Running' }]],
  [
    'a failure that is tried again',
    { state: 'Running', attempts: [{ number: 1 }] },
    { state: 'Running', attempts: [failed] },
    [{ type: 'failure', class: 'Crash', action: 'Retry' }],
  ],
  [
    'a failure that is tried again on another node',
    { state: 'Running', attempts: [{ number: 1 }] },
    { state: 'Running', attempts: [{ ...failed, action: 'RetryElsewhere' }] },
    [{ type: 'failure', class: 'Crash', action: 'RetryElsewhere' }],
  ],
  [
    'a failure that its rule would try again, and whose budget was spent, is also an end',
    { state: 'Running', attempts: [{ number: 1 }] },
    { state: 'Failed', attempts: [failed], failure: evidence(1) },
    [
      { type: 'transition', from: 'Running', to: 'Failed' },
      { type: 'ended', result: 'Failed' },
      { type: 'failure', class: 'Crash', action: 'Fail' },
    ],
  ],
  [
    'a failure beside the evidence of another attempt',
    { attempts: [{ number: 1 }] },
    { attempts: [failed], failure: evidence(2) },
    [{ type: 'failure', class: 'Crash', action: 'Retry' }],
  ],
  [
    'an end that was asked for, whatever came after it',
    { attempts: [{ number: 1 }] },
    { state: 'Failed', attempts: [{ ...failed, class: 'Disruption', rule: 'asked' }] },
    [
      { type: 'transition', from: 'Pending', to: 'Failed' },
      { type: 'ended', result: 'Failed' },
      { type: 'failure', class: 'Disruption', action: 'Stop' },
    ],
  ],
  ['a failure that was counted already', { attempts: [failed] }, { attempts: [failed], revision: 2 }, []],
  ['success is no failure', { attempts: [{ number: 1 }] }, { attempts: [{ number: 1, class: 'Succeeded' }] }, []],
  [
    'the start after a failure, by the times in the records',
    { attempts: [failed, { number: 2 }] },
    { attempts: [failed, next] },
    [{ type: 'recovery', class: 'Crash', seconds: 12 }],
  ],
  ['a start that was seen already', { attempts: [failed, next] }, { attempts: [failed, next], revision: 2 }, []],
  [
    'a new checkpoint',
    { checkpoint: checkpoint({ manifest: 'a' }) },
    { checkpoint: checkpoint({ manifest: 'b', bytes: 7, took: 1500 }) },
    [{ type: 'checkpoint', kind: 'Resumable', bytes: 7, took: 1500 }],
  ],
  ['a checkpoint that is known', { checkpoint: checkpoint() }, { checkpoint: checkpoint(), revision: 2 }, []],
];

const hour = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T01:00:00Z' };
const saved = (fields: Parameters<typeof checkpoint>[0] = {}) =>
  checkpoint({ attempt: 1, at: '2026-01-01T00:45:00Z', ...fields });

const gpuTable: [sentence: string, after: Partial<Status>, seen: { kept: number; lost: number } | undefined][] = [
  ['keeps all of a success', { attempts: [{ number: 1, class: 'Succeeded', ...hour }] }, { kept: 14_400, lost: 0 }],
  ['loses all of a failure that published nothing', { attempts: [{ ...failed, ...hour }] }, { kept: 0, lost: 14_400 }],
  [
    'loses what came after the newest checkpoint',
    { attempts: [{ ...failed, ...hour }], checkpoint: saved() },
    { kept: 10_800, lost: 3600 },
  ],
  [
    'keeps nothing by the checkpoint of an earlier attempt',
    { attempts: [{ ...failed, ...hour, number: 2 }], checkpoint: saved() },
    { kept: 0, lost: 14_400 },
  ],
  [
    'keeps nothing by an export, which nothing resumes from',
    { attempts: [{ ...failed, ...hour }], checkpoint: saved({ kind: 'Export' }) },
    { kept: 0, lost: 14_400 },
  ],
  [
    'never loses less than nothing to a checkpoint published after the last container was seen',
    { attempts: [{ ...failed, ...hour }], checkpoint: saved({ at: '2026-01-01T01:00:02Z' }) },
    { kept: 14_400, lost: 0 },
  ],
  [
    'does not know of an attempt whose containers never started',
    { attempts: [{ number: 1, class: 'Configuration' }] },
    undefined,
  ],
];

describe('the GPU seconds of an attempt that has ended, two pods of two GPUs', () => {
  const { spec } = job(1);
  const gang = { nodes: 2, container: { ...spec.container, resources: { ...spec.container.resources, gpus: 2 } } };
  for (const [sentence, after, seen] of gpuTable)
    it(sentence, () => {
      const found = sightings(job(1, {}, gang), job(1, after, gang)).filter(({ type }) => type === 'gpus');
      assert.deepEqual(found, seen ? [{ type: 'gpus', ...seen }] : []);
    });

  it('is counted once, and not for a work without GPUs', () => {
    const ended = job(1, { attempts: [{ ...failed, ...hour }] }, gang);
    assert.deepEqual(
      sightings(ended, ended).filter(({ type }) => type === 'gpus'),
      [],
    );
    const cheap = sightings(job(1), job(1, { attempts: [{ ...failed, ...hour }] }));
    assert.deepEqual(cheap, [{ type: 'failure', class: 'Crash', action: 'Retry' }]);
  });
});

describe('what is seen in a change of status', () => {
  for (const [sentence, before, after, seen] of table)
    it(sentence, () => assert.deepEqual(sightings(job(1, before), job(1, after)), seen));
});

function observe(leading: boolean) {
  const registry = new Registry();
  const clock = createFakeClock();
  const metrics = createInstruments(registry, jobMetricRows);
  const see = createJobObserver({ metrics, clock, leading: () => leading });
  const made = new Date(clock.now()).toISOString();
  const fresh = () => {
    const { status: _, metadata, ...rest } = job(1);
    return { ...rest, metadata: { ...metadata, creationTimestamp: made } };
  };
  return { registry, clock, see, fresh };
}

describe('the observer of IslandJobs', () => {
  it('measures how long an attempt was pending and starting, from its creation on', async () => {
    const { registry, clock, see, fresh } = observe(true);
    see({ type: 'add', object: fresh() });
    await clock.advance(4_000);
    see({ type: 'update', old: fresh(), object: job(1, { state: 'Starting' }) });
    await clock.advance(20_000);
    see({ type: 'update', old: job(1, { state: 'Starting' }), object: job(1, { state: 'Running' }) });
    const lines = await scrape(registry);
    assert.ok(lines.includes('atoll_job_startup_duration_seconds_sum{island="local",stage="Pending"} 4'), lines.join('\n'));
    assert.ok(lines.includes('atoll_job_startup_duration_seconds_sum{island="local",stage="Starting"} 20'));
    assert.ok(lines.includes('atoll_job_transitions_total{island="local",role="Expert",from="Starting",to="Running"} 1'));
  });

  it('does not take a back-off for a slow start', async () => {
    const { registry, clock, see, fresh } = observe(true);
    see({ type: 'add', object: fresh() });
    const waiting = job(1, { state: 'Pending', nextAttemptAt: '2026-01-01T00:10:00Z' });
    see({ type: 'update', old: job(1, { state: 'Running' }), object: waiting });
    await clock.advance(600_000);
    see({ type: 'update', old: waiting, object: job(1, { state: 'Starting' }) });
    assert.deepEqual(
      (await scrape(registry)).filter((line) => line.includes('stage="Pending"')),
      [],
    );
  });

  it('counts nothing on a standby, which sees the same changes', async () => {
    const { registry, clock, see, fresh } = observe(false);
    see({ type: 'add', object: fresh() });
    await clock.advance(1_000);
    see({ type: 'update', old: fresh(), object: job(1, { state: 'Failed', attempts: [failed] }) });
    assert.deepEqual(await scrape(registry), []);
  });
});
