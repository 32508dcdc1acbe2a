/** 13. Running at the hub implies a report younger than the limit; else `Reachable=Unknown` with its age. */
import { ComputeIslandKind } from '../../../src/api/computeisland.ts';
import { islandSilenceMs } from '../process/hub.ts';
import type { Invariant } from './invariant.ts';

const everyMs = 5_000;
/** Time to notice and to write it. */
const slackMs = 20_000;
/** A hub that has just come back listens first. */
const settleMs = islandSilenceMs + slackMs;

export const honest: Invariant = {
  number: 13,
  title: 'a silent island is not called reachable',
  watch(world, violate) {
    let danger = 0;
    let next = 0;
    /** Since when the hub is well. */
    let wellSince = world.clock.now();
    let leader = '';
    const heard = new Map<string, number>();

    function hubIsWell(): boolean {
      const { away, failing, losing, lagMs, stalled } = world.hub.weather;
      const alive = world.hubs.every(({ process }) => process && !process.dead && !process.frozen && process.skewMs === 0);
      return alive && !away && failing === 0 && losing === 0 && lagMs < 100 && stalled.size === 0;
    }
    return {
      see(fact) {
        if (fact.kind === 'heard') heard.set(fact.island, world.clock.now());
        if (fact.kind === 'process' && fact.name.startsWith('hub')) {
          wellSince = world.clock.now();
          leader = fact.name;
        }
      },
      step() {
        const now = world.clock.now();
        if (now < next) return;
        next = now + everyMs;
        if (!hubIsWell()) wellSince = now;
        for (const { metadata, status } of world.hub.api.all(ComputeIslandKind)) {
          const silentMs = now - (heard.get(metadata.name) ?? 0);
          if (!heard.has(metadata.name) || silentMs <= islandSilenceMs) continue;
          danger++;
          if (now - wellSince <= settleMs || silentMs <= settleMs) continue;
          const reachable = status?.conditions.find(({ type }) => type === 'Reachable');
          if (status?.state === 'Ready' || reachable?.status === 'True')
            violate(`${metadata.name} is ${status?.state} although ${leader} heard it ${Math.round(silentMs / 1000)} s ago`);
        }
      },
      get danger() {
        return danger;
      },
    };
  },
};
