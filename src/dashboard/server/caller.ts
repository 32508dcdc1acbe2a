/** Who asks, what they may do, and with what they act: the words between the server and whatever knows users. */
import type { KubeClient, PodLogs } from '../../kube/types.ts';
import type { Right } from '../view/routes.ts';

/** A user as the API server knows them. */
export interface Identity {
  user: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export interface Caller {
  identity: Identity;
  /** Stable for this user, for limits and caches; never shown. */
  id: string;
  token: string;
  /** Whether the token came as a cookie, which a browser sends by itself. */
  byCookie: boolean;
}

export type UserClient = KubeClient & PodLogs;

export type AskedRight = Omit<Right, 'in'> & { namespace?: string };

/** Knows users: by the API server's reviews in a cluster, by the user's own kubeconfig on a laptop. */
export interface Gatekeeper {
  /** Undefined for a token that means nobody. Throws `RequestProblem` `Unavailable` when nobody can say now. */
  whoIs(token: string, signal: AbortSignal): Promise<Identity | undefined>;
  /** Whether this user may; without `namespace`, over the whole cluster. Fails closed: throws when nobody can say. */
  may(identity: Identity, right: AskedRight, signal: AbortSignal): Promise<boolean>;
  /** A client that acts as this user, with nothing but their own token; to be given back with `done`. */
  clientOf(caller: Caller): Promise<{ client: UserClient; done: () => Promise<void> }>;
  /** What a user signs in with becomes the session's token: the same in a cluster, another one for a one-time token. */
  signIn(token: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Runs `use` as this user. */
export async function asUser<R>(gatekeeper: Gatekeeper, caller: Caller, use: (client: UserClient) => Promise<R>): Promise<R> {
  const { client, done } = await gatekeeper.clientOf(caller);
  try {
    return await use(client);
  } finally {
    await done();
  }
}
