/** Takes an island's credentials back: for ever in the Secrets, and at once at the running NATS server. */
import { timestamp } from '../clock.ts';
import { deployments } from '../kube/core.ts';
import { ApiError, messageOf } from '../kube/errors.ts';
import { type Keyring, secretNames, storeRevoked } from '../link/keyring.ts';
import { pushRevocations } from '../link/revocation.ts';
import type { Cluster } from './cluster.ts';
import { natsServers } from './hub.ts';
import type { Call } from './verb.ts';

const stepMs = 5_000;

/** False when the server still takes the credentials until somebody restarts it; that is said. */
export async function revoke(call: Call, cluster: Cluster, island: string, users: readonly string[]): Promise<boolean> {
  const keyring = await storeRevoked(cluster.client, cluster.namespace, users);
  const given = call.texts('server');
  const servers = given.length > 0 ? given : await natsServers(cluster);
  const unreached = await push(call, keyring, servers);
  if (unreached === undefined) {
    call.io.out(`The credentials of ${island} are revoked; its connections are closed.\n`);
    return true;
  }
  const restarted = await restart(call, cluster).catch((error: unknown) => {
    if (error instanceof ApiError && error.isForbidden) return false;
    throw error;
  });
  if (restarted) {
    call.io.out(
      `The credentials of ${island} are revoked. The NATS server is restarted, since it cannot be told from here (${unreached}); the other islands are back within seconds.\n`,
    );
    return true;
  }
  call.io.err(
    `atoll: the credentials of ${island} are revoked in the Secrets, and the running NATS server does not know yet: ${unreached}. Restart it, or repeat this with --server\n`,
  );
  return false;
}

/** Why the server could not be told; undefined when it was. */
async function push(call: Call, { keys, revoked, authority }: Keyring, servers: readonly string[]): Promise<string | undefined> {
  if (servers.length === 0) return 'its address is not known';
  const target = { servers, ca: authority.certificate, timeoutMs: stepMs };
  try {
    await pushRevocations(keys, revoked, target, call.clock.now());
    return undefined;
  } catch (error) {
    return `${servers.join(', ')}: ${messageOf(error)}`;
  }
}

/** A new pod mounts the Secret as it is now. The server stores nothing, so nothing is lost. */
async function restart(call: Call, { client, namespace }: Cluster): Promise<boolean> {
  const key = { namespace, name: secretNames.server };
  const found = await client.get(deployments, key);
  if (!found) return false;
  const annotations = { 'atoll.dev/restarted-at': timestamp(call.clock.now()) };
  const patch = { metadata: { uid: found.metadata.uid }, spec: { template: { metadata: { annotations } } } };
  await client.patch(deployments, key, patch, { contentType: 'merge' });
  return true;
}
