/** A small controller in the usual shape: every widget has one ConfigMap with its size, and says so in its status. */
import assert from 'node:assert/strict';
import { type Controller, createController, type Outcome } from '../../src/kube/controller.ts';
import { type ConfigMap, configMaps } from '../../src/kube/core.ts';
import type { InformerContext } from '../../src/kube/informer.ts';
import type { Manager } from '../../src/kube/manager.ts';
import { forKind, owned } from '../../src/kube/sources.ts';
import type { KubeClient, KubeObject, ObjectKey } from '../../src/kube/types.ts';
import { type Widget, widgets } from './widgets.ts';

export const namespace = 'default';
const labels = { of: 'widgets' };

export function addChildren(manager: Manager, { client, ...context }: InformerContext) {
  const parents = manager.informer(widgets, { namespace });
  const children = manager.informer(configMaps, { namespace, labelSelector: 'of=widgets' });
  let runs = 0;

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Outcome> {
    const widget = parents.store.get(key);
    const child = children.store.get(key);
    // Gone, or another of its name: the child goes, by uid; a foreign one is never touched.
    if (child && child.metadata.ownerReferences?.[0]?.uid !== widget?.metadata.uid) {
      await client.delete(configMaps, key, { uid: child.metadata.uid ?? '', signal });
      // The watch tells when it is gone, and wakes us.
      return 'done';
    }
    if (!widget) return 'done';
    const { name, uid = '', resourceVersion = '' } = widget.metadata;
    const size = String(widget.spec.size);
    const how = { fieldManager: 'us', force: true, signal };
    if (child?.data?.['size'] !== size) {
      const ownerReferences = [{ apiVersion: widget.apiVersion, kind: widget.kind, name, uid, controller: true }];
      // With the uid of the child we saw, one that is deleted in the meantime does not come back with an old owner.
      const own = child?.metadata.uid === undefined ? {} : { uid: child.metadata.uid };
      await client.apply(configMaps, { metadata: { namespace, name, labels, ownerReferences, ...own }, data: { size } }, how);
    }
    if (widget.status?.phase !== size)
      await client.applyStatus(widgets, { metadata: { namespace, name, uid, resourceVersion }, status: { phase: size } }, how);
    return 'done';
  }

  const controller: Controller = createController({
    name: 'widgets',
    workers: 4,
    ...context,
    sources: [forKind(parents), owned(children, widgets)],
    maxBackoffMs: 2000,
    async reconcile(key, signal) {
      const outcome = await reconcile(key, signal);
      runs++;
      return outcome;
    },
  });
  manager.add(controller);
  return {
    parents,
    children,
    controller,
    /** Reconciles that succeeded. */
    runs: () => runs,
  };
}

export const versions = (objects: KubeObject[]) =>
  new Map(objects.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, `${metadata.uid} ${metadata.resourceVersion}`]));

/** Throws unless every widget, and nothing else, has its child and its status; else the versions of it all. */
export async function assertConverged(client: KubeClient): Promise<Map<string, string>> {
  const wanted = await client.list(widgets, { namespace });
  const found = await client.list(configMaps, { namespace, labelSelector: 'of=widgets' });
  const wish = ({ metadata, spec }: Widget) => `${metadata.name} ${metadata.uid} ${spec.size}`;
  const child = ({ metadata, data }: ConfigMap) => `${metadata.name} ${metadata.ownerReferences?.[0]?.uid} ${data?.['size']}`;
  assert.deepEqual(found.items.map(child), wanted.items.map(wish));
  for (const { spec, status, metadata } of wanted.items) assert.equal(status?.phase, String(spec.size), metadata.name);
  return versions([...wanted.items, ...found.items]);
}
