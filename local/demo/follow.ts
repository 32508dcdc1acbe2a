/** Follows ExpertTrainings until they end: a table redrawn in place on a terminal, one every quarter of a minute elsewhere. */
import { isatty } from 'node:tty';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { render, type Snapshot } from '../../src/cli/live.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/types.ts';

/** Thrown when a training ended in Failed, with what its conditions say. */
export class TrainingFailed extends Error {
  override readonly name = 'TrainingFailed';
}

export interface FollowOptions {
  client: KubeClient;
  namespace: string;
  names: readonly string[];
  output: NodeJS.WriteStream & { fd: number };
  signal: AbortSignal;
  /** Gives up after this many milliseconds. */
  limitMs: number;
}

/** The trainings once all are Complete. Throws `TrainingFailed` as soon as one failed. */
export async function follow(options: FollowOptions): Promise<ExpertTraining[]> {
  const { client, namespace, names, output, signal } = options;
  const terminal = isatty(output.fd);
  const deadline = systemClock.now() + options.limitMs;
  let drawn = 0;
  let told = { at: 0, states: '' };
  for (;;) {
    const snapshots = await Promise.all(names.map((name) => observe(client, namespace, name, signal)));
    const lines = snapshots.flatMap((snapshot) => [...render(snapshot, terminal ? output.columns || 120 : 160), '']);
    const states = snapshots
      .map(({ training, shards }) => [training, ...shards].map((object) => object.status?.state ?? '').join())
      .join();
    if (terminal) {
      output.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}${lines.map((line) => `\x1b[2K${line}\n`).join('')}\x1b[0J`);
      drawn = lines.length;
    } else if (states !== told.states || systemClock.now() - told.at > 15_000) {
      output.write(`${lines.join('\n')}\n`);
      told = { at: systemClock.now(), states };
    }
    const trainings = snapshots.map(({ training }) => training);
    const failed = trainings.find(({ status }) => status?.state === 'Failed');
    if (failed) throw new TrainingFailed(`${failed.metadata.name} failed: ${whyFailed(failed)}`);
    if (trainings.every(({ status }) => status?.state === 'Complete')) return trainings;
    if (systemClock.now() > deadline)
      throw new TrainingFailed(`not complete after ${options.limitMs / 60_000} minutes: see kubectl describe et`);
    await systemClock.sleep(1000, signal);
  }
}

async function observe(client: KubeClient, namespace: string, name: string, signal: AbortSignal): Promise<Snapshot> {
  const training = await client.get(ExpertTrainingKind, { namespace, name }, { signal });
  if (training === undefined) throw new TrainingFailed(`${namespace}/${name} is gone: somebody deleted it`);
  const [dataset, shards] = await Promise.all([
    client.get(ExpertDatasetKind, { namespace, name: training.spec.dataset }, { signal }),
    client.list(ExpertShardKind, { namespace, signal }),
  ]);
  const own = shards.items.filter((shard) => shard.spec.trainingUid === training.metadata.uid);
  return { dataset, training, shards: own, now: systemClock.now() };
}

function whyFailed({ status }: ExpertTraining): string {
  const condition = status?.conditions.find(({ type, status: value }) => type === 'Failed' && value === 'True');
  return condition ? `${condition.reason}, ${condition.message}` : 'no condition says why';
}
