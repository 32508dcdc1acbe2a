/** 9. After deletion nothing labelled with the training's uid is left; before that a finalizer holds, with a readable reason. */
import { ExpertShardKind } from '../../../src/api/expertshard.ts';
import { ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import { IslandJobKind } from '../../../src/api/islandjob.ts';
import { finalizers, labels } from '../../../src/api/labels.ts';
import { configMaps, jobs, pods } from '../../../src/kube/core.ts';
import type { KubeObject, ResourceType } from '../../../src/kube/types.ts';
import type { Invariant } from './invariant.ts';

export const deletion: Invariant = {
  number: 9,
  title: 'a deleted training leaves nothing behind',
  watch(world, violate) {
    let danger = 0;
    const deleted = new Set<string>();

    function left(uid: string): string[] {
      const of = (objects: readonly KubeObject[], where: string) =>
        objects
          .filter(({ metadata }) => metadata.labels?.[labels.trainingUid] === uid)
          .map(({ kind, metadata }) => `${kind} ${metadata.name} at ${where}`);
      const { api } = world.hub;
      return [
        ...of([...api.all(IslandJobKind), ...api.all(ExpertShardKind)], 'the hub'),
        ...world.sites.flatMap(({ name, cluster }) => {
          const kinds = [IslandJobKind, jobs, pods, configMaps] as ResourceType<KubeObject>[];
          return kinds.flatMap((kind) => of(cluster.api.all(kind), name));
        }),
      ];
    }

    return {
      see(fact) {
        if (fact.kind !== 'write' || fact.cluster !== 'hub' || fact.event.type.kind !== ExpertTrainingKind.kind) return;
        const { object, change } = fact.event;
        const { uid = '', deletionTimestamp } = object.metadata;
        if (change !== 'DELETED') {
          if (
            deletionTimestamp !== undefined &&
            !object.metadata.finalizers?.includes(finalizers.cleanup) &&
            left(uid).length > 0
          )
            violate(`nothing holds the deleted training although ${left(uid)[0]} is left`);
          if (deletionTimestamp !== undefined && left(uid).length > 0) danger++;
          return;
        }
        deleted.add(uid);
        const rest = left(uid);
        if (rest.length > 0) violate(`the training is gone and ${rest.join(', ')} is left`);
      },
      settled() {
        for (const uid of deleted) for (const one of left(uid)) violate(`${one} is left of a training that was deleted`);
      },
      get danger() {
        return danger;
      },
    };
  },
};
