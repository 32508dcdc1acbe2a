/** 7. No key in the store is written twice, or deleted while it belongs to an accepted, newest-kept or being-restored checkpoint. */
import { parseManifestKey } from '../../../src/api/keys.ts';
import type { Invariant } from './invariant.ts';
import { checkpoints, resumable, verified, worksIn } from './reading.ts';

export const store: Invariant = {
  number: 7,
  title: 'no key is written twice, nothing that is needed is deleted',
  watch(world, violate) {
    const written = new Set<string>();
    const kept = new Set<string>();
    const restoring = new Map<string, string>();
    let danger = 0;
    const folderOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);

    function removed(key: string): void {
      danger++;
      if (key.includes('/final/')) violate(`${key} of a final was deleted`);
      if (kept.has(folderOf(key))) violate(`${key} of an accepted result was deleted`);
      for (const [pod, folder] of restoring) if (key.startsWith(folder)) violate(`${key} was deleted while ${pod} restores it`);
      const at = key.search(/p\d+a\d+\//);
      const prefix = key.slice(0, at);
      const gone = parseManifestKey(prefix, key);
      if (!gone) {
        const manifest = `${folderOf(key)}manifest.json`;
        if (world.bucket.memory.objects.has(manifest)) violate(`${key} was deleted before its manifest`);
        return;
      }
      const newer = checkpoints(world, prefix, gone.placement).filter(
        (one) => one.attempt > gone.attempt || (one.attempt === gone.attempt && one.step > (gone.step ?? 0)),
      );
      const good = newer.filter((one) => verified(world, one.key) !== undefined).length;
      const damaged = newer.length - good;
      const keep = prefix.includes('/experts/') ? world.plan.shape.keep : 1;
      if (newer.length < keep || (good === 0 && damaged > 0 && newer.length <= keep))
        violate(`${key} was deleted although only ${good} newer ones verify and ${keep} are to be kept`);
    }

    return {
      see(fact) {
        if (fact.kind === 'put') {
          if (written.has(fact.key)) violate(`${fact.key} was written twice`);
          written.add(fact.key);
        }
        if (fact.kind === 'taken') danger++;
        if (fact.kind === 'removed') removed(fact.key);
        if (fact.kind === 'restoring') {
          const from = resumable(world, fact.pod);
          if (from !== undefined) restoring.set(fact.pod.name, folderOf(from));
        }
        if (fact.kind === 'ended' && fact.container === 'restore') restoring.delete(fact.pod.name);
        for (const { status } of worksIn(fact)) if (status.accepted) kept.add(folderOf(status.accepted.manifest));
      },
      get danger() {
        return danger;
      },
    };
  },
};
