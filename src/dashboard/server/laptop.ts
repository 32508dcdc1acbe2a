/** The one user of a dashboard on their own machine: known by a word that is printed once, allowed what their kubeconfig is. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '../../clock.ts';
import type { Gatekeeper, Identity, UserClient } from './caller.ts';
import { remember } from './remembered.ts';
import { reviewOwnAccess, reviewOwnName } from './reviews.ts';

export interface Laptop {
  gatekeeper: Gatekeeper;
  /** Signs in once; afterwards it means nobody. */
  oneTimeToken: string;
}

const keepMs = 10_000;

const same = (a: string, b: string) => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

export function createLaptop(options: { client: UserClient; clock: Clock; random: Random; signal: AbortSignal }): Laptop {
  const { client, clock, random, signal } = options;
  const [oneTimeToken, session] = [random.hex(24), random.hex(32)];
  const rights = remember<boolean>(clock, keepMs, 4096);
  const name = remember<Identity>(clock, 600_000, 1);
  let used = false;
  return {
    oneTimeToken,
    gatekeeper: {
      whoIs: async (token) => (same(token, session) ? await name.get('', () => reviewOwnName(client, signal)) : undefined),
      may: (_, right) => rights.get(JSON.stringify(right), () => reviewOwnAccess(client, right, signal)),
      clientOf: () => Promise.resolve({ client, done: async () => undefined }),
      async signIn(token) {
        if (used || !same(token, oneTimeToken)) return undefined;
        used = true;
        return session;
      },
    },
  };
}
