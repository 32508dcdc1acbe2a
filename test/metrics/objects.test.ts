/** What a scrape says about trainings, experts and islands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { type ComputeIsland, computeIslandSpec, computeIslandStatus } from '../../src/api/computeisland.ts';
import type { ExpertShard } from '../../src/api/expertshard.ts';
import type { ExpertTraining } from '../../src/api/experttraining.ts';
import { apiVersion } from '../../src/api/kind.ts';
import type { Progress } from '../../src/api/work.ts';
import { expertGauges } from '../../src/metrics/objects/expert.ts';
import { registerGauges } from '../../src/metrics/objects/gauge.ts';
import { islandGauges } from '../../src/metrics/objects/island.ts';
import { trainingGauges } from '../../src/metrics/objects/training.ts';
import { at, scrape, seconds, shard, training } from './builders.ts';

const progress = (step: number, fields: Partial<Progress> = {}): Progress => ({ step, steps: 200, at, ...fields });

async function ofTraining(run: ExpertTraining, experts: ExpertShard[] = []): Promise<string[]> {
  const registry = new Registry();
  const context = { live: () => undefined, shardsOf: (uid: string) => (uid === 'run' ? experts : []) };
  registerGauges(registry, trainingGauges, () => [run], context);
  return await scrape(registry);
}

async function ofExpert(one: ExpertShard, live: Record<string, Progress> = {}): Promise<string[]> {
  const registry = new Registry();
  registerGauges(registry, expertGauges, () => [one], { live: (uid) => live[uid], shardsOf: () => [] });
  return await scrape(registry);
}

async function ofIsland(status: object, spec: object = {}): Promise<string[]> {
  const island: ComputeIsland = {
    apiVersion,
    kind: 'ComputeIsland',
    metadata: { name: 'west' },
    spec: computeIslandSpec.parse(spec),
    status: computeIslandStatus.parse(status),
  };
  const registry = new Registry();
  registerGauges(registry, islandGauges, () => [island], { live: () => undefined, shardsOf: () => [] });
  return await scrape(registry);
}

const has = (lines: string[], ...wanted: string[]) => {
  for (const line of wanted) assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
};
const lacks = (lines: string[], name: string) =>
  assert.deepEqual(
    lines.filter((line) => line.startsWith(name)),
    [],
  );

describe('the gauges of a training', () => {
  it('say its state as a set in which one is 1', async () => {
    const lines = await ofTraining(training({ state: 'Running' }));
    const states = lines.filter((line) => line.startsWith('atoll_training_status'));
    assert.equal(states.length, 8);
    assert.deepEqual(
      states.filter((line) => line.endsWith(' 1')),
      ['atoll_training_status{namespace="research",training="digits",state="Running"} 1'],
    );
  });

  it('say what it is made of and what its conditions are', async () => {
    const conditions = [{ type: 'Degraded', status: 'True', reason: 'ExpertBlocked', message: '', lastTransitionTime: at }];
    has(
      await ofTraining(training({ experts: { total: 2 }, conditions })),
      'atoll_training_info{namespace="research",training="digits",dataset="numbers",experts="2"} 1',
      'atoll_training_condition{namespace="research",training="digits",type="Degraded",status="True"} 1',
      `atoll_training_created_timestamp_seconds{namespace="research",training="digits"} ${seconds}`,
    );
  });

  it('say how far it is by all of its experts, those that wait counted as not begun', async () => {
    const lines = await ofTraining(training({ experts: { total: 2 }, display: { eta: '1h5m' } }), [
      shard(0, { state: 'Running', progress: progress(100) }),
      shard(1),
    ]);
    has(
      lines,
      'atoll_training_progress_ratio{namespace="research",training="digits"} 0.25',
      'atoll_training_eta_seconds{namespace="research",training="digits"} 3900',
    );
  });

  it('say until when it must be complete, while it is not', async () => {
    const spec = { deadline: '2h' };
    const line = `atoll_training_deadline_timestamp_seconds{namespace="research",training="digits"} ${seconds + 7200}`;
    has(await ofTraining(training({ startedAt: at }, spec)), line);
    lacks(await ofTraining(training({ startedAt: at, completedAt: at }, spec)), 'atoll_training_deadline');
  });
});

describe('the gauges of an expert', () => {
  const running = { state: 'Running', placement: 2, attempt: 3, island: 'west', restarts: 1 };

  it('say where it is and which one', async () => {
    has(
      await ofExpert(shard(1, running)),
      'atoll_expert_info{namespace="research",training="digits",expert="001",island="west",placement="2",attempt="3"} 1',
      'atoll_expert_status{namespace="research",training="digits",expert="001",state="Running"} 1',
      'atoll_expert_restarts{namespace="research",training="digits",expert="001"} 1',
    );
  });

  it('say nothing that is not known', async () => {
    const lines = await ofExpert(shard(0));
    has(lines, 'atoll_expert_status{namespace="research",training="digits",expert="000",state="Waiting"} 1');
    for (const name of ['info', 'step', 'loss', 'progress', 'samples', 'last', 'started']) lacks(lines, `atoll_expert_${name}`);
  });

  it('take what the island said since, and not what it said before', async () => {
    const placements = [{ number: 2, island: 'west', job: 'j', jobUid: 'job' }];
    const one = shard(0, { ...running, placements, progress: progress(100, { loss: '0.5' }) });
    const later = { job: progress(150, { at: '2026-01-01T00:00:30Z', loss: '0.25', samplesPerSecond: '12.5' }) };
    has(
      await ofExpert(one, later),
      'atoll_expert_step{namespace="research",training="digits",expert="000"} 150',
      'atoll_expert_loss{namespace="research",training="digits",expert="000"} 0.25',
      'atoll_expert_samples_per_second{namespace="research",training="digits",expert="000"} 12.5',
      'atoll_expert_progress_ratio{namespace="research",training="digits",expert="000"} 0.75',
      `atoll_expert_last_report_timestamp_seconds{namespace="research",training="digits",expert="000"} ${seconds + 30}`,
    );
    const earlier = { job: progress(50, { at: '2025-12-31T23:59:00Z' }) };
    has(await ofExpert(one, earlier), 'atoll_expert_step{namespace="research",training="digits",expert="000"} 100');
  });

  it('leave out a loss that is no number', async () => {
    lacks(await ofExpert(shard(0, { ...running, progress: progress(1, { loss: 'NaN' }) })), 'atoll_expert_loss');
  });
});

describe('the gauges of an island', () => {
  it('tell a silent island from one that is heard', async () => {
    const reachable = (status: string) => [{ type: 'Reachable', status, reason: 'R', message: '', lastTransitionTime: at }];
    has(
      await ofIsland({ state: 'Ready', conditions: reachable('True'), lastHeard: at }),
      'atoll_island_reachable{island="west"} 1',
      'atoll_island_ready{island="west"} 1',
      `atoll_island_last_heard_timestamp_seconds{island="west"} ${seconds}`,
    );
    has(await ofIsland({ conditions: reachable('Unknown') }), 'atoll_island_reachable{island="west"} 0');
  });

  it('count GPUs by state', async () => {
    const capacity = { cpu: '8', memory: '1Gi', gpus: [{ product: 'H100', total: 8, free: 3, unhealthy: 1 }] };
    has(
      await ofIsland({ capacity }),
      'atoll_island_gpus{island="west",product="H100",state="used"} 5',
      'atoll_island_gpus{island="west",product="H100",state="free"} 3',
      'atoll_island_gpus{island="west",product="H100",state="unhealthy"} 1',
    );
  });

  it('say on which side its clock is, and whether somebody closed it', async () => {
    has(
      await ofIsland({ clockSkew: '-2s' }, { cordoned: true }),
      'atoll_island_clock_skew_seconds{island="west"} -2',
      'atoll_island_unschedulable{island="west"} 1',
    );
    has(await ofIsland({ clockSkew: '3m' }), 'atoll_island_clock_skew_seconds{island="west"} 180');
  });
});
