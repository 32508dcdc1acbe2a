/** What the user may do, as the API server answers it. */
import type { RealKubeClient } from '../kube/client.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';

export interface Right {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  /** Absent: over the whole cluster. */
  namespace?: string;
  name?: string;
}

interface Review extends KubeObject {
  spec: { resourceAttributes: Right };
  status?: { allowed?: boolean; reason?: string };
}

const reviews: ResourceType<Review> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

export async function isAllowed(client: RealKubeClient, right: Right, signal: AbortSignal): Promise<boolean> {
  const review = { metadata: { name: '' }, spec: { resourceAttributes: right } };
  return (await client.create(reviews, review, { signal })).status?.allowed === true;
}
