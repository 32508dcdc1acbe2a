/** The cluster that a command works on, and the ComputeIsland that it names. */
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import { fieldManagers } from '../api/labels.ts';
import { createKubeClient, type RealKubeClient } from '../kube/client.ts';
import { messageOf } from '../kube/errors.ts';
import { type KubeObject, keyOf, type ResourceType } from '../kube/types.ts';
import { nearest } from './nearest.ts';
import { type Call, CommandFailure } from './verb.ts';

export interface Cluster {
  client: RealKubeClient;
  /** Of the hub's release. */
  namespace: string;
}

/** Runs `use` with the cluster of the flags, and closes the connections whatever happens. */
export async function withCluster<R>(call: Call, use: (cluster: Cluster) => Promise<R>): Promise<R> {
  const client = open(call);
  try {
    return await use({ client, namespace: call.text('namespace') ?? 'atoll-system' });
  } finally {
    await client.close();
  }
}

/** What a command about the objects of users works on. */
export interface Scope {
  client: RealKubeClient;
  /** Where its objects are. */
  namespace: string;
  /** The hub's release. */
  hub: Cluster;
}

/** As `withCluster`, for a verb with `scopeOptions`. */
export async function withScope<R>(call: Call, use: (scope: Scope) => Promise<R>): Promise<R> {
  const client = open(call);
  try {
    const namespace = call.text('namespace') ?? client.namespace ?? 'default';
    return await use({ client, namespace, hub: { client, namespace: call.text('hub-namespace') ?? 'atoll-system' } });
  } finally {
    await client.close();
  }
}

function open(call: Call): RealKubeClient {
  const { clock, random, version } = call;
  const kubeconfig = call.text('kubeconfig') ?? call.kubeconfig;
  const context = call.text('context');
  const access = kubeconfig === undefined ? { inCluster: true } : { kubeconfig, ...(context === undefined ? {} : { context }) };
  try {
    return createKubeClient({ ...access, clock, random, userAgent: `atoll/${version}` });
  } catch (error) {
    const where = kubeconfig === undefined ? '' : ` with kubeconfig ${kubeconfig}`;
    throw new CommandFailure(`cannot reach the cluster${where}: ${messageOf(error)}; give another one with --kubeconfig`);
  }
}

/** The ComputeIsland; a failure that lists those that are there otherwise. */
export async function needIsland({ client }: Pick<Cluster, 'client'>, name: string): Promise<ComputeIsland> {
  const island = await client.get(ComputeIslandKind, { name });
  if (island) return island;
  const { items } = await client.list(ComputeIslandKind);
  const names = items.map(({ metadata }) => metadata.name);
  throw new CommandFailure(`cannot find an island ${name}: ${instead(name, names)}`);
}

/** What there is instead of what was asked for. */
export function instead(name: string, names: readonly string[]): string {
  if (names.length === 0) return 'there is none yet';
  const near = nearest(name, names);
  return `there are ${names.slice(0, 20).join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** A change of this very object: of one that was made again under the same name it is refused. */
export function patchObject<T extends KubeObject>(
  { client }: Pick<Cluster, 'client'>,
  type: ResourceType<T>,
  object: KubeObject,
  patch: { metadata?: object; spec?: object },
): Promise<T> {
  const body = { ...patch, metadata: { ...patch.metadata, uid: object.metadata.uid } };
  return client.patch(type, keyOf(object), body, { contentType: 'merge', fieldManager: fieldManagers.cli });
}
