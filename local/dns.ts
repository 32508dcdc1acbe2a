/** Names for pods: CoreDNS on the first machine of a cluster, at the machine's own address. */

import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApiServer } from './apiserver.ts';
import { type Component, untilReady } from './component.ts';
import type { Machine } from './machine.ts';
import type { CertificateAuthority } from './pki.ts';

export const clusterDomain = 'cluster.local';
const user = 'system:coredns';
const readyPort = 8181;

/** A name outside the cluster does not exist, said at once: machines have no way to the internet. */
const corefile = `.:53 {
    errors
    ready :${readyPort}
    kubernetes ${clusterDomain} in-addr.arpa {
        kubeconfig coredns.kubeconfig
    }
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`;

/** What CoreDNS reads, and nothing else. */
const rights = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: user },
    rules: [
      { apiGroups: [''], resources: ['services', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  },
];

/** The server, not started yet, with its configuration and credentials. */
export async function createDns(machine: Machine, pki: CertificateAuthority, url: string, program: string): Promise<Component> {
  const { dir } = machine.spec;
  await pki.issue({ name: 'coredns', commonName: user, organization: 'atoll' });
  await pki.kubeconfig('coredns', url, join(dir, 'coredns.kubeconfig'));
  await writeFile(join(dir, 'Corefile'), corefile);
  return machine.component('coredns', program, ['-conf', 'Corefile']);
}

/** Gives the server its rights, starts it and waits until it has read the cluster's services. */
export async function startDns(dns: Component, machine: Machine, api: ApiServer, signal?: AbortSignal): Promise<void> {
  const input = rights.map((object) => stringify(object)).join('---\n');
  await api.kubectl(['apply', '--server-side', '-f', '-'], { input, ...(signal ? { signal } : {}) });
  dns.start();
  await untilReady(dns, () => answers(machine.address), 60_000, signal);
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: address, port: readyPort, path: '/ready', agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.end();
  });
}
