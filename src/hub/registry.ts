/** What islands said last, in memory: the link tells, controllers are woken when something that they act on is new. */
import type { IslandRegistry, IslandReport, RefusedJob } from '../api/islandreport.ts';
import type { Why } from './work.ts';

/** Somebody spoke as an island and was not trusted. */
export interface TurnedAway extends Why {
  /** By the hub's clock, in milliseconds. */
  at: number;
}

export interface HubRegistry extends IslandRegistry {
  /** Since when the island has been heard without a gap longer than its silence, in milliseconds. */
  heardSince(island: string): number | undefined;
  /** Since when islands are heard at all, in milliseconds: before that it was the hub, or its connection, that heard nothing. */
  listeningSince(): number | undefined;
  /** Why the island does not hold the IslandJob of this uid; undefined when it said nothing of the kind. */
  refusal(island: string, uid: string): RefusedJob | undefined;
  /** Whether the island is silent, as its controller has just found. */
  found(island: string, silent: boolean): void;
  /** Called when an island was found silent, or to be heard again. Only ever enqueue in it. */
  onSilence(listener: (island: string) => void): void;
  turnAway(island: string, why: TurnedAway): void;
  turnedAway(island: string): TurnedAway | undefined;
  /** Called with the island, and with the IslandJobs whose refusal is new. Only ever enqueue in it. */
  onChange(listener: (island: string, refused: readonly RefusedJob[]) => void): void;
  /** Called when the island speaks as expected again, or its ComputeIsland is gone. */
  forget(island: string): void;
}

interface Entry {
  report: IslandReport;
  since: number;
  essence: string;
  refused: ReadonlyMap<string, RefusedJob>;
}

export interface RegistryOptions {
  /** Silence in milliseconds after which being heard begins anew. */
  silenceMs: number;
}

/** More islands than a hub is made for. */
const mostIslands = 10_000;

export function createIslandRegistry({ silenceMs }: RegistryOptions): HubRegistry {
  const entries = new Map<string, Entry>();
  const strangers = new Map<string, TurnedAway>();
  let listening: { since: number; last: number } | undefined;
  const silent = new Set<string>();
  const silenceListeners: ((island: string) => void)[] = [];
  const listeners: ((island: string, refused: readonly RefusedJob[]) => void)[] = [];
  const tell = (island: string, refused: readonly RefusedJob[]) => {
    for (const listener of listeners) listener(island, refused);
  };

  return {
    heard(island, report) {
      const { receivedAt } = report;
      const deaf = listening === undefined || receivedAt - listening.last > silenceMs;
      listening = { since: deaf ? receivedAt : (listening?.since ?? receivedAt), last: receivedAt };
      const old = entries.get(island);
      const gap = old === undefined ? Number.POSITIVE_INFINITY : report.receivedAt - old.report.receivedAt;
      const refused = new Map(report.refused.map((job) => [job.uid, job]));
      const essence = essenceOf(report);
      const since = old !== undefined && gap <= silenceMs ? old.since : report.receivedAt;
      entries.delete(island);
      entries.set(island, { report, since, essence, refused });
      if (entries.size > mostIslands) entries.delete(entries.keys().next().value ?? '');
      const fresh = report.refused.filter(({ uid }) => !old?.refused.has(uid));
      if (since === report.receivedAt || fresh.length > 0 || essence !== old?.essence) tell(island, fresh);
    },
    get: (island) => entries.get(island)?.report,
    heardSince: (island) => entries.get(island)?.since,
    listeningSince: () => listening?.since,
    refusal: (island, uid) => entries.get(island)?.refused.get(uid),
    found(island, is) {
      if (silent.has(island) === is) return;
      if (is) silent.add(island);
      else silent.delete(island);
      for (const listener of silenceListeners) listener(island);
    },
    onSilence: (listener) => void silenceListeners.push(listener),
    turnAway(island, why) {
      const known = strangers.get(island);
      strangers.delete(island);
      strangers.set(island, why);
      if (strangers.size > mostIslands) strangers.delete(strangers.keys().next().value ?? '');
      if (known?.reason !== why.reason || known.message !== why.message) tell(island, []);
    },
    turnedAway: (island) => strangers.get(island),
    onChange: (listener) => void listeners.push(listener),
    forget: (island) => {
      entries.delete(island);
      strangers.delete(island);
      silent.delete(island);
    },
  };
}

/** What of a report is worth looking at the island again at once. */
function essenceOf(report: IslandReport): string {
  const { clusterUid, version, kubernetes, capacity, labels, unknown } = report;
  return JSON.stringify([clusterUid, version, kubernetes, capacity, labels, unknown]);
}
