/** What the island side must be told about its place: one frozen value, compiled by src/settings.ts, read by nothing else. */

import type { StoreConfig } from '../api/stores.ts';

/** A store as this island reaches it, and the Secret that training pods mount for it. */
export interface IslandStore extends StoreConfig {
  /** Secret in the namespace of the work: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, optionally AWS_SESSION_TOKEN. */
  readonly secretName: string;
}

/** A range that training pods may reach, beside DNS. */
export interface EgressRange {
  /** IPv4 or IPv6 CIDR. */
  readonly cidr: string;
  /** TCP ports; every port when empty. */
  readonly ports: readonly number[];
}

export interface IslandNetwork {
  /** Where the stores are. */
  readonly stores: readonly EgressRange[];
  /** Addresses of DNS servers outside the namespace kube-system, such as a node-local cache. */
  readonly dnsCidrs?: readonly string[] | undefined;
  /** Labels of the agent's own pods, the only ones that may ask a courier, and the namespace they run in. */
  readonly agentPodLabels?: Readonly<Record<string, string>> | undefined;
  readonly agentNamespace?: string | undefined;
  /** Addresses the agent may come from when it runs outside the cluster. With neither, any may ask and only the bearer guards. */
  readonly agentCidrs?: readonly string[] | undefined;
}

export interface CourierSettings {
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** TCP port of the courier in the training pod; default 9464. */
  readonly port?: number;
  /** What courier and restore ask for; default 50m CPU (restore: the trainer's, unless a limit is set here), 96Mi, at most 512Mi. */
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
}

export interface IslandAdmission {
  /** Images of trainers, and of all that a podTemplate adds: each a whole reference, or a start that ends with "*". */
  readonly images?: readonly string[] | undefined;
  /** Most GPUs that one work may ask for, over all its pods. */
  readonly maxGpus?: number | undefined;
}

export interface IslandSettings {
  /** Name of this island's ComputeIsland; only IslandJobs with this `spec.island` are touched. */
  readonly name: string;
  /** Namespaces whose IslandJobs are admitted; absent means all. */
  readonly namespaces?: readonly string[];
  /** What of the works in them is admitted; absent means all. */
  readonly admit?: IslandAdmission;
  readonly images: { readonly atoll: string; readonly workload: string };
  readonly stores: readonly IslandStore[];
  /** Secret of this agent: per-attempt bearers are derived from it, so none has to be stored. */
  readonly agentKey: Uint8Array;
  readonly courier?: CourierSettings;
  /** Absent: no NetworkPolicy is written, for clusters where the operator of the network does it. */
  readonly network?: IslandNetwork;
  /** Shortest time between two status writes that change nothing but progress; default 60 s. */
  readonly progressIntervalMs?: number;
  /** How often a running courier is asked; default 3 s. */
  readonly pollIntervalMs?: number;
  /** How long an image pull or container configuration error may last before the work fails; default 10 min. */
  readonly configurationDeadlineMs?: number;
  /** Version of Atoll written into the ComputeIsland's status. */
  readonly version?: string;
}

export const defaultProgressIntervalMs = 60_000;
export const defaultPollIntervalMs = 3_000;
export const defaultConfigurationDeadlineMs = 600_000;
