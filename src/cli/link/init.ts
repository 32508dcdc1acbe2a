/** `atoll link init`: makes the keys, the certificates and the configuration of the link; what is there and good is kept. */
import { isIP } from 'node:net';
import { type Secret, secrets } from '../../kube/core.ts';
import { ApiError } from '../../kube/errors.ts';
import { createAuthority, createServerCertificate, endOf, plainName, renewalReason } from '../../link/certificates.ts';
import { createLinkKeys, hubUser, signAccounts } from '../../link/identity.ts';
import {
  dataOf,
  type Keyring,
  keyringOf,
  keyringTexts,
  secretNames,
  storeAccounts,
  type Texts,
  textsOf,
} from '../../link/keyring.ts';
import { accountsConfig, accountsFile, serverConfig, serverFile } from '../../link/serverconfig.ts';
import { type Cluster, withCluster } from '../cluster.ts';
import { type Call, CommandFailure, CommandLineError, clusterHelp, clusterOptions, type Verb } from '../verb.ts';

const help = `Usage: atoll link init --host NAME [--host NAME ...] [options]

Makes what hub and islands need to meet, as three Secrets in the namespace of the hub's release:
  ${secretNames.server}       configuration and certificate of the NATS server
  ${secretNames.hub}   the hub's credentials
  ${secretNames.keys}  the keys that everything is signed with; nothing mounts it
Keys that exist stay. The server's certificate is made anew when the hosts changed or when it ends within 30 days; the NATS server
reads it when it is started again. The chart runs this before each install and upgrade.

Options:
  --host NAME         name or address under which islands reach the NATS server; may be given more than once
  --prefix WORD       start of every subject, link.prefix of the chart (default: atoll)
  --config-dir DIR    where the NATS server finds its Secret mounted (default: /etc/nats)
${clusterHelp}

Examples:
  atoll link init --host nats.example.org
`;

export const init: Verb = {
  summary: 'make the keys, certificates and configuration of the link',
  help,
  options: {
    ...clusterOptions,
    host: { type: 'string', multiple: true },
    prefix: { type: 'string' },
    'config-dir': { type: 'string' },
  },
  run(call) {
    const hosts = readHosts(call);
    return withCluster(call, (cluster) => run(call, cluster, hosts));
  },
};

async function run(call: Call, cluster: Cluster, hosts: readonly string[]): Promise<number> {
  const prefix = call.text('prefix') ?? 'atoll';
  const folder = call.text('config-dir') ?? '/etc/nats';
  const names = serverNames(hosts, cluster.namespace);
  const keyring = await ensureKeys(call, cluster);
  await ensureHub(call, cluster, keyring, prefix);
  await ensureServer(call, cluster, keyring, names, folder);
  const left = endOf(keyring.authority.certificate) - call.clock.now();
  if (left < 365 * 86_400_000)
    call.io.err(
      `atoll: the certificate authority of the link ends in ${Math.floor(left / 86_400_000)} days; islands must be added again with a new one\n`,
    );
  return 0;
}

function readHosts(call: Call): readonly string[] {
  const hosts = call.texts('host');
  if (hosts.length === 0) throw new CommandLineError('--host is missing: islands check the name of the server that they reach');
  const name = /^(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i;
  for (const host of hosts)
    if (isIP(host) === 0 && !name.test(host))
      throw new CommandLineError(`--host "${host}" is neither a DNS name nor an address: give it without tls:// and port`);
  return hosts;
}

/** What islands were told, and the names that the hub itself uses. */
function serverNames(hosts: readonly string[], namespace: string): string[] {
  const service = `${secretNames.server}.${namespace}`;
  const own = [secretNames.server, service, `${service}.svc`, `${service}.svc.cluster.local`, 'localhost'];
  return [...new Set([...hosts, ...own].map(plainName))];
}

async function ensureKeys(call: Call, cluster: Cluster): Promise<Keyring> {
  const present = await read(cluster, secretNames.keys);
  if (present) {
    call.io.out(`Secret ${secretNames.keys}: kept\n`);
    return keyringOf(present);
  }
  const authority = createAuthority({ now: call.clock.now(), random: call.random });
  const keyring: Keyring = { keys: createLinkKeys(), authority, revoked: [] };
  const stored = await create(cluster, secretNames.keys, keyringTexts(keyring));
  call.io.out(`Secret ${secretNames.keys}: made\n`);
  return keyringOf(stored);
}

async function ensureHub(call: Call, cluster: Cluster, keyring: Keyring, prefix: string): Promise<void> {
  const name = secretNames.hub;
  const present = await read(cluster, name);
  const before: Texts = present ? textsOf(present) : {};
  const { credentials } = await hubUser(keyring.keys, prefix, before['hub.creds']);
  await store(call, cluster, name, present, { 'hub.creds': credentials, 'ca.crt': keyring.authority.certificate });
}

async function ensureServer(call: Call, cluster: Cluster, keyring: Keyring, names: string[], folder: string): Promise<void> {
  const name = secretNames.server;
  const now = call.clock.now();
  const present = await read(cluster, name);
  const before: Texts = present ? textsOf(present) : {};
  let certified = { certificate: before['tls.crt'] ?? '', key: before['tls.key'] ?? '' };
  const reason = renewalReason(certified, keyring.authority, names, now);
  if (reason !== undefined) {
    certified = createServerCertificate(keyring.authority, names, { now, random: call.random });
    if (present) call.io.out(`The certificate of the NATS server is made anew: ${reason}\n`);
  }
  await store(call, cluster, name, present, {
    [serverFile]: serverConfig({ folder }),
    'tls.crt': certified.certificate,
    'tls.key': certified.key,
    'ca.crt': keyring.authority.certificate,
    [accountsFile]: before[accountsFile] ?? accountsConfig(await signAccounts(keyring.keys, keyring.revoked)),
  });
  if (await storeAccounts(cluster.client, cluster.namespace)) call.io.out(`Secret ${name}: its accounts are signed anew\n`);
}

async function store(call: Call, cluster: Cluster, name: string, present: Secret | undefined, texts: Texts): Promise<void> {
  const say = (what: string) => call.io.out(`Secret ${name}: ${what}\n`);
  if (!present) {
    await create(cluster, name, texts);
    return say('made');
  }
  const before = textsOf(present);
  const changed = Object.fromEntries(Object.entries(texts).filter(([key, text]) => before[key] !== text));
  if (Object.keys(changed).length === 0) return say('kept');
  const { namespace } = cluster;
  const { resourceVersion } = present.metadata;
  const patch = { metadata: { resourceVersion }, data: dataOf(changed) };
  await cluster.client.patch(secrets, { namespace, name }, patch, { contentType: 'merge' });
  say(`changed ${Object.keys(changed).join(', ')}`);
}

function read({ client, namespace }: Cluster, name: string): Promise<Secret | undefined> {
  return client.get(secrets, { namespace, name });
}

async function create({ client, namespace }: Cluster, name: string, texts: Texts): Promise<Secret> {
  // Not part of the release: an uninstall must not take the keys along, or no island could come back.
  const labels = { 'app.kubernetes.io/part-of': 'atoll', 'app.kubernetes.io/managed-by': 'atoll' };
  try {
    return await client.create(secrets, { metadata: { namespace, name, labels }, type: 'Opaque', data: dataOf(texts) });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
    throw new CommandFailure(`cannot make Secret ${namespace}/${name}: somebody else made it in this moment; run it again`);
  }
}
