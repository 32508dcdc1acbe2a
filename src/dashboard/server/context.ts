/** What every handler of the dashboard works with. */
import type { IslandJob } from '../../api/islandjob.ts';
import type { LogsRequest } from '../../api/islandreport.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../kube/types.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { SessionView } from '../view/session.ts';
import type { Caller, Gatekeeper } from './caller.ts';
import type { Curves } from './curves.ts';
import type { Model } from './model.ts';
import type { Objects } from './objects.ts';

/** The bucket is only ever read. */
export type ReadStore = Pick<ObjectStore, 'get' | 'list' | 'head'>;

/** Lines of a log of an IslandJob's pod, for one user. Throws with a message for people when there is none. */
export type OpenLog = (caller: Caller, job: IslandJob, request: LogsRequest, signal: AbortSignal) => AsyncIterable<string>;

export interface DashboardContext {
  objects: Objects;
  model: Model;
  gatekeeper: Gatekeeper;
  /** By the name that users write; empty where the bucket cannot be read. */
  stores: ReadonlyMap<string, ReadStore>;
  curves: Curves;
  openLog: OpenLog;
  /** Whether live progress is heard by this process. */
  live: () => boolean;
  clock: Clock;
  log: Log;
  version: string;
  role: SessionView['role'];
  links: SessionView['links'];
  /** Prefixes below which runs that are gone may have left something, in every store. */
  historyPrefixes: readonly string[];
}
