/** 7. No key in the store is written twice, or deleted while it belongs to an accepted, newest-kept or being-restored checkpoint. */
import { parseManifestKey } from '../../../src/api/keys.ts';
import type { SimPod } from '../pod/pod.ts';
import type { Invariant } from './invariant.ts';
import { checkpoints, resumable, verified, worksIn } from './reading.ts';

export const store: Invariant = {
  number: 7,
  title: 'no key is written twice, nothing that is needed is deleted',
  watch(world, violate) {
    const written = new Set<string>();
    const kept = new Set<string>();
    const restoring = new Map<string, string>();
    /** By the uid of a pod that restores: what is not fit to be resumed from. */
    const passing = new Map<string, string[]>();
    /**
     * Manifests that a trainer had to pass over when it began: whoever deletes knows that they are worth nothing. What is damaged after
     * it was published, and after the last restore, nobody can know, and it counts as kept.
     */
    const unfit = new Set<string>();
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
      const left = newer.filter((one) => !unfit.has(one.key)).length;
      const keep = prefix.includes('/experts/') ? world.plan.shape.keep : 1;
      if (left < keep) violate(`${key} was deleted although only ${left} newer ones count and ${keep} are to be kept`);
    }

    /** What a restore has to pass over before it comes to `from`. */
    function passedOver({ config }: SimPod, from: string | undefined): string[] {
      const { attempt, output, quarantined } = config;
      const list = checkpoints(world, output.prefix, attempt.placement).filter((one) => one.attempt <= attempt.attempt);
      const at = list.findIndex(({ key }) => key === from);
      const newer = at === -1 ? list : list.slice(0, at);
      return newer.map(({ key }) => key).filter((key) => quarantined.includes(key) || verified(world, key) === undefined);
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
          passing.set(fact.pod.uid, passedOver(fact.pod, from));
        }
        if (fact.kind === 'restored') {
          const still = passedOver(fact.pod, fact.pod.resumedFrom);
          for (const key of passing.get(fact.pod.uid) ?? []) if (still.includes(key)) unfit.add(key);
          passing.delete(fact.pod.uid);
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
