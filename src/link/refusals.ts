/** The IslandJobs that this island does not take, with their reasons: kept in memory, told to the hub, tried again now and then. */
import type { Reason } from '../api/reasons.ts';
import type { Clock } from '../clock.ts';
import type { HaveEntry, Put } from './messages.ts';

export interface Refusals {
  set(put: Put, reason: Reason, message: string): void;
  delete(uid: string): void;
  has(uid: string): boolean;
  /** As they are told to the hub. */
  entries(): HaveEntry[];
  /** Those that are to be tried again now: a namespace may have been made, a list changed. */
  due(): Put[];
}

const againMs = 30_000;
/** The hub takes back what is refused at once, so there are never many. */
const most = 512;

export function createRefusals(clock: Clock): Refusals {
  const all = new Map<string, { put: Put; reason: Reason; message: string; at: number }>();
  return {
    set(put, reason, message) {
      if (!all.has(put.uid) && all.size >= most) all.delete(all.keys().next().value ?? '');
      all.set(put.uid, { put, reason, message: message.slice(0, 1024), at: clock.now() });
    },
    delete: (uid) => void all.delete(uid),
    has: (uid) => all.has(uid),
    entries: () => [...all.values()].map(({ put, reason, message }) => [put.uid, put.spec.revision, put.live, reason, message]),
    due: () => [...all.values()].filter(({ at }) => clock.now() - at >= againMs).map(({ put }) => put),
  };
}
