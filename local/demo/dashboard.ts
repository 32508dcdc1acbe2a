/** The dashboard of the demo's hub on a port of this machine, and a user who may look and steer there. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboardPod } from '../../src/cli/dashboard.ts';
import type { RealKubeClient } from '../../src/kube/client.ts';
import { forward } from '../../src/kube/forward.ts';
import { keyOf } from '../../src/kube/types.ts';
import type { Cluster } from '../cluster.ts';

/** The account that the token is of. */
const USER = 'demo';

export interface DemoDashboard extends AsyncDisposable {
  /** On 127.0.0.1, ends with a slash. */
  url: string;
  /** File with the token to sign in with. */
  tokenFile: string;
}

export interface DemoDashboardOptions {
  hub: Cluster;
  client: RealKubeClient;
  /** Where the demo trains. */
  namespace: string;
  folder: string;
}

/** Makes the user and opens the port; both go with the cluster. Connections are made anew as long as the pod is there. */
export async function openDemoDashboard({ hub, client, namespace, folder }: DemoDashboardOptions): Promise<DemoDashboard> {
  const account = `--serviceaccount=${namespace}:${USER}`;
  await hub.kubectl(['-n', namespace, 'create', 'serviceaccount', USER]);
  await hub.kubectl(['-n', namespace, 'create', 'rolebinding', USER, '--clusterrole=edit', account]);
  await hub.kubectl(['create', 'clusterrolebinding', `atoll-${USER}`, '--clusterrole=atoll-island-admin', account]);
  const token = (await hub.kubectl(['-n', namespace, 'create', 'token', USER, '--duration=12h'])).stdout.trim();
  const tokenFile = join(folder, 'dashboard-token');
  await writeFile(tokenFile, `${token}\n`);
  await chmod(tokenFile, 0o600);
  const { pod, port } = await dashboardPod({ client, namespace: 'atoll-system' });
  const opened = await forward({ kubeconfig: hub.kubeconfigPath, pod: keyOf(pod), port });
  return { url: `http://127.0.0.1:${opened.port}/`, tokenFile, [Symbol.asyncDispose]: () => opened.close() };
}
