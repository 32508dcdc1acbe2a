/** People of the tests, as service accounts with the rights that a cluster gives such people. */
import type { ApiServer } from '../../../local/apiserver.ts';

/** `editor` changes what is in research, reads crowd and looks after islands; `reader` reads research alone; `nobody` is known and may do nothing. */
export type User = 'editor' | 'reader' | 'nobody';

const users: readonly User[] = ['editor', 'reader', 'nobody'];
const namespaces = ['research', 'secret', 'crowd'];

const runs = ['expertdatasets', 'experttrainings', 'expertshards', 'islandjobs'];
const read = [
  { apiGroups: ['atoll.dev'], resources: runs, verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
];
const change = [{ apiGroups: ['atoll.dev'], resources: ['expertdatasets', 'experttrainings'], verbs: ['patch'] }];
const islands = [{ apiGroups: ['atoll.dev'], resources: ['computeislands'], verbs: ['get', 'list', 'patch'] }];

const group = 'rbac.authorization.k8s.io';
const subject = (name: User) => ({ kind: 'ServiceAccount', name, namespace: 'default' });

function granted(name: User, rules: object[], namespace?: string): object[] {
  const [role, binding] = namespace === undefined ? ['ClusterRole', 'ClusterRoleBinding'] : ['Role', 'RoleBinding'];
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return [
    { apiVersion: `${group}/v1`, kind: role, metadata, rules },
    {
      apiVersion: `${group}/v1`,
      kind: binding,
      metadata,
      subjects: [subject(name)],
      roleRef: { apiGroup: group, kind: role, name },
    },
  ];
}

/** Makes namespaces, accounts and rights; resolves with a token of each. */
export async function tokensOf(server: ApiServer): Promise<Readonly<Record<User, string>>> {
  const objects = [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...users.map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } })),
    ...granted('editor', [...read, ...change], 'research'),
    ...granted('editor', read, 'crowd'),
    ...granted('editor', islands),
    ...granted('reader', read, 'research'),
  ];
  await server.kubectl(['apply', '-f', '-'], { input: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
  const token = async (name: User) =>
    (await server.kubectl(['create', 'token', name, '-n', 'default', '--duration=2h'])).stdout.trim();
  return { editor: await token('editor'), reader: await token('reader'), nobody: await token('nobody') };
}
