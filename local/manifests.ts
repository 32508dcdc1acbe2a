/** `npm run generate`: writes manifests/standalone, the plain install, from the chart. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Rendered, render } from './helm.ts';
import { checkout } from './paths.ts';

const namespace = 'atoll-system';

const values = {
  role: 'standalone',
  stores: [
    { name: 'default', region: 'us-east-1', bucket: 'CHANGE-ME', secretName: 'atoll-store', readOnlySecretName: 'atoll-store' },
  ],
  agentKey: { existingSecret: 'atoll-agent-key' },
  crds: { enabled: false },
};

const operatorHeader = `# Generated from charts/atoll by \`npm run generate\`. Edit what you apply, not what is committed.
# Atoll in the standalone role: hub and island in one process on one cluster. Apply crds/ first, then this folder, after editing the
# ConfigMap below and creating the Secrets it names:
#   kubectl -n atoll-system create secret generic atoll-store --from-literal=AWS_ACCESS_KEY_ID=... --from-literal=AWS_SECRET_ACCESS_KEY=...
#   kubectl -n atoll-system create secret generic atoll-agent-key --from-literal=key=$(openssl rand -hex 32)
# The first is the operator's own credential and only reads. Each namespace that trains needs a Secret of the same name that may also write.
`;
const rbacHeader = `# Generated from charts/atoll by \`npm run generate\`. Edit what you apply, not what is committed.
# What the standalone operator may do, and no more; and roles for people. No Secret is ever read through the API.
`;

/** Every file of the plain install by its path in the repository. */
export async function manifests(): Promise<Map<string, string>> {
  const objects = (await render(values, namespace)).filter((object) => !isHook(object)).map(plain);
  const [rbac, others] = [objects.filter(isRbac), objects.filter((object) => !isRbac(object))];
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: restricted } };
  return new Map([
    ['manifests/standalone/operator.yaml', operatorHeader + documents([own, ...others])],
    ['manifests/standalone/rbac.yaml', rbacHeader + documents(rbac)],
  ]);
}

const isHook = ({ metadata }: Rendered) => metadata.annotations?.['helm.sh/hook'] !== undefined;
const isRbac = ({ apiVersion }: Rendered) => apiVersion.startsWith('rbac.authorization.k8s.io/');
const documents = (objects: object[]) => objects.map((object) => stringify(object, { lineWidth: 130 })).join('---\n');

/** Without what is true of a release of Helm only. */
function plain(object: Rendered): Rendered {
  const { labels = {}, ...metadata } = object.metadata;
  const { 'app.kubernetes.io/managed-by': _, ...kept } = labels;
  const copy: Rendered = structuredClone({ ...object, metadata: { ...metadata, labels: kept } });
  // Who edits the ConfigMap restarts the Deployment.
  const spec = copy['spec'] as { template?: { metadata: Rendered['metadata'] } } | undefined;
  delete spec?.template?.metadata.annotations?.['checksum/config'];
  return copy;
}

if (import.meta.main) {
  for (const [path, content] of await manifests()) await writeFile(join(checkout, path), content);
}
