/** Users of a cluster: known by TokenReview, allowed by SubjectAccessReview, acting with their own token. Answers are kept for seconds. */
import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../clock.ts';
import { type AccessOptions, createAccess } from '../../kube/auth.ts';
import { createKubeClient, type RealKubeClient } from '../../kube/client.ts';
import { messageOf } from '../../kube/errors.ts';
import type { KubeClient, Log } from '../../kube/types.ts';
import type { Caller, Gatekeeper } from './caller.ts';
import { RequestProblem } from './problem.ts';
import { remember } from './remembered.ts';
import { reviewAccess, reviewToken } from './reviews.ts';

export interface GatekeeperOptions {
  /** The operator's own client: it may create reviews. */
  client: Pick<KubeClient, 'create'>;
  /** Where the API server is; none of its credentials is ever used for a user. */
  access: AccessOptions;
  /** Audience that tokens must have; absent: that of the API server. */
  audience?: string | undefined;
  clock: Clock;
  random: Random;
  log: Log;
  version: string;
}

/** How long a right that was taken away, or a token that was revoked, may still be honoured. */
const keepMs = 5_000;

export const digestOfToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

export function createGatekeeper(options: GatekeeperOptions): Gatekeeper {
  const { client, audience, clock, log } = options;
  const identities = remember<Awaited<ReturnType<Gatekeeper['whoIs']>>>(clock, keepMs, 1024);
  const rights = remember<boolean>(clock, keepMs, 16_384);

  const asked = async <T>(what: string, review: Promise<T>): Promise<T> => {
    try {
      return await review;
    } catch (error) {
      log.warn({ error: messageOf(error) }, `cannot find out ${what}`);
      throw new RequestProblem('Unavailable', `cannot find out ${what} now: the API server does not answer; try again`);
    }
  };

  const whoIs: Gatekeeper['whoIs'] = (token, signal) =>
    asked(
      'who you are',
      identities.get(digestOfToken(token), () => reviewToken(client, token, audience, signal)),
    );
  return {
    whoIs,
    may(identity, right, signal) {
      const key = JSON.stringify([identity, right]);
      return asked(
        'what you may do',
        rights.get(key, () => reviewAccess(client, identity, right, signal)),
      );
    },
    async clientOf(caller) {
      const user = await createUserClient(options, caller);
      return { client: user, done: () => user.close() };
    },
    async signIn(token, signal) {
      return (await whoIs(token, signal)) === undefined ? undefined : token;
    },
  };
}

/** The operator's address and trust of the API server, and the user's token: no key or header of the operator goes along. */
async function createUserClient(
  { access, clock, random, log, version }: GatekeeperOptions,
  { token }: Caller,
): Promise<RealKubeClient> {
  const own = createAccess(access, clock);
  const { ca, servername, rejectUnauthorized } = (await own.credentials()).tls;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  const direct = { server: own.server, headers: { authorization: `Bearer ${token}` }, tls };
  // What a person waits for is not repeated for long.
  return createKubeClient({ direct, clock, random, log, userAgent: `atoll-dashboard/${version}`, timeoutMs: 15_000, retries: 1 });
}
