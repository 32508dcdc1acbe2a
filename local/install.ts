/** Installs Atoll, in the standalone role, in a local cluster: the CRDs, the plain manifests, and Secrets and settings for its store. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { kinds } from '../src/api/kinds.ts';
import type { Cluster } from './cluster.ts';
import { established } from './established.ts';
import type { ObjectStorage } from './object-storage.ts';
import { checkout } from './paths.ts';

export const systemNamespace = 'atoll-system';
const storeSecret = 'atoll-store';

/** The images as they are tagged by the local builds. */
export const images = { atoll: 'localhost/atoll:dev', workload: 'localhost/atoll-ddm:dev' } as const;

export interface InstallOptions {
  cluster: Cluster;
  storage: ObjectStorage;
  bucket: string;
  /** Namespaces that will train: each gets the Secret of the store. */
  namespaces: readonly string[];
  /** Further settings, merged over the ones made here. */
  settings?: object;
}

/** Applies everything and waits until the operator is ready. Applying it again changes nothing but the keys of running attempts. */
export async function installAtoll(options: InstallOptions): Promise<void> {
  const { cluster, namespaces } = options;
  await applyCrds(cluster);
  for (const namespace of [systemNamespace, ...namespaces]) await prepareNamespace(options, namespace);
  await apply(cluster, [secret(systemNamespace, 'atoll-agent-key', { key: randomBytes(32).toString('hex') })]);
  const config = stringify({ ...settingsOf(options), ...options.settings });
  const objects = (await manifests()).map((object) =>
    object.kind === 'ConfigMap' ? { ...object, data: { 'config.yaml': config } } : object,
  );
  await apply(cluster, objects);
  await cluster.kubectl(['-n', systemNamespace, 'rollout', 'status', 'deployment/atoll', '--timeout=120s'], {
    timeoutMs: 130_000,
  });
}

/** Applies `crds/` and waits until every kind is served. */
export async function applyCrds(cluster: Pick<Cluster, 'kubectl'>): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', '-f', join(checkout, 'crds')]);
  const names = kinds.map((kind) => `${kind.plural}.${kind.group}`);
  await established(cluster, names);
}

/** The plain install as it is committed. */
async function manifests(): Promise<{ kind: string }[]> {
  const folder = join(checkout, 'manifests', 'standalone');
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  return files.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as { kind: string }));
}

/** A namespace that enforces the restricted Pod Security Standard, with the Secret of the store. */
async function prepareNamespace(options: InstallOptions, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await apply(options.cluster, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, credentials(options, name)]);
}

/** The settings of an operator whose only store is this one, by the address under which pods reach it. */
export function settingsOf({ cluster, storage, bucket }: Pick<InstallOptions, 'cluster' | 'storage' | 'bucket'>) {
  return {
    role: 'standalone',
    island: { name: 'local' },
    agentKeyFile: '/etc/atoll/agent-key/key',
    stores: [
      {
        name: 'default',
        endpoint: `http://${cluster.hostAddress}:${storage.port}`,
        region: storage.region,
        bucket,
        secretName: storeSecret,
        credentialsDir: '/etc/atoll/stores/default',
      },
    ],
    images,
    network: {
      stores: [{ cidr: `${cluster.hostAddress}/32`, ports: [storage.port] }],
      agentNamespace: systemNamespace,
      agentPodLabels: { 'app.kubernetes.io/name': 'atoll' },
    },
    progressInterval: '5s',
    pollInterval: '2s',
  };
}

function credentials({ storage }: InstallOptions, namespace: string): object {
  const { accessKeyId, secretAccessKey } = storage.credentials;
  return secret(namespace, storeSecret, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
}

function secret(namespace: string, name: string, stringData: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData };
}

async function apply(cluster: Cluster, objects: object[]): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], { input: objects.map((object) => stringify(object)).join('---\n') });
}
