/** Which cluster this is: the uid that tells it from any other, and its version of Kubernetes. */

import type { RealKubeClient } from './client.ts';
import { namespaces } from './core.ts';

export interface ClusterIdentity {
  /** uid of the namespace kube-system: it lives as long as the cluster. */
  readonly uid: string;
  /** Such as v1.35.2. */
  readonly kubernetes: string;
}

/** Needs the right to get the namespace kube-system, and no other. */
export async function readCluster(
  client: Pick<RealKubeClient, 'get' | 'version'>,
  signal: AbortSignal,
): Promise<ClusterIdentity> {
  const found = await client.get(namespaces, { name: 'kube-system' }, { signal });
  const uid = found?.metadata.uid;
  if (uid === undefined) throw new Error('cannot tell which cluster this is: it has no namespace kube-system');
  const { gitVersion } = await client.version(signal);
  return { uid, kubernetes: gitVersion };
}
