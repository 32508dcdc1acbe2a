/** Deletion: what belongs to an object is deleted by uid, and its finalizer goes when nothing of it is left. */
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import { finalizers } from '../api/labels.ts';
import { hasFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import type { KubeClient, KubeObject, ResourceType } from '../kube/types.ts';
import { keyOf } from '../kube/types.ts';
import type { AwayIslands } from './away.ts';

export interface Children {
  type: ResourceType<KubeObject>;
  labelSelector: string;
}

/**
 * Deletes all children, read from the API server and not from a cache. Returns undefined once none is left and the finalizer
 * is removed, else for whom it waits. Published objects in the store are never touched.
 */
export async function cleanUp<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  object: T,
  children: readonly Children[],
  away: AwayIslands,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!hasFinalizer(object, finalizers.cleanup)) return undefined;
  const { namespace } = object.metadata;
  const left: string[] = [];
  for (const { type: kind, labelSelector } of children) {
    const { items } = await client.list(kind, { labelSelector, signal, ...(namespace === undefined ? {} : { namespace }) });
    for (const child of items) {
      const { uid, name, deletionTimestamp, finalizers: held = [] } = child.metadata;
      if (deletionTimestamp === undefined) {
        const outcome = await client.delete(kind, keyOf(child), { uid: uid ?? '', propagationPolicy: 'Background', signal });
        if (outcome === 'gone' || held.length === 0) continue;
      }
      if (kind.kind !== IslandJobKind.kind) left.push(`${kind.kind} ${name}`);
      else if (!(await away.release(child as IslandJob))) {
        const note = away.note(child as IslandJob);
        left.push(`${kind.kind} ${name}${note === undefined ? '' : ` (${note})`}`);
      }
    }
  }
  if (left.length === 0) {
    await removeFinalizer(client, type, object, finalizers.cleanup);
    return undefined;
  }
  const more = left.length - mostNamed;
  return `${left.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''} must end first: pods save and publish what they have`;
}

const mostNamed = 4;
