/** 1. Per work, accepted finals change only by an explicit retry; the accepted placement was the newest when accepted. */
import type { IslandJob } from '../../../src/api/islandjob.ts';
import type { Invariant } from './invariant.ts';
import { workOf, worksIn } from './reading.ts';

export const accepted: Invariant = {
  number: 1,
  title: 'what is accepted stays, and was the newest placement',
  watch(_, violate) {
    const newest = new Map<string, number>();
    const known = new Map<string, string>();
    /** Experts that somebody wants to be made again. */
    const retried = new Set<string>();
    let danger = 0;
    return {
      see(fact) {
        // What an API server refuses because an accepted result would change was wrong before it was refused.
        if (fact.kind === 'refused' && fact.message.includes('accepted')) violate(`${fact.by} was refused: ${fact.message}`);
        if (
          fact.kind === 'write' &&
          fact.cluster === 'hub' &&
          fact.event.type.kind === 'IslandJob' &&
          fact.event.change === 'ADDED'
        ) {
          const job = fact.event.object as IslandJob;
          newest.set(workOf(job), Math.max(newest.get(workOf(job)) ?? 0, job.spec.placement));
        }
        if (fact.kind === 'user' && fact.text.startsWith('retry expert ')) retried.add(fact.text.slice('retry expert '.length));
        for (const { work, status } of worksIn(fact)) {
          const before = known.get(work);
          const now = status.accepted && `${status.accepted.placement} ${status.accepted.digest}`;
          if (before === now) continue;
          const [, index] = work.split('/Expert/');
          // What was made from a replaced expert is made again.
          const again = index === undefined ? retried.size > 0 : retried.has(index);
          if (before !== undefined && !(again && now !== undefined))
            violate(`the accepted result of ${work} was ${before} and became ${now ?? 'nothing'}`);
          if (now === undefined || !status.accepted) continue;
          known.set(work, now);
          const last = newest.get(work) ?? 0;
          if (last > 1 || status.accepted.attempt > 1) danger++;
          const made = Number(/\/p(\d+)a\d+\/final\//.exec(status.accepted.manifest)?.[1]);
          if (made !== status.accepted.placement)
            violate(
              `${status.accepted.manifest} was accepted as the result of placement ${status.accepted.placement} of ${work}`,
            );
          if (status.accepted.placement < last)
            violate(`placement ${status.accepted.placement} of ${work} was accepted although ${last} is the newest`);
        }
      },
      get danger() {
        return danger;
      },
    };
  },
};
