/** What the operator's settings say to the hub, complete and frozen. */

export interface HubSettings {
  /** Images by purpose; `workload` is the reference image, used where a spec names none. */
  images: { workload: string };
  /** Pull policy of the reference image. Default: left to Kubernetes. */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Namespaces whose objects are acted on. Default: all. */
  namespaces?: readonly string[] | undefined;
  /** Name of this process in events, usually the pod's. */
  instance: string;
  /** Shortest time in milliseconds between two writes of one status that differ in progress only. Default: 5 s. */
  progressEveryMs?: number | undefined;
}
