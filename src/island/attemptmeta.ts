/** Labels and owner of everything that the island makes for one IslandJob. */

import type { IslandJob } from '../api/islandjob.ts';
import { index3 } from '../api/keys.ts';
import { apiVersion } from '../api/kind.ts';
import { labels } from '../api/labels.ts';
import type { ObjectMeta } from '../kube/types.ts';

export function workLabels({ metadata, spec }: IslandJob): Record<string, string> {
  const { owner, training, index } = spec.work;
  return {
    [labels.islandJob]: metadata.name,
    [labels.islandJobUid]: metadata.uid ?? '',
    [labels.island]: spec.island,
    [labels.role]: spec.role,
    [labels.placement]: String(spec.placement),
    [owner.kind === 'ExpertDataset' ? labels.datasetUid : labels.trainingUid]: owner.uid,
    ...(owner.kind === 'ExpertDataset' ? { [labels.dataset]: owner.name } : {}),
    ...(training === undefined ? {} : { [labels.training]: training }),
    ...(index === undefined ? {} : { [labels.expert]: index3(index) }),
  };
}

/** Metadata but for the name: in the IslandJob's namespace, owned by it, findable by its uid. */
export function ownedMeta(job: IslandJob): Omit<ObjectMeta, 'name'> {
  const { namespace, name, uid = '' } = job.metadata;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    labels: workLabels(job),
    ownerReferences: [{ apiVersion, kind: 'IslandJob', name, uid, controller: true, blockOwnerDeletion: true }],
  };
}

export function attemptMeta(job: IslandJob, attempt: number): Omit<ObjectMeta, 'name'> {
  const meta = ownedMeta(job);
  return { ...meta, labels: { ...meta.labels, [labels.attempt]: String(attempt) } };
}
