/** The Secrets of the link: what is in each, how it becomes keys, and how a revocation is stored so that no other one is lost. */
import { type Secret, secrets } from '../kube/core.ts';
import { isConflict } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Certified } from './certificates.ts';
import { type LinkKeys, signAccounts } from './identity.ts';
import { accountsConfig, accountsFile } from './serverconfig.ts';

/** Names of the Secrets, all in the namespace of the hub's release. */
export const secretNames = {
  /** Mounted by the NATS server: its configuration and certificate. */
  server: 'atoll-nats',
  /** Mounted by the hub: its credentials and the authority. */
  hub: 'atoll-hub-link',
  /** Mounted by nobody: read with the rights of an administrator. */
  keys: 'atoll-link-keys',
} as const;

/** Everything that only an administrator may read. */
export interface Keyring {
  keys: LinkKeys;
  authority: Certified;
  /** Public keys of the users that are refused for ever. */
  revoked: readonly string[];
}

/** Thrown when a Secret is there and does not hold what it must. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError';
}

export type Texts = Record<string, string>;

export function textsOf(secret: Secret): Texts {
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** `data` of a Secret. */
export function dataOf(texts: Texts): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

export function keyringTexts({ keys, authority, revoked }: Keyring): Texts {
  return {
    'operator.seed': keys.operator,
    'system.seed': keys.system,
    'account.seed': keys.account,
    'ca.crt': authority.certificate,
    'ca.key': authority.key,
    ...revokedText(revoked),
  };
}

const revokedKey = 'revoked.json';
const revokedText = (revoked: readonly string[]): Texts => ({ [revokedKey]: JSON.stringify(revoked) });

/** Throws `KeyringError` for a Secret that was changed by hand; no value is in its message. */
export function keyringOf(secret: Secret): Keyring {
  const texts = textsOf(secret);
  const need = (key: string): string => {
    const text = texts[key];
    if (!text) throw new KeyringError(`cannot use Secret ${secret.metadata.namespace}/${secret.metadata.name}: it has no ${key}`);
    return text;
  };
  let revoked: unknown;
  try {
    revoked = JSON.parse(texts[revokedKey] ?? '[]');
  } catch {
    revoked = undefined;
  }
  if (!Array.isArray(revoked) || !revoked.every((key) => typeof key === 'string'))
    throw new KeyringError(
      `cannot use Secret ${secret.metadata.namespace}/${secret.metadata.name}: ${revokedKey} is no list of public keys`,
    );
  return {
    keys: { operator: need('operator.seed'), system: need('system.seed'), account: need('account.seed') },
    authority: { certificate: need('ca.crt'), key: need('ca.key') },
    revoked,
  };
}

/** The keyring as it is stored; undefined when there is none. */
export async function readKeyring(client: KubeClient, namespace: string): Promise<Keyring | undefined> {
  const secret = await client.get(secrets, { namespace, name: secretNames.keys });
  return secret && keyringOf(secret);
}

const mostTries = 8;

/** Stores that these users are refused; resolves with the keyring that says so. Repeating it changes nothing. */
export async function storeRevoked(client: KubeClient, namespace: string, users: readonly string[]): Promise<Keyring> {
  const key = { namespace, name: secretNames.keys };
  const keyring = await retried(async () => {
    const secret = await client.get(secrets, key);
    if (!secret) throw new KeyringError(`cannot revoke: there is no Secret ${namespace}/${secretNames.keys}`);
    const present = keyringOf(secret);
    const revoked = [...new Set([...present.revoked, ...users])];
    if (revoked.length > present.revoked.length) {
      const { resourceVersion } = secret.metadata;
      const patch = { metadata: { resourceVersion }, data: dataOf(revokedText(revoked)) };
      await client.patch(secrets, key, patch, { contentType: 'merge' });
    }
    return { ...present, revoked };
  });
  await storeAccounts(client, namespace);
  return keyring;
}

/** Makes the server's Secret say what the keyring says; true when it had to be changed. */
export function storeAccounts(client: KubeClient, namespace: string): Promise<boolean> {
  const key = { namespace, name: secretNames.server };
  return retried(async () => {
    // In this order, and conditional: of two at once the second one reads what the first one revoked.
    const server = await client.get(secrets, key);
    const keyring = await readKeyring(client, namespace);
    if (!server || !keyring) return false; // a server of one's own, which its owner configures
    const before = textsOf(server)[accountsFile];
    const accounts = await signAccounts(keyring.keys, keyring.revoked);
    if (before !== undefined && sayTheSame(before, accountsConfig(accounts))) return false;
    const patch = {
      metadata: { resourceVersion: server.metadata.resourceVersion },
      data: dataOf({ [accountsFile]: accountsConfig(accounts) }),
    };
    await client.patch(secrets, key, patch, { contentType: 'merge' });
    return true;
  });
}

/** Whether two configurations trust the same, apart from when each was signed. */
function sayTheSame(a: string, b: string): boolean {
  const claims = (text: string) =>
    [...text.matchAll(/\S+\.(\S+)\.\S+/g)].map(([, body = '']) => {
      const { iat: _, jti: __, ...rest } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
      return rest;
    });
  try {
    return JSON.stringify(claims(a)) === JSON.stringify(claims(b));
  } catch {
    return false;
  }
}

async function retried<T>(change: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await change();
    } catch (error) {
      if (!isConflict(error) || tries === mostTries) throw error;
    }
  }
}
