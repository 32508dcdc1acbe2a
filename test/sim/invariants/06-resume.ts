/** 6. A resume starts from the newest manifest it may use that verifies and is not quarantined; from zero only if there is none. */
import type { Invariant } from './invariant.ts';
import { resumable } from './reading.ts';

export const resume: Invariant = {
  number: 6,
  title: 'a resume starts from the newest checkpoint that verifies',
  watch(world, violate) {
    let danger = 0;
    const before = new Map<string, string | undefined>();
    /** Manifests that came while somebody was looking. */
    const fresh = new Set<string>();
    return {
      see(fact) {
        if (fact.kind === 'put' && fact.key.endsWith('/manifest.json') && before.size > 0) fresh.add(fact.key);
        if (fact.kind === 'restoring') before.set(fact.pod.uid, resumable(world, fact.pod));
        if (fact.kind === 'ended' && fact.container === 'restore' && fact.code !== 0) before.delete(fact.pod.uid);
        if (fact.kind !== 'restored') return;
        const { pod } = fact;
        const wanted = [before.get(pod.uid), resumable(world, pod)];
        before.delete(pod.uid);
        const found = pod.resumedFrom;
        if (wanted[1] !== undefined) danger++;
        if (!wanted.includes(found) && !(found !== undefined && fresh.has(found)))
          violate(`${pod.name} resumes from ${found ?? 'nothing'} and must from ${wanted[1] ?? 'nothing'}`);
        if (before.size === 0) fresh.clear();
      },
      get danger() {
        return danger;
      },
    };
  },
};
