/** The account of an operator with exactly the rights that the chart gives it, for tests that run controllers on a real API server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiServer } from '../../local/apiserver.ts';
import { render } from '../../local/helm.ts';
import { least, type Role } from './values.ts';

const system = 'atoll-system';

/** Makes the accounts, in a namespace of their own, and resolves with the path of one's kubeconfig. Namespaces of the values must be there. */
export async function accountOf(
  server: ApiServer,
  role: Role,
  values: { namespaces?: string[] } = {},
  account = 'atoll',
): Promise<string> {
  const objects = (await render({ ...least[role], ...values })).filter(
    ({ apiVersion, kind }) => apiVersion.startsWith('rbac.') || kind === 'ServiceAccount',
  );
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: system } };
  const input = [namespace, ...objects].map((object) => JSON.stringify(object)).join('\n---\n');
  await server.kubectl(['apply', '-f', '-'], { input });
  const { stdout } = await server.kubectl(['create', 'token', account, '--namespace', system, '--duration=1h']);
  const authority = Buffer.from(server.credentials.ca).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'it', cluster: { server: server.url, 'certificate-authority-data': authority } }],
    users: [{ name: account, user: { token: stdout.trim() } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: account } }],
    'current-context': 'it',
  };
  const path = join(server.dir, `account-${account}-${role}.yaml`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
