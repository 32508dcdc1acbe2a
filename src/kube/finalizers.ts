/** Adding and removing one finalizer by JSON patch whose tests make it hit this object, in this state, only. */
import { ApiError } from './errors.ts';
import { type JsonPatchOperation, type KubeClient, type KubeObject, keyOf, type ResourceType } from './types.ts';

export function hasFinalizer(object: KubeObject, name: string): boolean {
  return object.metadata.finalizers?.includes(name) ?? false;
}

/** The object as it is now; undefined when it is gone. Throws a conflict when the object changed: reconcile again. */
export function addFinalizer<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  object: T,
  name: string,
): Promise<T | undefined> {
  if (hasFinalizer(object, name)) return Promise.resolve(object);
  const seen = object.metadata.finalizers;
  return change(client, type, object, name, true, [
    seen === undefined
      ? { op: 'test', path: '/metadata/finalizers', value: null }
      : { op: 'test', path: '/metadata/finalizers', value: seen },
    { op: 'add', path: '/metadata/finalizers', value: [...(seen ?? []), name] },
  ]);
}

/** The object as it is now; undefined when it is gone, which removing the last finalizer of a deleted object makes it. */
export function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  object: T,
  name: string,
): Promise<T | undefined> {
  const at = object.metadata.finalizers?.indexOf(name) ?? -1;
  if (at < 0) return Promise.resolve(object);
  return change(client, type, object, name, false, [
    { op: 'test', path: `/metadata/finalizers/${at}`, value: name },
    { op: 'remove', path: `/metadata/finalizers/${at}` },
  ]);
}

async function change<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  object: T,
  name: string,
  wanted: boolean,
  operations: JsonPatchOperation[],
): Promise<T | undefined> {
  const uid: JsonPatchOperation = { op: 'test', path: '/metadata/uid', value: object.metadata.uid };
  try {
    return await client.patch(type, keyOf(object), [uid, ...operations], { contentType: 'json' });
  } catch (error) {
    if (!(error instanceof ApiError) || !(error.isNotFound || error.isInvalid || error.isConflict)) throw error;
    // A failed test says nothing about why; what is there now does.
    const now = await client.get(type, keyOf(object));
    if (!now || now.metadata.uid !== object.metadata.uid) return undefined;
    if (hasFinalizer(now, name) === wanted) return now;
    const verb = wanted ? 'add' : 'remove';
    if (error.isInvalid && now.metadata.resourceVersion === object.metadata.resourceVersion) throw error;
    throw new ApiError(`${verb} finalizer ${name}`, 409, { reason: 'Conflict', message: 'the object changed in between' });
  }
}
