/** Writing objects as they stand at a hub: what a user made, and the status that controllers wrote. */
import type { Fresh, KubeClient, KubeObject, ResourceType } from '../../../src/kube/types.ts';

/** The status of a kind, or a part of it. */
type StatusOf<T extends KubeObject> = T extends { status?: infer Status } ? Partial<NonNullable<Status>> : never;

/** Text that would be seen to act if anything took it for markup. */
export const markup = `<img src=x onerror="document.title='broken'"><b>bold</b>`;

export const minute = 60_000;

/** RFC 3339 to the second. */
export const at = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Makes an object and its status, one after the other. */
export async function put<T extends KubeObject>(
  client: KubeClient,
  kind: ResourceType<T>,
  object: Fresh<T>,
  status: StatusOf<T>,
): Promise<T> {
  const { metadata } = await client.create(kind, object);
  return setStatus(client, kind, metadata, status);
}

export function setStatus<T extends KubeObject>(
  client: KubeClient,
  kind: ResourceType<T>,
  { name, namespace }: { name: string; namespace?: string },
  status: StatusOf<T>,
): Promise<T> {
  const key = { name, ...(namespace === undefined ? {} : { namespace }) };
  return client.patch(kind, key, { status }, { contentType: 'merge', fieldManager: 'test', subresource: 'status' });
}
