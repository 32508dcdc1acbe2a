/** 12. placement, attempt, revision, restarts and the accepted step never decrease. */
import type { IslandJob } from '../../../src/api/islandjob.ts';
import type { Invariant } from './invariant.ts';
import { worksIn } from './reading.ts';

export const monotone: Invariant = {
  number: 12,
  title: 'numbers never decrease',
  watch(_, violate) {
    let danger = 0;
    const highest = new Map<string, number>();
    function grow(what: string, value: number | undefined): void {
      if (value === undefined) return;
      const before = highest.get(what) ?? 0;
      if (value < before) violate(`${what} was ${before} and became ${value}`);
      else highest.set(what, value);
    }
    return {
      see(fact) {
        // What an API server refuses because a number would fall was wrong before it was refused.
        if (fact.kind === 'refused' && !fact.message.includes('accepted')) violate(`${fact.by} was refused: ${fact.message}`);
        if (fact.kind !== 'write') return;
        for (const { work, status } of worksIn(fact)) {
          grow(`placement of ${work}`, status.placement);
          grow(`attempt of placement ${status.placement} of ${work}`, status.attempt);
          grow(`restarts of ${work}`, status.restarts);
          grow(`accepted step of ${work}`, status.accepted?.step);
        }
        if (fact.event.type.kind !== 'IslandJob') return;
        const { spec, status, metadata } = fact.event.object as IslandJob;
        const name = `${metadata.name} (${metadata.uid}) at ${fact.cluster}`;
        grow(`spec.revision of ${name}`, spec.revision);
        for (const field of ['revision', 'attempt', 'restarts'] as const) grow(`${field} of ${name}`, status?.[field]);
        if ((status?.attempt ?? 0) > 1 || spec.placement > 1) danger++;
      },
      get danger() {
        return danger;
      },
    };
  },
};
