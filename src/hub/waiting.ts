/** Experts that wait for an island by what is stored: whose turn it is must not depend on who asks a new process first. */
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { Store } from '../kube/store.ts';
import { expertDemand, workKey } from './templates.ts';
import type { Waiting } from './turn.ts';

export function knownWaiting(shards: Store<ExpertShard>, trainings: Store<ExpertTraining>): Waiting[] {
  return shards.list().flatMap((shard) => {
    const { status, spec, metadata } = shard;
    if ((status?.state ?? 'Waiting') !== 'Waiting' || status?.job !== undefined) return [];
    const { namespace } = metadata;
    const training = trainings.get({ name: spec.training, ...(namespace === undefined ? {} : { namespace }) });
    if (training?.metadata.uid !== spec.trainingUid || !asksForRoom(training)) return [];
    const demand = expertDemand(training, spec.index);
    const key = workKey({ role: 'Expert', work: { owner: { uid: spec.trainingUid }, index: spec.index } });
    return demand.gpus > 0 ? [{ key, demand }] : [];
  });
}

function asksForRoom({ metadata, spec, status }: ExpertTraining): boolean {
  const failed = status?.conditions.some(({ type, status: is }) => type === 'Failed' && is === 'True');
  return metadata.deletionTimestamp === undefined && !spec.suspend && !failed && status?.snapshot?.dataset !== undefined;
}
