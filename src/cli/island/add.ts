/** `atoll island add`: a ComputeIsland, its NATS credentials and its join token, and the one line that installs it. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type ComputeIsland, ComputeIslandKind, type ComputeIslandSpec } from '../../api/computeisland.ts';
import { parseDuration } from '../../api/duration.ts';
import { fieldManagers, islandAnnotations } from '../../api/labels.ts';
import { timestamp } from '../../clock.ts';
import { islandUser } from '../../link/identity.ts';
import { readKeyring, secretNames } from '../../link/keyring.ts';
import { type Cluster, patchObject, withCluster } from '../cluster.ts';
import { type HubConfig, natsServers, notInstalled, readHubConfig } from '../hub.ts';
import { revoke } from '../revoke.ts';
import { type Call, CommandFailure, CommandLineError, clusterHelp, clusterOptions, oneWord, type Verb } from '../verb.ts';
import { islandValues, writePrivate } from './values.ts';

const help = `Usage: atoll island add NAME [options]

Approves an island of this name, makes its NATS credentials and a join token that one cluster can use once, writes both into a
values file for the chart, and prints the line that installs it.

Options:
  --server URL        address of the NATS server for this island, tls://HOST:PORT; may be given more than once
                      (default: the hosts of the hub's release)
  --ttl TIME          how long the join token is good, such as 90m (default: 24h)
  --replace           the island exists and its cluster was rebuilt: its former credentials are revoked, and another cluster may join
  --out FILE          values file to write (default: NAME.atoll-island.yaml)
  --cost NUMBER       cost of one GPU for one hour; cheaper islands are filled first
  --label KEY=VALUE   label of the ComputeIsland, for placement.islands; may be given more than once
  --store-secret NAME Secret of each training namespace there with the stores' credentials (default: atoll-store)
${clusterHelp}

Examples:
  atoll island add west --label region=eu --cost 2.5
  atoll island add west --replace
`;

export const add: Verb = {
  summary: 'let a cluster join as an island',
  help,
  options: {
    ...clusterOptions,
    server: { type: 'string', multiple: true },
    ttl: { type: 'string' },
    replace: { type: 'boolean' },
    out: { type: 'string' },
    cost: { type: 'string' },
    label: { type: 'string', multiple: true },
    'store-secret': { type: 'string' },
  },
  run(call) {
    const wanted = readWanted(call);
    return withCluster(call, (cluster) => run(call, cluster, wanted));
  },
};

interface Wanted {
  name: string;
  ttlMs: number;
  replace: boolean;
  out: string;
  cost: string | undefined;
  labels: Record<string, string>;
}

/** What can be wrong with the command line alone is said before anything is asked. */
function readWanted(call: Call): Wanted {
  const name = oneWord(call, 'name of the island');
  if (name.length > 40 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw new CommandLineError(
      `"${name}" is no name of an island: at most 40 lower-case letters, digits and "-", such as paris-1`,
    );
  const cost = call.text('cost');
  if (cost !== undefined && !/^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(cost))
    throw new CommandLineError(`--cost "${cost}" is no number such as 2.5`);
  for (const server of call.texts('server'))
    if (!/^tls:\/\/[^\s/]+$/.test(server))
      throw new CommandLineError(`--server "${server}" is no address such as tls://nats.example.org:4222`);
  const labels = call.texts('label').map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new CommandLineError(`--label "${text}" is no KEY=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return {
    name,
    ttlMs: ttlOf(call.text('ttl') ?? '24h'),
    replace: call.on('replace'),
    out: call.text('out') ?? `${name}.atoll-island.yaml`,
    cost,
    labels: Object.fromEntries(labels),
  };
}

function ttlOf(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    throw new CommandLineError(`--ttl: ${(error as Error).message}`);
  }
  throw new CommandLineError('--ttl must be longer than nothing');
}

async function run(call: Call, cluster: Cluster, wanted: Wanted): Promise<number> {
  const { client, namespace } = cluster;
  const { name, replace, out } = wanted;
  const hub = await readHubConfig(cluster);
  const keyring = await readKeyring(client, namespace);
  if (!keyring) throw notInstalled(namespace, `there is no Secret ${secretNames.keys}, which atoll link init makes`);
  const present = await client.get(ComputeIslandKind, { name });
  if (present && !replace)
    throw new CommandFailure(
      `cannot add ${name}: an island of this name exists; for a rebuilt cluster repeat it with --replace, which revokes the credentials of the former one`,
    );
  if (present?.metadata.deletionTimestamp !== undefined)
    throw new CommandFailure(`cannot add ${name}: an island of this name is being deleted; repeat it when it is gone`);
  const servers = call.texts('server').length > 0 ? call.texts('server') : await natsServers(cluster);
  if (servers.length === 0)
    throw new CommandFailure(`cannot tell ${name} where the NATS server is: name it with --server tls://HOST:PORT`);

  const user = await islandUser(keyring.keys, hub.link.prefix, name);
  const joinToken = call.random.hex(32);
  const expiresAt = timestamp(call.clock.now() + wanted.ttlMs);
  const tokenDigest = `sha256:${createHash('sha256').update(joinToken).digest('hex')}`;
  const file = { island: name, hub, servers, credentials: user.credentials, ca: keyring.authority.certificate, joinToken };
  const text = islandValues({ ...file, storeSecret: call.text('store-secret') ?? 'atoll-store' });
  await writePrivate(out, text, replace);
  let told = true;
  try {
    const former = present?.metadata.annotations?.[islandAnnotations.linkUser];
    if (former !== undefined) told = await revoke(call, cluster, name, [former]);
    await store(cluster, present, wanted, user.key, { tokenDigest, expiresAt });
  } catch (error) {
    await rm(out, { force: true }); // what it says is good for nothing
    throw error;
  }
  call.io.out(nextSteps({ namespace, wanted, expiresAt, hub, storeSecret: call.text('store-secret') ?? 'atoll-store' }));
  return told ? 0 : 1;
}

async function store(
  cluster: Cluster,
  present: ComputeIsland | undefined,
  { name, cost, labels }: Wanted,
  user: string,
  join: NonNullable<ComputeIslandSpec['join']>,
): Promise<void> {
  const annotations = { [islandAnnotations.linkUser]: user };
  const spec = { join, ...(cost === undefined ? {} : { cost }) };
  if (present) {
    const { resourceVersion } = present.metadata;
    await patchObject(cluster, ComputeIslandKind, present, { metadata: { resourceVersion, annotations, labels }, spec });
    return;
  }
  const fresh = { metadata: { name, annotations, labels }, spec: { approved: true, cordoned: false, drain: false, ...spec } };
  await cluster.client.create(ComputeIslandKind, fresh, { fieldManager: fieldManagers.cli });
}

interface Said {
  namespace: string;
  wanted: Wanted;
  expiresAt: string;
  hub: HubConfig;
  storeSecret: string;
}

function nextSteps({ namespace, wanted: { name, replace, out }, expiresAt, hub, storeSecret }: Said): string {
  const stores = hub.stores.map((one) => one.name).join(', ');
  return `Island ${name} is ${replace ? 'ready for another cluster' : 'added'}: a cluster may join as it until ${expiresAt}.
Its credentials are in ${out}: keep the file from others, and for later upgrades.

On the island's cluster:

  helm install atoll charts/atoll --namespace ${namespace} --create-namespace --values ${out}

Then, in each namespace that trains, make the namespace and the Secret of the ${hub.stores.length === 1 ? 'store' : 'stores'} ${stores}:

  kubectl create namespace NAMESPACE
  kubectl --namespace NAMESPACE create secret generic ${storeSecret} --from-literal=AWS_ACCESS_KEY_ID=... --from-literal=AWS_SECRET_ACCESS_KEY=...

Here, see it join:

  atoll island ls
`;
}
