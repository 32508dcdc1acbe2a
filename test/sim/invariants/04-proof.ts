/** 4. Placement n+1 is created only after the stop proof of n, or under the policy that does without. */
import type { IslandJob } from '../../../src/api/islandjob.ts';
import type { Invariant } from './invariant.ts';
import { running, workOf } from './reading.ts';

export const proof: Invariant = {
  number: 4,
  title: 'no new placement without proof that the last has stopped',
  watch(world, violate) {
    const newest = new Map<string, number>();
    let danger = 0;
    return {
      see(fact) {
        if (fact.kind === 'started' && fact.container === 'trainer') {
          const { pod } = fact;
          const last = newest.get(pod.work) ?? 0;
          if (world.plan.shape.policy === 'Wait' && pod.attempt.placement < last)
            violate(`${pod.name} of placement ${pod.attempt.placement} trains although placement ${last} of ${pod.work} exists`);
        }
        if (fact.kind !== 'write' || fact.cluster !== 'hub' || fact.event.type.kind !== 'IslandJob') return;
        if (fact.event.change !== 'ADDED') return;
        const job = fact.event.object as IslandJob;
        const work = workOf(job);
        const before = newest.get(work) ?? 0;
        newest.set(work, Math.max(before, job.spec.placement));
        if (before === 0) return;
        danger++;
        if (world.plan.shape.policy === 'Replace') return;
        for (const pod of running(world, (one) => one.work === work && one.attempt.placement < job.spec.placement))
          violate(`${job.metadata.name} was created while ${pod.name} on ${pod.island} runs`);
      },
      get danger() {
        return danger;
      },
    };
  },
};
