/** The Eviction API, as a drain of a node asks for it. */
import { namespace } from '../trainings.ts';
import type { World } from '../world.ts';

export async function evict(world: World, name: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  await world.kubectl(['create', '--raw', path, '-f', '-'], { input: JSON.stringify(eviction) });
}
