/** The hub's release as it is installed, as far as the user may see it. */
import { deployments } from '../kube/core.ts';
import { ApiError } from '../kube/errors.ts';
import type { Cluster } from './cluster.ts';

export type Found<T> = { found: T; why?: never } | { found?: never; why: string };

/** What was asked for, or why it cannot be said: no right to read it, or it is not there. */
export async function ifAllowed<T>(what: string, ask: () => Promise<T | undefined>): Promise<Found<T>> {
  try {
    const found = await ask();
    return found === undefined ? { why: `there is no ${what}` } : { found };
  } catch (error) {
    if (error instanceof ApiError && error.isForbidden) return { why: `you may not read the ${what}` };
    throw error;
  }
}

/** Version and readiness of the hub's Deployment. */
export async function readRelease({
  client,
  namespace,
}: Cluster): Promise<Found<{ version: string; ready: number; replicas: number }>> {
  const key = { namespace, name: 'atoll' };
  const { found, why } = await ifAllowed(`Deployment ${namespace}/atoll`, () => client.get(deployments, key));
  if (!found) return { why };
  const version = found.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
  return { found: { version, ready: found.status?.readyReplicas ?? 0, replicas: found.spec.replicas ?? 1 } };
}
