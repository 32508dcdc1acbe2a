/** The words of deciding: what was seen of one IslandJob, what is to be done about it, and what becomes of its status. */
import type { CourierReport } from '../api/courier.ts';
import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import type { Reason } from '../api/reasons.ts';
import type { Job, Node, Pod } from '../kube/core.ts';
import type { KubeObject } from '../kube/types.ts';
import type { NodeHealth } from './health/node.ts';

/** What the API server said to a trial creation of the attempt's pod and Job. */
export type PodCheck =
  | { readonly outcome: 'Accepted' }
  /** It will never be accepted as it is. */
  | { readonly outcome: 'Refused'; readonly message: string }
  /** It is refused for now, such as by a quota. */
  | { readonly outcome: 'Later'; readonly message: string }
  /** The queue that it is to wait in does not exist. */
  | { readonly outcome: 'NoQueue'; readonly message: string };

/** What an attempt leaves behind that lasts only as long as its pod. */
export interface Evidence {
  /** The last lines of the trainer's log, at most 2048 characters. */
  readonly lines?: string;
  /** Warnings of Kubernetes about the pod, newest last, at most 5 of 256 characters. */
  readonly events: readonly string[];
  /** Warnings about its node, which only the rules look at. */
  readonly nodeEvents: readonly string[];
}

export interface Observed {
  readonly job: IslandJob;
  /** Every Job with the IslandJob's uid in its labels, whichever attempt. */
  readonly kubeJobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** ConfigMaps, Services and NetworkPolicies with the IslandJob's uid in their labels. */
  readonly configMaps: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  readonly policies: readonly KubeObject[];
  /** Nodes that are deleted or marked out of service. */
  readonly lostNodes: ReadonlySet<string>;
  /** What the nodes of the pods say of their own health. */
  readonly nodeHealth: ReadonlyMap<string, NodeHealth>;
  /** All nodes of the island. */
  readonly nodes: readonly Node[];
  /** What the ended attempt leaves behind; read once, just before it is concluded. */
  readonly evidence?: Evidence;
  /** The newest report of the attempt's courier, and when it came (ms). */
  readonly report?: { readonly attempt: number; readonly report: CourierReport; readonly seenAt?: number };
  /** A warning of the kubelet or the Job controller about a pod that does not start. */
  readonly warning?: string;
  /** Whether all this was just read from the API server instead of the cache. */
  readonly live: boolean;
  readonly podCheck?: PodCheck;
  /** Why this island does not admit the work; what runs already goes on to its end. */
  readonly refusal?: { readonly reason: Reason; readonly message: string };
}

/** What may be done to the world. Deletions carry the uid they mean; nothing is deleted by name alone. */
export type Action =
  | { readonly type: 'AddFinalizer' }
  | { readonly type: 'DropFinalizer' }
  | { readonly type: 'CreateAttempt'; readonly attempt: number }
  | { readonly type: 'DeleteJob'; readonly name: string; readonly uid: string }
  /** With fewer seconds of grace than the pod has, where there is nothing to wait for. */
  | { readonly type: 'DeletePod'; readonly name: string; readonly uid: string; readonly graceSeconds?: number }
  | { readonly type: 'DeleteConfigMap'; readonly name: string; readonly uid: string }
  | { readonly type: 'DeleteService'; readonly name: string; readonly uid: string }
  | { readonly type: 'DeletePolicy'; readonly name: string; readonly uid: string }
  | { readonly type: 'ReleaseJob'; readonly name: string; readonly uid: string }
  | { readonly type: 'ReleasePod'; readonly name: string; readonly uid: string };

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

export type Decision =
  /** A conclusion is near that must not be drawn from a cache, or that needs the API server's word on the pod, or what an attempt left behind. */
  | { readonly type: 'Look'; readonly at: 'Live' | 'PodCheck' | 'Evidence' }
  | {
      readonly type: 'Act';
      readonly actions: readonly Action[];
      readonly status: IslandJobStatus;
      readonly events: readonly EventNote[];
      /** Milliseconds after which time alone may change the decision; the watches wake us for everything else. */
      readonly again?: number;
    };

/** Settings that decide something. */
export interface Limits {
  readonly progressIntervalMs: number;
  readonly configurationDeadlineMs: number;
}

export function emptyStatus(): IslandJobStatus {
  return { revision: 0, state: 'Pending', attempt: 0, restarts: 0, attempts: [], display: {}, conditions: [] };
}
