/** The API server's own answers about users: TokenReview, SubjectAccessReview and SelfSubjectAccessReview, as they are on the wire. */
import type { KubeClient, KubeObject, ResourceType } from '../../kube/types.ts';
import type { AskedRight, Identity } from './caller.ts';

interface TokenReview extends KubeObject {
  spec: { token: string; audiences?: string[] };
  status?: {
    authenticated?: boolean;
    audiences?: string[];
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

interface ResourceAttributes {
  namespace?: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
}

interface AccessReview extends KubeObject {
  spec: {
    resourceAttributes: ResourceAttributes;
    user?: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
  };
  status?: { allowed?: boolean };
}

const authorization = { group: 'authorization.k8s.io', version: 'v1', namespaced: false };
const tokenReviews: ResourceType<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};
const subjectReviews: ResourceType<AccessReview> = {
  ...authorization,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
};
const selfReviews: ResourceType<AccessReview> = {
  ...authorization,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
};

interface OwnName extends KubeObject {
  spec?: object;
  status?: { userInfo?: { username?: string; groups?: string[] } };
}
const ownNames: ResourceType<OwnName> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
};

type Creator = Pick<KubeClient, 'create'>;
/** Reviews are answered and not stored: they have no name. */
const metadata = { name: '' };

/** Whose token it is; undefined when it is nobody's, or not meant for this audience. Without one, for the API server itself. */
export async function reviewToken(
  client: Creator,
  token: string,
  audience: string | undefined,
  signal: AbortSignal,
): Promise<Identity | undefined> {
  const spec = { token, ...(audience === undefined ? {} : { audiences: [audience] }) };
  const { status } = await client.create(tokenReviews, { metadata, spec }, { signal });
  if (!status?.authenticated || !status.user?.username) return undefined;
  // A server that knows nothing of audiences names none: then the token was not checked for ours.
  if (audience !== undefined && !status.audiences?.includes(audience)) return undefined;
  const { username: user, uid, groups = [], extra } = status.user;
  // Someone without a name is not signed in, whatever a cluster allows to everybody.
  if (user === 'system:anonymous') return undefined;
  return { user, groups, ...(uid === undefined || uid === '' ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function attributesOf({ verb, group, resource, subresource, namespace }: AskedRight): ResourceAttributes {
  return {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

export async function reviewAccess(
  client: Creator,
  { user, uid, groups, extra }: Identity,
  right: AskedRight,
  signal: AbortSignal,
): Promise<boolean> {
  const who = { user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
  const spec = { ...who, resourceAttributes: attributesOf(right) };
  const { status } = await client.create(subjectReviews, { metadata, spec }, { signal });
  return status?.allowed === true;
}

/** Whether the client's own user may. */
export async function reviewOwnAccess(client: Creator, right: AskedRight, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.create(
    selfReviews,
    { metadata, spec: { resourceAttributes: attributesOf(right) } },
    { signal },
  );
  return status?.allowed === true;
}

/** Who the client's own user is. */
export async function reviewOwnName(client: Creator, signal: AbortSignal): Promise<Identity> {
  const { status } = await client.create(ownNames, { metadata }, { signal });
  return { user: status?.userInfo?.username ?? 'you', groups: status?.userInfo?.groups ?? [] };
}
