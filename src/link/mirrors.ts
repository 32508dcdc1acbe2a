/** The IslandJobs of the island as the link sees them: the store of the watch, and what it wrote itself while that is behind. */
import type { IslandJob } from '../api/islandjob.ts';
import type { Clock } from '../clock.ts';
import type { Informer } from '../kube/informer.ts';
import { keyString, type ObjectKey } from '../kube/types.ts';
import { hubUidOf } from './answer.ts';

export interface Mirrors {
  /** Those with the uid of a hub's IslandJob. */
  list(): IslandJob[];
  get(key: ObjectKey): IslandJob | undefined;
  /** What the API server answered to a write. */
  note(written: IslandJob): void;
}

/** Longer a watch is not behind; a database that was put back must not leave us with what it has forgotten. */
const overlayMs = 30_000;

export function createMirrors({ informer, clock }: { informer: Informer<IslandJob>; clock: Clock }): Mirrors {
  const written = new Map<string, { job: IslandJob; at: number }>();

  informer.onChange(({ type, object }) => {
    const key = keyString(object.metadata);
    const mine = written.get(key)?.job;
    if (mine === undefined) return;
    const same = mine.metadata.uid === object.metadata.uid;
    if (type === 'delete' ? same : !same || version(object) >= version(mine)) written.delete(key);
  });

  const overlay = (key: string): IslandJob | undefined => {
    const mine = written.get(key);
    if (mine && clock.now() - mine.at > overlayMs) written.delete(key);
    return written.get(key)?.job;
  };

  return {
    list() {
      const all = new Map(informer.store.list().map((job) => [keyString(job.metadata), job]));
      for (const key of written.keys()) {
        const mine = overlay(key);
        if (mine) all.set(key, mine);
      }
      return [...all.values()].filter((job) => hubUidOf(job) !== undefined);
    },
    get: (key) => overlay(keyString(key)) ?? informer.store.get(key),
    note(job) {
      const cached = informer.store.get(job.metadata);
      if (cached?.metadata.uid === job.metadata.uid && cached && version(cached) >= version(job)) return;
      written.set(keyString(job.metadata), { job, at: clock.now() });
    },
  };
}

function version({ metadata }: IslandJob): bigint {
  return /^[0-9]+$/.test(metadata.resourceVersion ?? '') ? BigInt(metadata.resourceVersion ?? '0') : 0n;
}
