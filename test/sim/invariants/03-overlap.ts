/** 3. Two placements of one work never run at once, unless `islandLost: Replace` fired; two attempts of one placement never do. */
import type { Invariant } from './invariant.ts';
import { running } from './reading.ts';

export const overlap: Invariant = {
  number: 3,
  title: 'two runs of a work never overlap',
  watch(world, violate) {
    let danger = 0;
    return {
      see(fact) {
        if (fact.kind !== 'started' || fact.container !== 'trainer') return;
        const { pod } = fact;
        if (pod.attempt.attempt > 1 || pod.attempt.placement > 1) danger++;
        const others = running(world, (one) => one !== pod && one.trains && one.work === pod.work);
        for (const other of others) {
          const same = other.attempt.placement === pod.attempt.placement;
          if (!same && world.plan.shape.policy === 'Replace') continue;
          violate(`${pod.name} trains ${pod.work} while ${other.name} on ${other.island} still does`);
        }
      },
      get danger() {
        return danger;
      },
    };
  },
};
