/** A thousand experts of four runs in a namespace of their own, of which some train and report all the time and the others wait. */
import { ExpertDatasetKind, expertDatasetSpec } from '../../../src/api/expertdataset.ts';
import { ExpertShardKind } from '../../../src/api/expertshard.ts';
import { ExpertTrainingKind, expertTrainingSpec } from '../../../src/api/experttraining.ts';
import { IslandJobKind, islandJobSpec } from '../../../src/api/islandjob.ts';
import { index3 } from '../../../src/api/keys.ts';
import { inParallel } from '../../../src/store/parallel.ts';
import { digest } from '../../hub/builders.ts';
import { eventually } from '../../kube/eventually.ts';
import { at, put } from './put.ts';
import type { World } from './world.ts';

const namespace = 'crowd';
const runs = 4;
const experts = 250;
const part = { image: 'registry.example/ddm:1', resources: { cpu: '1', memory: '1Gi' } };
const dataset = { manifest: 'atoll/research.crowd.0a0a0a0a/dataset/p1a1/final/manifest.json', digest: digest('d') };

/** `moving` of them have an IslandJob that is told to report; resolves with the uids of these jobs when the server has all. */
export async function setCrowd(world: World, moving: number): Promise<string[]> {
  const { client } = world;
  await client.create(ExpertDatasetKind, {
    metadata: { name: 'crowd', namespace },
    spec: expertDatasetSpec.parse({ source: { prefix: 'raw/' }, partition: { experts, method: 'Random' } }),
  });
  const now = at(Date.now());
  const trainings = await inParallel([...Array(runs).keys()], runs, (index) =>
    put(
      client,
      ExpertTrainingKind,
      {
        metadata: { name: `crowd-${index}`, namespace },
        spec: expertTrainingSpec.parse({ dataset: 'crowd', expert: { ...part, params: { steps: 100_000 } }, router: part }),
      },
      { state: 'Running', experts: { total: experts, running: experts, accepted: 0, blocked: 0 }, startedAt: now },
    ),
  );
  const all = trainings.flatMap(({ metadata }) =>
    [...Array(experts).keys()].map((index) => ({ training: metadata.name, uid: metadata.uid ?? '', index })),
  );
  const uids = await inParallel(all, 24, async ({ training, uid, index }, order) => {
    const name = `${training}-${uid.slice(0, 8)}-e${index3(index)}-p1`;
    const progress = { step: 1, steps: 100_000, loss: '0.5', at: now };
    const running = { state: 'Running', attempt: 1, restarts: 0, progress } as const;
    const shard = {
      metadata: { name: `${training}-e${index3(index)}`, namespace },
      spec: { training, trainingUid: uid, index, experts, dataset },
    };
    if (order >= moving) {
      await client.create(ExpertShardKind, shard);
      return [];
    }
    await put(client, ExpertShardKind, shard, { ...running, placement: 1, island: `island-${index % 20}`, job: name });
    const { metadata } = await put(
      client,
      IslandJobKind,
      {
        metadata: { name, namespace },
        spec: islandJobSpec.parse({
          island: `island-${index % 20}`,
          role: 'Expert',
          work: { namespace, owner: { kind: 'ExpertTraining', name: training, uid }, training, index, experts },
          placement: 1,
          container: part,
          output: { store: 'default', prefix: `atoll/research.${training}/experts/${index3(index)}/` },
        }),
      },
      { ...running, revision: 1, attempts: [] },
    );
    return [metadata.uid ?? ''];
  });
  const found = uids.flat();
  await eventually('the server has every job', () => found.every((uid) => world.job(uid)?.status?.state === 'Running'), 30_000);
  return found;
}

/** Has the jobs report in turn, `perSecond` reports in all; returns what ends it. */
export function report({ progress }: World, uids: readonly string[], perSecond: number): () => void {
  const began = performance.now();
  let told = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    for (; told < due; told += 1) {
      const round = 2 + Math.floor(told / uids.length);
      progress.set(uids[told % uids.length] ?? '', {
        step: round,
        steps: 100_000,
        loss: (0.5 / round).toFixed(4),
        at: new Date().toISOString(),
      });
    }
  }, 10);
  return () => clearInterval(timer);
}
