/** The six experts of the scene: 0 is accepted, 3 ran out of memory twice, 5 crashed once and goes on, 1 and 4 are on an island that is cut off. */
import { ExpertShardKind } from '../../../src/api/expertshard.ts';
import type { ExpertTraining } from '../../../src/api/experttraining.ts';
import { IslandJobKind, type IslandJobStatus, islandJobSpec } from '../../../src/api/islandjob.ts';
import { index3 } from '../../../src/api/keys.ts';
import type { AttemptRecord, FailureEvidence, ManifestRef, PublishedCheckpoint, WorkFailure } from '../../../src/api/work.ts';
import { digest } from '../../hub/builders.ts';
import { eventually } from '../../kube/eventually.ts';
import { at, markup, minute, put, setStatus } from './put.ts';
import type { World } from './world.ts';

export const steps = 1500;

interface Attempt {
  /** How it ended; absent while it runs. */
  class?: 'Succeeded' | 'OutOfMemory' | 'Crash';
  /** Steps it began and ended at. */
  steps: [number, number];
  /** Minutes ago, likewise. */
  when: [number, number];
}

interface Plan {
  island: string;
  attempts: Attempt[];
}

const plans: readonly Plan[] = [
  { island: 'east', attempts: [{ class: 'Succeeded', steps: [10, steps], when: [24, 2] }] },
  { island: 'west', attempts: [{ steps: [10, 640], when: [24, 9] }] },
  { island: 'north', attempts: [{ steps: [10, 705], when: [24, 0] }] },
  {
    island: 'east',
    attempts: [
      { class: 'OutOfMemory', steps: [10, 430], when: [24, 17] },
      { class: 'OutOfMemory', steps: [310, 412], when: [15, 8] },
    ],
  },
  { island: 'west', attempts: [{ steps: [10, 590], when: [24, 9] }] },
  {
    island: 'east',
    attempts: [
      { class: 'Crash', steps: [10, 480], when: [24, 12] },
      { steps: [310, 560], when: [11, 0] },
    ],
  },
];

export const experts = plans.length;

/** Makes the IslandJobs and ExpertShards, and has the server hear what each expert reported since it began. */
export async function setExperts(world: World, training: ExpertTraining, dataset: ManifestRef, now: number): Promise<void> {
  await Promise.all(plans.map((plan, index) => setExpert(world, training, dataset, now, index, plan)));
}

async function setExpert(
  world: World,
  training: ExpertTraining,
  dataset: ManifestRef,
  now: number,
  index: number,
  { island, attempts }: Plan,
): Promise<void> {
  const { client } = world;
  const uid = training.metadata.uid ?? '';
  const name = `digits-${uid.slice(0, 8)}-e${index3(index)}-p1`;
  const prefix = `atoll/research.digits.${uid.slice(0, 8)}/experts/${index3(index)}/`;
  const part = { image: 'registry.example/ddm:1', resources: { cpu: '4', memory: '16Gi' } };
  const records = attempts.map((attempt, number) => recordOf(attempt, number + 1, name, island, now));
  const { metadata } = await put(
    client,
    IslandJobKind,
    {
      metadata: { name, namespace: 'research' },
      spec: islandJobSpec.parse({
        island,
        role: 'Expert',
        work: {
          namespace: 'research',
          owner: { kind: 'ExpertTraining', name: 'digits', uid },
          training: 'digits',
          index,
          experts,
        },
        placement: 1,
        container: part,
        params: { steps, globalBatch: 256, note: markup },
        inputs: [{ name: 'dataset', store: 'default', ...dataset }],
        output: { store: 'default', prefix },
      }),
    },
    {},
  );
  let checkpoint: PublishedCheckpoint | undefined;
  let status: Partial<IslandJobStatus> = {};
  for (const [order, attempt] of attempts.entries()) {
    const number = order + 1;
    const final = attempt.class === 'Succeeded';
    const step = final ? steps : Math.floor(attempt.steps[1] / 300) * 300;
    const folder = final ? 'final' : `step-${String(step).padStart(8, '0')}`;
    checkpoint = {
      manifest: `${prefix}p1a${number}/${folder}/manifest.json`,
      digest: digest(final ? 'f' : 'c'),
      step,
      bytes: 1_790_000,
      attempt: number,
      at: at(now - (attempt.when[1] + 2) * minute),
      final,
      kind: final ? 'Export' : 'Resumable',
    };
    status = {
      revision: number,
      state: 'Running',
      attempt: number,
      restarts: order,
      attempts: records.slice(0, number),
      progress: reportOf(index, attempt, attempt.steps[1], now),
      checkpoint,
      display: {},
      conditions: [],
    };
    world.progress.set(metadata.uid ?? '', reportOf(index, attempt, attempt.steps[0], now));
    await setStatus(client, IslandJobKind, metadata, status);
    await eventually('the server knows of the attempt', () => world.job(metadata.uid ?? '')?.status?.attempt === number);
    for (let one = attempt.steps[0]; one <= attempt.steps[1]; one += 10) {
      world.progress.set(metadata.uid ?? '', reportOf(index, attempt, one, now));
      world.hear();
    }
  }
  const last = records.at(-1);
  const state = last?.class === 'Succeeded' ? 'Accepted' : last?.class === 'OutOfMemory' ? 'Blocked' : 'Running';
  const blocked = { reason: 'OutOfMemory', message: 'The trainer used more memory than its limit twice.' };
  if (state !== 'Running')
    await setStatus(client, IslandJobKind, metadata, {
      state: state === 'Accepted' ? 'Succeeded' : 'Failed',
      ...(state === 'Accepted' ? { output: checkpoint } : { ...blocked, failure: evidenceOf(last, now) }),
    });
  const { attempt = 0, restarts = 0, progress } = status;
  await put(
    client,
    ExpertShardKind,
    {
      metadata: { name: `digits-e${index3(index)}`, namespace: 'research' },
      spec: { training: 'digits', trainingUid: uid, index, experts, dataset },
    },
    {
      placement: 1,
      island,
      job: name,
      state,
      attempt,
      restarts,
      progress,
      checkpoint,
      startedAt: at(now - 24 * minute),
      placements: [{ number: 1, island, job: name, jobUid: metadata.uid ?? '' }],
      display: state === 'Running' ? { eta: `${9 + index}m` } : {},
      ...(state === 'Accepted' && checkpoint ? { accepted: acceptedOf(checkpoint) } : {}),
      ...(state === 'Blocked' && last ? { ...blocked, failure: failureOf(last, island, now) } : {}),
    },
  );
}

