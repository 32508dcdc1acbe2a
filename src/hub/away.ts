/** IslandJobs on islands elsewhere: what is known of their island, and when the hub itself may say that nothing of one is left. */
import type { ComputeIsland } from '../api/computeisland.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import { marked } from '../api/islandmarks.ts';
import type { HubLink, JobName } from '../api/islandreport.ts';
import { finalizers } from '../api/labels.ts';
import type { Clock } from '../clock.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import type { Store } from '../kube/store.ts';
import type { KubeClient } from '../kube/types.ts';
import { type Standing, silentSince } from './move.ts';
import type { Reach } from './reach.ts';

/** What the hub asks of the link. */
export type Handover = Pick<HubLink, 'mayHold' | 'withhold' | 'poke'>;

export interface AwayIslands {
  standing(job: IslandJob): Standing;
  /** Whether the island certainly does not hold it. */
  neverHeld(job: IslandJob): boolean;
  /** Lifts the finalizer of an IslandJob being deleted that its island never held, and makes sure that it never will. */
  release(job: IslandJob): Promise<boolean>;
  /** The newest of these IslandJobs that an island holds, the hub does not know, and an administrator said to adopt. */
  adoptable(placementOf: (job: JobName) => number | undefined): { island: string; placement: number } | undefined;
  /** What keeps an IslandJob from going, when it is its island. */
  note(job: IslandJob): string | undefined;
  /** There is something new for the island. */
  poke(island: string): void;
}

export interface AwayOptions {
  client: KubeClient;
  clock: Clock;
  islands: Store<ComputeIsland>;
  /** Both absent: hub and island are one process. */
  reach?: Reach | undefined;
  link?: Handover | undefined;
}

const mostWaiting = 16_384;

export function createAwayIslands({ client, clock, islands, reach, link }: AwayOptions): AwayIslands {
  const neverHeld = (job: IslandJob) => link !== undefined && !link.mayHold(job);
  /** When an IslandJob that no island has taken was first asked about, by its uid. */
  const waiting = new Map<string, number>();

  function waitingSince({ metadata: { uid = '' }, status }: IslandJob): number {
    const since = waiting.get(uid) ?? clock.now();
    if (status !== undefined) waiting.delete(uid);
    else {
      // Bounded: what is dropped only waits anew.
      if (waiting.size >= mostWaiting) waiting.clear();
      waiting.set(uid, since);
    }
    return since;
  }

  return {
    neverHeld,
    standing(job) {
      const { island } = job.spec;
      const draining = islands.get({ name: island })?.spec.drain ?? false;
      if (!reach) return { island, draining };
      return {
        island,
        draining,
        away: {
          silent: reach.silent(island),
          heardAt: reach.missingSince(island),
          lastWord: reach.lastWord(island),
          heardSince: reach.heardSince(island),
          refused: reach.registry.refusal(island, job.metadata.uid ?? ''),
          waitingSince: waitingSince(job),
          mayHold: !neverHeld(job),
        },
      };
    },
    async release(job) {
      if (!neverHeld(job)) return false;
      // From here on it is not handed out, so that nothing of it can come to be after its finalizer is gone.
      link?.withhold(job.metadata.uid ?? '');
      await removeFinalizer(client, IslandJobKind, job, finalizers.island);
      return true;
    },
    adoptable(placementOf) {
      let newest: { island: string; placement: number } | undefined;
      for (const island of islands.list()) {
        for (const name of marked(island, 'adopt')) {
          const placement = placementOf(name);
          if (placement !== undefined && placement > (newest?.placement ?? 0))
            newest = { island: island.metadata.name, placement };
        }
      }
      return newest;
    },
    note(job) {
      const { island } = job.spec;
      if (!reach?.silent(island)) return undefined;
      return `island ${island} ${silentSince(reach.lastWord(island))}`;
    },
    poke: (island) => link?.poke(island),
  };
}
