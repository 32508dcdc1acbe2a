/**
 * What a hub holds in the middle of a run in which one expert failed and an island is cut off: six experts on three islands, one accepted,
 * one out of memory; beside it a run that is over, one that is suspended, and one in a namespace that the users of the tests may not read.
 */
import {
  type ComputeIsland,
  ComputeIslandKind,
  type ComputeIslandStatus,
  computeIslandSpec,
} from '../../../src/api/computeisland.ts';
import { ExpertDatasetKind, expertDatasetSpec } from '../../../src/api/expertdataset.ts';
import {
  type ExpertTraining,
  ExpertTrainingKind,
  type ExpertTrainingStatus,
  expertTrainingSpec,
} from '../../../src/api/experttraining.ts';
import type { Condition } from '../../../src/api/work.ts';
import { digest } from '../../hub/builders.ts';
import { experts, setExperts, steps } from './experts.ts';
import { at, markup, minute, put } from './put.ts';
import type { World } from './world.ts';

/** Puts everything there; returns the run that is under way. */
export async function setScene(world: World, now = Date.now()): Promise<ExpertTraining> {
  const { client, log } = world;
  const holds = (type: string, status: Condition['status'], reason: string, message: string, ago: number): Condition => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: at(now - ago),
  });

  const island = (name: string, spec: Partial<ComputeIsland['spec']>, status: Partial<ComputeIslandStatus>) =>
    put(
      client,
      ComputeIslandKind,
      { metadata: { name }, spec: computeIslandSpec.parse(spec) },
      {
        state: 'Ready',
        jobs: 2,
        version: '0.1.0',
        kubernetes: 'v1.35.1',
        clockSkew: '0s',
        clusterUid: `${name}-uid`,
        lastHeard: at(now),
        display: {},
        conditions: [
          holds('Reachable', 'True', 'Ready', 'The agent is heard.', 60 * minute),
          holds('Ready', 'True', 'Ready', 'Work can be placed on it.', 60 * minute),
        ],
        ...status,
      },
    );
  const gpu = 'NVIDIA-H100-80GB-HBM3';
  const room = (product: string, total: number, free: number, unhealthy = 0) => ({
    capacity: { cpu: '96', memory: '768Gi', gpus: [{ product, total, free, unhealthy }] },
  });
  await island('east', { cost: '2.10' }, room(gpu, 8, 5));
  await island(
    'west',
    { cost: '1.85' },
    {
      ...room(gpu, 8, 6),
      state: 'Unreachable',
      lastHeard: at(now - 9 * minute),
      conditions: [
        holds(
          'Reachable',
          'Unknown',
          'IslandUnreachable',
          'The agent has not been heard for 9 minutes; what runs there goes on.',
          8 * minute,
        ),
        holds('Ready', 'Unknown', 'IslandUnreachable', 'The agent has not been heard for 9 minutes.', 8 * minute),
      ],
    },
  );
  await island('north', { cordoned: true }, { ...room('<b>A100</b>', 4, 1, 1), jobs: 1 });
  await island(
    'lab',
    {},
    {
      state: 'NotJoined',
      jobs: 0,
      conditions: [holds('Reachable', 'Unknown', 'WaitingForJoin', 'No cluster has joined as this island yet.', 90 * minute)],
    },
  );

  const datasetManifest = { manifest: 'atoll/research.digits.0a0a0a0a/dataset/p1a1/final/manifest.json', digest: digest('d') };
  const samples = [1410, 1225, 1610, 980, 1505, 1340];
  const dataset = (namespace: string) =>
    put(
      client,
      ExpertDatasetKind,
      {
        metadata: { name: 'digits', namespace },
        spec: expertDatasetSpec.parse({
          source: { prefix: 'raw/digits/' },
          storage: { prefix: 'atoll/' },
          partition: { experts },
        }),
      },
      {
        state: 'Ready',
        ...datasetManifest,
        samples: samples.reduce((sum, one) => sum + one),
        heldOut: 896,
        skew: '1.64',
        shards: samples.map((one, index) => ({ index, samples: one, bytes: one * 790, digest: digest(String(index)) })),
        display: { shards: '6', size: '6 MiB' },
        conditions: [holds('Ready', 'True', 'Accepted', 'The partition was checked against the store and counts.', 70 * minute)],
      },
    );
  await dataset('research');
  await dataset('secret');

  const part = { image: 'registry.example/ddm:1', resources: { cpu: '4', memory: '16Gi' } };
  const training = (namespace: string, name: string, spec: object, status: Partial<ExpertTrainingStatus>) =>
    put(
      client,
      ExpertTrainingKind,
      {
        metadata: { name, namespace },
        spec: expertTrainingSpec.parse({
          dataset: 'digits',
          storage: { prefix: 'atoll/' },
          expert: { ...part, resources: { ...part.resources, gpus: 1, gpuProduct: gpu }, params: { steps, globalBatch: 256 } },
          router: part,
          evaluation: part,
          ...spec,
        }),
      },
      {
        state: 'Running',
        experts: { total: experts, running: 4, accepted: 1, blocked: 1 },
        display: { experts: '1/6, 1 blocked', progress: '47%', eta: '9m' },
        router: {
          placement: 1,
          island: 'east',
          state: 'Running',
          attempt: 1,
          restarts: 0,
          reason: 'Running',
          progress: { step: 120, steps: 400, loss: '1.21', at: at(now) },
        },
        evaluation: { placement: 0, state: 'Waiting', attempt: 0, restarts: 0, reason: 'WaitingForExperts' },
        snapshot: { dataset: { ...datasetManifest, store: 'default', uid: 'data', experts }, images: {} },
        startedAt: at(now - 25 * minute),
        conditions: [
          holds('Validated', 'True', 'SpecValid', 'The spec was checked against everything that it names.', 30 * minute),
          holds('Progressing', 'True', 'ExpertsRunning', '4 experts are being trained.', 25 * minute),
          holds('Degraded', 'True', 'ExpertBlocked', 'Expert 3 is blocked.', 8 * minute),
        ],
        ...status,
      },
    );
  const none = { running: 0, accepted: experts, blocked: 0, total: experts };
  const digits = await training('research', 'digits', {}, {});
  await training(
    'research',
    'letters',
    {},
    { state: 'Complete', experts: none, display: { experts: '6/6', progress: '100%' }, completedAt: at(now - 60 * minute) },
  );
  await training(
    'research',
    'paused',
    { suspend: true },
    { state: 'Suspended', experts: { ...none, accepted: 2 }, display: { experts: '2/6', progress: '31%' } },
  );
  await training('secret', 'hidden', {}, {});

  await setExperts(world, digits, datasetManifest, now);

  log.lines = async function* () {
    for (let line = 400; line < 412; line += 1)
      yield `2026-03-01T14:02:${String(line % 60).padStart(2, '0')}Z step ${line} loss 0.${line}`;
    yield `a line of the log that is full of markup: ${markup}`;
  };
  return digits;
}
