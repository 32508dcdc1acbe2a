/** What hub, island and the link between them hand each other inside one process: reports, admission, logs. Nothing of it is stored. */
import type { Capacity } from './computeisland.ts';
import type { IslandJob, IslandJobSpec } from './islandjob.ts';
import type { Reason } from './reasons.ts';
import type { Progress } from './work.ts';

/** An IslandJob of the hub as both sides name it; the uid is the one it has at the hub. */
export interface JobName {
  namespace: string;
  name: string;
  uid: string;
}

/** An IslandJob that its island does not hold, and why. */
export interface RefusedJob extends JobName {
  reason: Reason;
  message: string;
}

/** What an island said in its newest sync. */
export interface IslandReport {
  /** uid of the namespace kube-system of its cluster. */
  clusterUid: string;
  /** Which process speaks: changes with each start of the agent. */
  instance: string;
  /** Version of the agent. */
  version: string;
  /** Version of Kubernetes of its cluster. */
  kubernetes: string;
  /** When it was sent, by the island's clock, RFC 3339. */
  sentAt: string;
  /** When it came, by the hub's clock, in milliseconds. */
  receivedAt: number;
  capacity: Capacity;
  labels?: Record<string, string>;
  /** IslandJobs that it holds and that this hub does not know. */
  unknown: readonly JobName[];
  refused: readonly RefusedJob[];
  /** IslandJobs that it holds, the refused and the unknown ones not counted. */
  held: number;
}

export type Admission = { admitted: true } | { admitted: false; reason: Reason; message: string };

/** What the hub keeps about islands that speak. */
export interface IslandRegistry {
  heard(island: string, report: IslandReport): void;
  get(island: string): IslandReport | undefined;
}

/** Whether a cluster may speak as this island; asked before anything else that it says is read. */
export type Admit = (
  island: string,
  hello: { clusterUid: string; joinToken?: string; version: string },
  signal: AbortSignal,
) => Promise<Admission>;

/** Why the island does not take an IslandJob; undefined when it does. */
export type AdmitJob = (job: { namespace: string; spec: IslandJobSpec }) => { reason: Reason; message: string } | undefined;

/** Which log: of the newest pod of an IslandJob, or of one attempt of it. */
export interface LogsRequest {
  /** Namespace and name of the IslandJob, which are the same at hub and island. */
  job: { namespace: string; name: string };
  /** Absent: the newest attempt that has a pod. */
  attempt?: number;
  /** Absent: the trainer. */
  container?: string;
  /** Member of a gang; absent: 0. */
  index?: number;
  /** Go on with what is written from now on, until the container ends. */
  follow?: boolean;
  /** Only so many of the last lines. */
  tailLines?: number;
}

/** How an island reads a log; throws when there is none, with a message for people. */
export type ReadLogs = (request: LogsRequest, signal: AbortSignal) => AsyncIterable<string>;

/** The hub's end of the link. */
export interface HubLink {
  /** Answers islands, while this process leads. Resolves only when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Gathers live progress, in every process of the hub. Resolves only when the signal is aborted. */
  listen(signal: AbortSignal): Promise<void>;
  /** Asks the island to sync now. */
  poke(island: string): void;
  /** Whether the island may hold this IslandJob: it was handed out by this process, or is older than this process's leadership. */
  mayHold(job: IslandJob): boolean;
  /** Promise that it will never be handed out from now on. Synchronous. */
  withhold(uid: string): void;
  /** Lines of a log on the island; throws when the island does not answer or has no such log. */
  logs(island: string, request: LogsRequest, signal: AbortSignal): AsyncIterable<string>;
  /** What islands said last about running works: fresher than any status, by the hub's uid of the IslandJob. */
  progress: { get(uid: string): Progress | undefined };
}
