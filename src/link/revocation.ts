/** Tells a running NATS server of revoked users: those who are connected are disconnected at once. */
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { type LinkKeys, operatorUsers, signAccounts } from './identity.ts';

export interface RevocationTarget {
  servers: readonly string[];
  /** PEM of the servers' authority. */
  ca: string;
  /** Milliseconds for each step. */
  timeoutMs: number;
}

/**
 * Makes the server refuse the users in `revoked`, until it is started again; it then reads its configuration, which has to say the
 * same. Throws when the server cannot be reached or does not take it.
 */
export async function pushRevocations(
  keys: LinkKeys,
  revoked: readonly string[],
  { servers, ca, timeoutMs }: RevocationTarget,
  now: number,
): Promise<void> {
  const { account } = await signAccounts(keys, revoked);
  const { system, witness } = await operatorUsers(keys, now);
  const open = (credentials: string): Promise<NatsConnection> =>
    connect({
      servers: [...servers],
      name: 'atoll administrator',
      authenticator: credsAuthenticator(new TextEncoder().encode(credentials)),
      tls: { ca },
      timeout: timeoutMs,
      reconnect: false,
      noAsyncTraces: true,
    });
  // A server that nobody of the account has reached yet would skip the update, and later read the account from its configuration.
  const present = await open(witness.credentials);
  try {
    const connection = await open(system.credentials);
    try {
      const subject = `$SYS.REQ.ACCOUNT.${account.id}.CLAIMS.UPDATE`;
      const answer = await connection.request(subject, account.jwt, { timeout: timeoutMs });
      const { data, error } = answer.json<{ data?: { message?: string }; error?: { description?: string } }>();
      if (data?.message !== 'jwt updated')
        throw new Error(`the NATS server says: ${error?.description ?? data?.message ?? 'nothing'}`);
    } finally {
      await connection.close();
    }
  } finally {
    await present.close();
  }
}
