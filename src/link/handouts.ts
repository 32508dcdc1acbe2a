/** Which IslandJobs an island may hold: those handed out by this process, and those that are older than its leadership. */
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import type { Clock } from '../clock.ts';
import { messageOf } from '../kube/errors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeClient, List, Log } from '../kube/types.ts';
import { createRecentSet } from './recent.ts';

/** Far more than exist at once; whoever is forgotten is long gone. */
const mostUids = 262_144;
const pageSize = 500;
const catchUpMs = 60_000;

export interface Handouts {
  /**
   * Learns what exists as this leadership begins, and waits until the store shows nothing older: a former leader may have handed
   * out all of it, and the store of a process that stood by may lag behind. Nothing may be handed out before it resolves.
   */
  begin(signal: AbortSignal): Promise<void>;
  mayHold(job: IslandJob): boolean;
  withhold(uid: string): void;
  withheld(uid: string): boolean;
  /** To be called before an IslandJob leaves the process. */
  note(uid: string): void;
}

export function createHandouts(options: { client: KubeClient; clock: Clock; log: Log; store: Store<IslandJob> }): Handouts {
  const { client, clock, log, store } = options;
  const older = createRecentSet(mostUids);
  const handed = createRecentSet(mostUids);
  const kept = createRecentSet(mostUids);
  let begun = false;

  /** Resource versions by uid, for as long as it takes: an API server that fails once is no reason to give up leading. */
  async function list(signal: AbortSignal): Promise<{ listed: Map<string, string>; version: string }> {
    for (;;) {
      const listed = new Map<string, string>();
      try {
        let page: List<IslandJob> | undefined;
        do {
          const next = page?.continue === undefined ? {} : { continue: page.continue };
          page = await client.list(IslandJobKind, { limit: pageSize, signal, ...next });
          for (const { metadata } of page.items) listed.set(metadata.uid ?? '', metadata.resourceVersion ?? '');
        } while (page.continue !== undefined);
        return { listed, version: page.resourceVersion };
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ error: messageOf(error) }, 'cannot list IslandJobs before islands are answered; trying again');
        await clock.sleep(1000, signal);
      }
    }
  }

  return {
    async begin(signal) {
      begun = false;
      const { listed, version } = await list(signal);
      for (const uid of listed.keys()) older.add(uid);
      const limit = clock.now() + catchUpMs;
      while (!caughtUp(store.list(), listed, version)) {
        if (clock.now() > limit)
          throw new Error(`cannot answer islands: the watch of IslandJobs is more than ${catchUpMs / 1000} s behind`);
        await clock.sleep(50, signal);
      }
      begun = true;
    },
    mayHold({ metadata: { uid = '' } }) {
      return !begun || older.has(uid) || handed.has(uid);
    },
    withhold: (uid) => kept.add(uid),
    withheld: (uid) => kept.has(uid),
    note: (uid) => handed.add(uid),
  };
}

/** Whether a store shows everything that a list (uid to resource version, as of `version`) showed, or something newer. */
export function caughtUp(jobs: readonly IslandJob[], listed: ReadonlyMap<string, string>, version: string): boolean {
  const shown = new Map(jobs.map(({ metadata }) => [metadata.uid ?? '', metadata.resourceVersion ?? '']));
  for (const [uid, at] of listed) {
    const seen = shown.get(uid);
    // Not shown may also mean deleted since; what is not in the store is not handed out.
    if (seen !== undefined && number(seen) < number(at)) return false;
  }
  for (const [uid, seen] of shown) if (!listed.has(uid) && number(seen) <= number(version)) return false;
  return true;
}

/** Resource versions of one kind can be compared since Kubernetes 1.35, which only says what all servers did before. */
function number(resourceVersion: string): bigint {
  return /^[0-9]+$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n;
}
