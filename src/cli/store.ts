/** The bucket of a run, opened with the user's own credentials. */
import { type Secret, secrets } from '../kube/core.ts';
import { createObjectStore } from '../store/client.ts';
import type { Credentials, ObjectStore } from '../store/object-store.ts';
import type { Scope } from './cluster.ts';
import { findHubConfig } from './hub.ts';
import { ifAllowed } from './release.ts';
import { type Call, CommandFailure, type Options } from './verb.ts';

export const storeOptions = {
  endpoint: { type: 'string' },
  bucket: { type: 'string' },
  region: { type: 'string' },
  secret: { type: 'string' },
} satisfies Options;

export const storeHelp = `  --endpoint URL      address of the store as it is reached from here (default: that of the hub's settings)
  --bucket NAME       bucket (default: that of the hub's settings)
  --region NAME       region (default: that of the hub's settings, or us-east-1)
  --secret NAME       Secret of the run's namespace with credentials (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the
                      environment, or the Secret atoll-store)`;

/** The store of this name, as the hub's settings describe it and the flags change it. */
export async function openStore(call: Call, scope: Scope, name: string): Promise<ObjectStore> {
  const [config, credentials] = await Promise.all([storeConfig(call, scope, name), findCredentials(call, scope)]);
  return createObjectStore(config, credentials, { clock: call.clock });
}

async function storeConfig(call: Call, scope: Scope, name: string) {
  const { found, why } = await findHubConfig(scope.hub);
  const known = found?.stores.find((store) => store.name === name);
  const bucket = call.text('bucket') ?? known?.bucket;
  if (bucket === undefined) {
    const because = found ? `the hub's settings name only ${found.stores.map((store) => store.name).join(', ')}` : why;
    throw new CommandFailure(`cannot find store ${name}: ${because}; say where it is with --bucket, --endpoint and --region`);
  }
  const endpoint = call.text('endpoint') ?? known?.endpoint;
  return {
    name,
    bucket,
    region: call.text('region') ?? known?.region ?? 'us-east-1',
    pathStyle: known?.pathStyle ?? endpoint !== undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

const standardSecret = 'atoll-store';

async function findCredentials(call: Call, { client, namespace }: Scope): Promise<Credentials> {
  const asked = call.text('secret');
  const own = asked === undefined ? credentialsOf(call.env) : undefined;
  if (own) return own;
  const name = asked ?? standardSecret;
  const { found, why } = await ifAllowed(`Secret ${namespace}/${name}`, () => client.get(secrets, { namespace, name }));
  const credentials = found && credentialsOf(textsOf(found));
  if (credentials) return credentials;
  throw new CommandFailure(
    `cannot open the store: ${why ?? `Secret ${namespace}/${name} lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY`}; set both in the environment, or name a Secret that you may read with --secret`,
  );
}

function textsOf({ data = {} }: Secret): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString().trim()]));
}

function credentialsOf(from: Readonly<Record<string, string | undefined>>): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = from;
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } : undefined;
}
