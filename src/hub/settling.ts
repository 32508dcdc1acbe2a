/** Works that have just started: their island says so before its count of free GPUs does, and nobody else may have those meanwhile. */
import type { Clock } from '../clock.ts';
import type { IslandView, RunningWork, WritableField } from './field.ts';

export interface Settling {
  /** What became of the work under this key; `recent`: its start may be newer than the island's count. Whether that changes anything. */
  put(key: string, work: RunningWork | undefined, recent: boolean): boolean;
  /** The island counts anew: what is missing from its free GPUs are works that had just started. */
  reported(island: string, before: IslandView, now: IslandView): void;
  /** Those that no count will show any more, because others freed as many; whether there were any. */
  expire(now: number): boolean;
}

/** Longer than a count of free GPUs is behind the state of a job. */
const settleMs = 10_000;

export function createSettling(field: WritableField, clock: Clock): Settling {
  /** In the order in which they started. */
  const fresh = new Map<string, { work: RunningWork; at: number }>();

  function settle(key: string, work: RunningWork): void {
    fresh.delete(key);
    field.put(key, work);
  }

  return {
    put(key, work, recent) {
      const old = field.get(key);
      const starts = work?.started && (fresh.has(key) || (old ? !old.started : recent));
      if (!starts) fresh.delete(key);
      else fresh.set(key, { work, at: fresh.get(key)?.at ?? clock.now() });
      const counted = starts ? { ...work, started: false } : work;
      if (JSON.stringify(counted) === JSON.stringify(old)) return false;
      if (counted) field.put(key, counted);
      else field.remove(key);
      return true;
    },
    reported(island, before, now) {
      let taken = freeOf(before) - freeOf(now);
      for (const [key, { work }] of fresh) {
        if (work.island !== island || work.gpus > taken) continue;
        taken -= work.gpus;
        settle(key, work);
      }
    },
    expire(now) {
      let any = false;
      for (const [key, { work, at }] of fresh) {
        if (now - at < settleMs) break;
        settle(key, work);
        any = true;
      }
      return any;
    },
  };
}

function freeOf({ gpus }: IslandView): number {
  return gpus.reduce((sum, { free }) => sum + free, 0);
}
