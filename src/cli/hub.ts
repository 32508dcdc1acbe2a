/** What the hub's release says about itself: its stores and images, and where islands reach its NATS server. */
import { parse } from 'yaml';
import { z } from 'zod';
import { configMaps, secrets, services } from '../kube/core.ts';
import { namesOfCertificate } from '../link/certificates.ts';
import { secretNames, textsOf } from '../link/keyring.ts';
import type { Cluster } from './cluster.ts';
import { type Found, ifAllowed } from './release.ts';
import { CommandFailure } from './verb.ts';

/** What is read of the hub's settings; it may be of another version than this program. */
const settings = z.looseObject({
  role: z.string(),
  images: z.looseObject({ atoll: z.string(), workload: z.string() }),
  stores: z.array(
    z.looseObject({
      name: z.string(),
      endpoint: z.string().optional(),
      region: z.string().optional(),
      bucket: z.string(),
      pathStyle: z.boolean().optional(),
    }),
  ),
  link: z.looseObject({ prefix: z.string().default('atoll') }).prefault({}),
  quotas: z.record(z.string(), z.looseObject({ gpus: z.number() })).optional(),
});

export type HubConfig = z.infer<typeof settings>;

/** The settings of the hub that is installed in the namespace. */
export async function readHubConfig(cluster: Cluster): Promise<HubConfig> {
  const { namespace } = cluster;
  const text = await readConfigText(cluster);
  if (text === undefined) throw notInstalled(namespace, 'there is no ConfigMap atoll with config.yaml');
  const config = parseConfig(namespace, text);
  if (config.role !== 'hub') throw notInstalled(namespace, `the role of the release there is ${config.role}`);
  return config;
}

/** The settings of whoever decides here, a hub or standalone, or why they cannot be said to this user. */
export async function findHubConfig(cluster: Cluster): Promise<Found<HubConfig>> {
  const { namespace } = cluster;
  const { found, why } = await ifAllowed(`ConfigMap ${namespace}/atoll`, () => readConfigText(cluster));
  return found === undefined ? { why } : { found: parseConfig(namespace, found) };
}

async function readConfigText({ client, namespace }: Cluster): Promise<string | undefined> {
  return (await client.get(configMaps, { namespace, name: 'atoll' }))?.data?.['config.yaml'];
}

function parseConfig(namespace: string, text: string): HubConfig {
  const config = settings.safeParse(parse(text));
  if (config.success) return config.data;
  const [issue] = config.error.issues;
  throw new CommandFailure(
    `cannot read config.yaml of ConfigMap ${namespace}/atoll: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

export function notInstalled(namespace: string, why: string): CommandFailure {
  return new CommandFailure(
    `cannot find the hub in the namespace ${namespace}: ${why}; name its namespace with --namespace, or install it with helm install atoll charts/atoll --set role=hub`,
  );
}

/** The addresses that the NATS server's certificate and Service stand for; none when the server is not the chart's. */
export async function natsServers({ client, namespace }: Cluster): Promise<string[]> {
  const key = { namespace, name: secretNames.server };
  const [secret, service] = await Promise.all([client.get(secrets, key), client.get(services, key)]);
  const certificate = secret && textsOf(secret)['tls.crt'];
  const port = service?.spec.ports?.find(({ name }) => name === 'nats') ?? service?.spec.ports?.[0];
  if (!certificate || !port) return [];
  const own = new Set(['localhost', key.name]);
  const names = namesOfCertificate(certificate).filter((name) => !own.has(name) && !name.startsWith(`${key.name}.${namespace}`));
  const number = service?.spec.type === 'NodePort' ? (port.nodePort ?? port.port) : port.port;
  return names
    .filter((name) => !name.startsWith('*'))
    .map((name) => `tls://${name.includes(':') ? `[${name}]` : name}:${number}`);
}
