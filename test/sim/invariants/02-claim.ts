/** 2. Per (work, placement, attempt, index) at most one pod uid starts its trainer. */
import type { SimPod } from '../pod/pod.ts';
import type { Invariant } from './invariant.ts';

export const claim: Invariant = {
  number: 2,
  title: 'one pod trains an attempt',
  watch(_, violate) {
    const trained = new Map<string, string>();
    const seen = new Map<string, string>();
    let danger = 0;
    const key = (pod: SimPod) => `${pod.work} p${pod.attempt.placement}a${pod.attempt.attempt}`;
    return {
      see(fact) {
        if (fact.kind === 'restoring') {
          const other = seen.get(key(fact.pod));
          if (other !== undefined && other !== fact.pod.uid) danger++;
          seen.set(key(fact.pod), fact.pod.uid);
        }
        if (fact.kind !== 'started' || fact.container !== 'trainer') return;
        const other = trained.get(key(fact.pod));
        if (other !== undefined && other !== fact.pod.uid)
          violate(`${key(fact.pod)} is trained by the pod ${fact.pod.name}, and was by the pod of uid ${other}`);
        trained.set(key(fact.pod), fact.pod.uid);
      },
      get danger() {
        return danger;
      },
    };
  },
};
