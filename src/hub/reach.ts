/** When an island was last heard, and whether it is silent: from what the link told, what is stored, and when this hub began to listen. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../kube/store.ts';
import type { HubRegistry } from './registry.ts';

export interface ReachOptions {
  registry: HubRegistry;
  islands: Store<ComputeIsland>;
  clock: Clock;
  silenceMs: number;
}

export interface Reach {
  readonly registry: HubRegistry;
  readonly silenceMs: number;
  /** From when silence counts, in milliseconds: the last word, or when this hub began to listen, whichever is later. */
  heardAt(island: string): number;
  silent(island: string): boolean;
  /**
   * From when the time counts after which an island is given up: never from before the hub could hear anyone, so that after an
   * outage of its own the first island to come back is not given the work of all the others.
   */
  missingSince(island: string): number;
  /** Since when it is heard without a gap, in milliseconds; undefined while it is silent. */
  heardSince(island: string): number | undefined;
  /** The last word as far as anyone knows, in milliseconds; undefined when there was none. */
  lastWord(island: string): number | undefined;
}

export function createReach({ registry, islands, clock, silenceMs }: ReachOptions): Reach {
  // Asked for the first time when controllers run, which is when this process leads and answers islands.
  let began: number | undefined;

  function lastWord(name: string): number | undefined {
    const stored = islands.get({ name })?.status?.lastHeard;
    const words = [registry.get(name)?.receivedAt, stored === undefined ? undefined : Date.parse(stored)];
    const known = words.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }
  const heardAt = (name: string) => {
    began ??= clock.now();
    return Math.max(lastWord(name) ?? 0, began);
  };
  const silent = (name: string) => clock.now() - heardAt(name) > silenceMs;
  return {
    registry,
    silenceMs,
    heardAt,
    silent,
    missingSince: (name) => Math.max(heardAt(name), registry.listeningSince() ?? clock.now()),
    lastWord,
    heardSince: (name) => (silent(name) ? undefined : registry.heardSince(name)),
  };
}
