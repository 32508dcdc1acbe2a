/** Kubernetes' own kinds that Atoll's engine and controllers touch, as they are on the wire; the only importer of the library's types. */
import type {
  EventsV1Event,
  V1ConfigMap,
  V1DeploymentSpec,
  V1DeploymentStatus,
  V1Job,
  V1LeaseSpec,
  V1NamespaceStatus,
  V1NetworkPolicySpec,
  V1NodeSpec,
  V1NodeStatus,
  V1PodSpec,
  V1PodStatus,
  V1PodTemplateSpec,
  V1ServiceSpec,
} from '@kubernetes/client-node';
import type { KubeObject, ResourceType } from './types.ts';

type WireName<K> = K extends `_${infer Name}` ? Name : K;

/** The library's types with what JSON really holds: strings for times, and `from` where it says `_from`. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [K in keyof T as WireName<K>]: Wire<T[K]> }
      : T;

export type PodSpec = Wire<V1PodSpec>;
export type PodStatus = Wire<V1PodStatus>;
export type PodTemplate = Wire<V1PodTemplateSpec>;
export type Container = PodSpec['containers'][number];
export type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
export type JobSpec = NonNullable<Wire<V1Job>['spec']>;
export type JobStatus = NonNullable<Wire<V1Job>['status']>;

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: PodStatus;
}
export interface Job extends KubeObject {
  spec: JobSpec;
  status?: JobStatus;
}
export interface Node extends KubeObject {
  spec?: Wire<V1NodeSpec>;
  status?: Wire<V1NodeStatus>;
}
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
  immutable?: NonNullable<V1ConfigMap['immutable']>;
}
export interface Secret extends KubeObject {
  type?: string;
  /** Values in base64. */
  data?: Record<string, string>;
}
export interface Deployment extends KubeObject {
  spec: Wire<V1DeploymentSpec>;
  status?: Wire<V1DeploymentStatus>;
}
export interface Service extends KubeObject {
  spec: Wire<V1ServiceSpec>;
}
export interface NetworkPolicy extends KubeObject {
  spec: Wire<V1NetworkPolicySpec>;
}
export interface Namespace extends KubeObject {
  status?: Wire<V1NamespaceStatus>;
}
export interface Lease extends KubeObject {
  spec: Wire<V1LeaseSpec>;
}
/** events.k8s.io/v1. */
export type Event = KubeObject & Omit<Wire<EventsV1Event>, 'apiVersion' | 'kind' | 'metadata'>;

const core = { group: '', version: 'v1' };

export const pods: ResourceType<Pod> = { ...core, kind: 'Pod', plural: 'pods', namespaced: true };
export const nodes: ResourceType<Node> = { ...core, kind: 'Node', plural: 'nodes', namespaced: false };
export const configMaps: ResourceType<ConfigMap> = { ...core, kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
export const secrets: ResourceType<Secret> = { ...core, kind: 'Secret', plural: 'secrets', namespaced: true };
export const deployments: ResourceType<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};
export const services: ResourceType<Service> = { ...core, kind: 'Service', plural: 'services', namespaced: true };
export const namespaces: ResourceType<Namespace> = { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false };
export const jobs: ResourceType<Job> = { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true };
export const networkPolicies: ResourceType<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
};
export const leases: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const events: ResourceType<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};
