/** Owner references in memory: background, foreground and orphan deletion as kube-controller-manager does them. */
import { keyString } from '../../src/kube/types.ts';
import type { Tables } from './memory-tables.ts';

/** What kube-controller-manager's garbage collector does, until nothing is left to do. */
export function collectGarbage({ everything: all, commit, remove, tableOf, waitsForKubelet }: Tables): void {
  const everything = all();
  const uids = new Set(everything.map(({ object }) => object.metadata.uid));
  const dying = new Set(
    everything.flatMap(({ object }) => (object.metadata.finalizers?.includes('foregroundDeletion') ? [object.metadata.uid] : [])),
  );
  const orphaning = new Set(
    everything.flatMap(({ object }) => (object.metadata.finalizers?.includes('orphan') ? [object.metadata.uid] : [])),
  );
  const blocked = new Set<string | undefined>();
  for (const { type, object } of everything) {
    const owners = object.metadata.ownerReferences ?? [];
    const kept = owners.filter(({ uid }) => !orphaning.has(uid));
    if (kept.length < owners.length) {
      commit(type, { ...object, metadata: { ...object.metadata, ownerReferences: kept } }, object, 'MODIFIED');
      continue;
    }
    for (const owner of owners) blocked.add(owner.uid);
    const alive = owners.some(({ uid }) => uids.has(uid) && !dying.has(uid));
    if (owners.length > 0 && !alive && object.metadata.deletionTimestamp === undefined) {
      remove(type, object, owners.some(({ uid }) => dying.has(uid)) ? 'Foreground' : 'Background', undefined);
    }
  }
  for (const { type, object } of everything) {
    const now = tableOf(type).get(keyString(object.metadata));
    if (!now || now.metadata.uid !== object.metadata.uid) continue;
    const done = now.metadata.finalizers?.find(
      (name) => name === 'orphan' || (name === 'foregroundDeletion' && !blocked.has(now.metadata.uid)),
    );
    if (done === undefined) continue;
    const finalizers = now.metadata.finalizers?.filter((name) => name !== done) ?? [];
    const freed = { ...now, metadata: { ...now.metadata, finalizers } };
    commit(type, freed, now, finalizers.length === 0 && !waitsForKubelet(type, freed) ? 'DELETED' : 'MODIFIED');
  }
}