const acceptedOf = ({ manifest, digest: of, step, bytes, at: when }: PublishedCheckpoint) => ({
  manifest,
  digest: of,
  placement: 1,
  attempt: 1,
  step,
  bytes,
  at: when,
});

/** A loss that falls as losses do; each expert has its own. */
function reportOf(index: number, { steps: [from, to], when: [began, ended] }: Attempt, step: number, now: number) {
  const loss = 0.27 + 0.006 * index + 0.7 * Math.exp(-step / (120 + 9 * index)) + 0.01 * Math.sin(step * 1.7 + index);
  const share = (step - from) / Math.max(1, to - from);
  return {
    step,
    steps,
    loss: loss.toFixed(4),
    samplesPerSecond: String(400 + index * 7),
    at: at(now - began * minute + share * (began - ended) * minute),
  };
}

function recordOf(
  { class: kind, steps: [, step], when: [began, ended] }: Attempt,
  number: number,
  job: string,
  island: string,
  now: number,
): AttemptRecord {
  const failed =
    kind === 'OutOfMemory'
      ? { rule: 'oom-killed', exitCode: 137, message: `The trainer was killed: it used more than its limit of 16Gi. ${markup}` }
      : kind === 'Crash'
        ? { rule: 'exit-code', exitCode: 1, message: 'RuntimeError: CUDA error: an illegal memory access was encountered' }
        : {};
  return {
    number,
    pod: `${job}-a${number}-0`,
    podUid: `${job}-${number}`,
    node: `${island}-gpu-${number}`,
    startedAt: at(now - began * minute),
    ...(kind === undefined ? {} : { finishedAt: at(now - ended * minute), class: kind, step }),
    ...failed,
  };
}

function evidenceOf(record: AttemptRecord | undefined, now: number): FailureEvidence {
  return {
    attempt: record?.number ?? 1,
    class: 'OutOfMemory',
    rule: 'oom-killed',
    action: 'Fail',
    counted: true,
    node: record?.node,
    exitCode: 137,
    step: record?.step,
    message: record?.message ?? '',
    hint: 'Give the expert more memory than 16Gi in spec.overrides, or a smaller batch, and retry it.',
    lines: `step 410 loss 0.412 412 samples/s\nstep 411 loss 0.409 409 samples/s\n${markup}\nstep 412 loss 0.405 410 samples/s`,
    events: ['OOMKilling: Memory cgroup out of memory: Killed process 4212 (python)'],
    at: record?.finishedAt ?? at(now),
  };
}

/** What the hub keeps of the same. */
function failureOf(record: AttemptRecord, island: string, now: number): WorkFailure {
  const { hint, lines, events } = evidenceOf(record, now);
  return { ...record, class: 'OutOfMemory', placement: 1, island, hint, lines, events };
}
