/** The identities of the link: keys, and the JWTs that say which subjects hub and islands may use. */
import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  fromSeed,
  type KeyPair,
  parseCreds,
  type User,
} from '@nats-io/jwt';
import { islandPermissions } from './subjects.ts';

/** Seeds that everything else is signed with. Whoever has them can speak as the hub and as any island. */
export interface LinkKeys {
  operator: string;
  /** Of the account that serves the NATS server itself; used to tell a running server of revocations. */
  system: string;
  /** Of the account in which hub and islands meet. */
  account: string;
}

/** What a NATS server is told: signed, and nothing in it is secret. */
export interface Accounts {
  operator: string;
  system: { id: string; jwt: string };
  account: { id: string; jwt: string };
}

/** One user: its public key, by which it can be revoked, and the text of its credentials file. */
export interface LinkUser {
  key: string;
  credentials: string;
}

type Permissions = Pick<User, 'pub' | 'sub' | 'resp'>;

const seedOf = (pair: KeyPair) => new TextDecoder().decode(pair.getSeed());
const pairOf = (seed: string) => fromSeed(new TextEncoder().encode(seed));

const unlimited = -1;
/** Larger than any time at which a JWT can be issued: a revoked key never comes back, whatever any clock said. */
const forever = Number.MAX_SAFE_INTEGER;

export function createLinkKeys(): LinkKeys {
  return { operator: seedOf(createOperator()), system: seedOf(createAccount()), account: seedOf(createAccount()) };
}

/** Signs the accounts anew; the users in `revoked`, by their public keys, are refused and disconnected. */
export async function signAccounts(keys: LinkKeys, revoked: readonly string[]): Promise<Accounts> {
  const operator = pairOf(keys.operator);
  const system = pairOf(keys.system);
  const account = pairOf(keys.account);
  // Without explicit limits every one of them is zero. Neither leaf nodes nor bearer tokens are of use here.
  const limits = { subs: unlimited, data: unlimited, payload: unlimited, imports: 0, exports: unlimited, conn: unlimited };
  const shared = { ...limits, leaf: 0, wildcards: true, disallow_bearer: true };
  const revocations = Object.fromEntries(revoked.map((key) => [key, forever]));
  return {
    operator: await encodeOperator('atoll', operator, { system_account: system.getPublicKey() }),
    system: { id: system.getPublicKey(), jwt: await encodeAccount('system', system, { limits: shared }, { signer: operator }) },
    account: {
      id: account.getPublicKey(),
      jwt: await encodeAccount('atoll', account, { limits: shared, revocations }, { signer: operator }),
    },
  };
}

/**
 * The hub hears every island, and tells them to sync. To requests it may answer once each, to the inbox they name: NATS cannot
 * say "any inbox of an island" as a subject, and this way the hub can speak to nobody who did not ask.
 */
function hubPermissions(prefix: string): Permissions {
  return {
    pub: { allow: [`${prefix}.island.>`] },
    sub: { allow: [`${prefix}.hub.>`] },
    resp: { max: 1, ttl: 60_000_000_000 },
  };
}

/** The credentials of the hub. Those it has are kept while they say what is wanted, so that nothing changes needlessly. */
export async function hubUser(keys: LinkKeys, prefix: string, present?: string): Promise<LinkUser> {
  const account = pairOf(keys.account);
  const permissions = hubPermissions(prefix);
  const known = present === undefined ? undefined : await parseCreds(new TextEncoder().encode(present)).catch(() => undefined);
  if (known === undefined || known.aid !== account.getPublicKey()) return mint('hub', createUser(), account, permissions);
  const { pub, sub, resp } = known.uc.nats;
  const same = JSON.stringify({ pub, sub, resp }) === JSON.stringify(permissions);
  return same && present !== undefined
    ? { key: known.uc.sub, credentials: present }
    : mint('hub', pairOf(known.key), account, permissions);
}

/** New credentials for an island; former ones stay good until they are revoked. */
export function islandUser(keys: LinkKeys, prefix: string, island: string): Promise<LinkUser> {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(island))
    throw new Error(`cannot mint credentials: "${island}" is no island's name`);
  const { publish, subscribe } = islandPermissions(prefix, island);
  return mint(island, createUser(), pairOf(keys.account), { pub: { allow: publish }, sub: { allow: subscribe } });
}

/** Two users that live for an hour: one that may speak to the server as its operator, and one that only makes the account known. */
export async function operatorUsers(keys: LinkKeys, now: number): Promise<{ system: LinkUser; witness: LinkUser }> {
  const exp = Math.floor(now / 1000) + 3600;
  const nothing = { pub: { deny: ['>'] }, sub: { deny: ['>'] } };
  return {
    system: await mint('administrator', createUser(), pairOf(keys.system), {}, exp),
    witness: await mint('administrator', createUser(), pairOf(keys.account), nothing, exp),
  };
}

async function mint(name: string, user: KeyPair, account: KeyPair, permissions: Permissions, exp?: number): Promise<LinkUser> {
  const jwt = await encodeUser(name, user, account, permissions, exp === undefined ? {} : { exp });
  return { key: user.getPublicKey(), credentials: new TextDecoder().decode(fmtCreds(jwt, user)) };
}
