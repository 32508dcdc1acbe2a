/** Values of the chart atoll for local clusters, and the objects that must be there before it is installed. */
import type { Cluster } from './cluster.ts';
import { systemNamespace } from './install.ts';
import type { ObjectStorage } from './object-storage.ts';

const storeSecret = 'atoll-store';
/** Port of NATS on the hub's machine. */
const natsPort = 30_422;

export interface Store {
  storage: ObjectStorage;
  bucket: string;
}

/** What hub and islands have in common: the images built here, the store by the address under which pods reach it, quick reports. */
function common({ storage, bucket }: Store, hostAddress: string): object {
  return {
    image: { repository: 'localhost/atoll', tag: 'dev' },
    workloadImage: { repository: 'localhost/atoll-ddm', tag: 'dev' },
    stores: [
      {
        name: 'default',
        endpoint: `http://${hostAddress}:${storage.port}`,
        region: storage.region,
        bucket,
        secretName: storeSecret,
        readOnlySecretName: storeSecret,
      },
    ],
    progressInterval: '5s',
  };
}

/** A hub whose NATS islands reach at the address of its machine. */
export function hubValues(cluster: Cluster, store: Store): object {
  return {
    ...common(store, cluster.hostAddress),
    role: 'hub',
    nats: {
      image: { repository: 'localhost/nats', tag: 'dev' },
      hosts: [cluster.machine.address],
      service: { type: 'NodePort', nodePort: natsPort },
    },
  };
}

/** One cluster that is hub and island. */
export function standaloneValues(cluster: Cluster, store: Store): object {
  return { ...islandValues(cluster, store), role: 'standalone' };
}

/** What an island is told beside what `atoll island add` wrote for it. */
export function islandValues(cluster: Cluster, store: Store): object {
  return {
    ...common(store, cluster.hostAddress),
    network: {
      stores: [{ cidr: `${cluster.hostAddress}/32`, ports: [store.storage.port] }],
      dnsCidrs: [`${cluster.machine.address}/32`],
    },
    pollInterval: '2s',
  };
}

/** Namespaces that enforce the restricted Pod Security Standard, each with the Secret of the store; the system's is among them. */
export function namespaces(names: readonly string[], { storage }: Store): object[] {
  const { accessKeyId, secretAccessKey } = storage.credentials;
  const stringData = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return [systemNamespace, ...names].flatMap((name) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: name, name: storeSecret }, stringData },
  ]);
}
