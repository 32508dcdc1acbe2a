/** `atoll check`: whether everything that a run needs is there, each line with what to do about it. */

import { admissionPolicy } from '../api/admission.ts';
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { apiVersion } from '../api/kind.ts';
import { kinds } from '../api/kinds.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';
import { type Scope, withScope } from './cluster.ts';
import { type Finding, ok, printFindings, warning, wrong } from './findings.ts';
import { findHubConfig } from './hub.ts';
import { islandFindings } from './island/findings.ts';
import { ifAllowed, readRelease } from './release.ts';
import { isAllowed, type Right } from './rights.ts';
import { skewOf } from './skew.ts';
import { type Call, noWords, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll check [options]

Says whether everything that a run needs is there: the API server and the kinds of Atoll, the admission policies, the hub and its
stores, the islands, and your own rights in the namespace. Each line that is not ok says what to do. Exit code 1 when something is
wrong.

Options:
${scopeHelp}

Examples:
  atoll check
  atoll check -n research
`;

export const check: Verb = {
  summary: 'say whether everything that a run needs is there',
  help,
  options: scopeOptions,
  run(call) {
    noWords(call);
    return withScope(call, async (scope) => {
      const findings = [...(await server(call, scope))];
      // Without the kinds nothing else can be said.
      if (findings.every(({ verdict }) => verdict === 'ok'))
        for (const part of [policies, hub, stores, islands, rights])
          findings.push(...(await part(call, scope).catch(notAllowed)));
      const code = printFindings(call, findings);
      if (code === 0) call.next('atoll init NAME --experts 4', 'write the first run');
      return code;
    });
  },
};

/** What the user may not see is said by the lines about rights; here, that it was not looked at. */
function notAllowed(error: unknown): Finding[] {
  if (!(error instanceof ApiError && error.isForbidden)) throw error;
  return [warning(`not looked at: ${error.message}`, 'see the lines about your rights')];
}

const oldest = 32;

async function server({ signal }: Call, { client }: Scope): Promise<Finding[]> {
  const { gitVersion, minor } = await client.version(signal);
  const tooOld = Number.parseInt(minor, 10) < oldest;
  const version = tooOld
    ? wrong(`Kubernetes ${gitVersion}`, `upgrade the cluster of the hub to 1.${oldest} or newer`)
    : ok(`Kubernetes ${gitVersion} answers`);
  return [version, await served(client, signal)];
}

async function served(client: Scope['client'], signal: AbortSignal): Promise<Finding> {
  const install =
    'install the chart with role hub here (helm install atoll charts/atoll), or choose the cluster of the hub with --context';
  try {
    const { resources } = (await client.ask(`/apis/${apiVersion}`, signal)) as { resources: { name: string }[] };
    const there = new Set(resources.map(({ name }) => name));
    const missing = kinds.filter(({ plural }) => !there.has(plural)).map(({ kind }) => kind);
    if (missing.length === 0) return ok(`${apiVersion} is served with all ${kinds.length} kinds`);
    return wrong(`${apiVersion} lacks ${missing.join(', ')}`, 'upgrade the chart with crds.enabled, which is the default');
  } catch (error) {
    if (!(error instanceof ApiError && error.isNotFound)) throw error;
    return wrong(`${apiVersion} is not served`, install);
  }
}

const policyType = (kind: 'ValidatingAdmissionPolicy' | 'ValidatingAdmissionPolicyBinding'): ResourceType<KubeObject> => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural: kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings',
  namespaced: false,
});

/** They hold what CEL on a CRD cannot see: that free-form fields do not change. */
async function policies(_: Call, { client }: Scope): Promise<Finding[]> {
  const wanted = kinds.flatMap((kind) => {
    const [policy] = admissionPolicy(kind) ?? [];
    return policy ? [(policy['metadata'] as { name: string }).name] : [];
  });
  const { found, why } = await ifAllowed('admission policies', async () => {
    const [bound, there] = await Promise.all([
      client.list(policyType('ValidatingAdmissionPolicyBinding')),
      client.list(policyType('ValidatingAdmissionPolicy')),
    ]);
    const has = (list: readonly KubeObject[], name: string) => list.some(({ metadata }) => metadata.name === name);
    return wanted.filter((name) => !has(there.items, name) || !has(bound.items, name));
  });
  if (!found) return [warning(`admission policies are not looked at: ${why}`, 'ask an administrator to run atoll check')];
  if (found.length === 0) return [ok(`${wanted.length} admission policies with their bindings`)];
  return [
    wrong(
      `admission policies are missing: ${found.join(', ')}`,
      'upgrade the chart with crds.enabled; until then free-form fields may change in place',
    ),
  ];
}

async function hub(call: Call, { hub: release }: Scope): Promise<Finding[]> {
  const { namespace } = release;
  const { found, why } = await readRelease(release);
  if (!found)
    return [
      warning(
        `the hub in ${namespace} is not looked at: ${why}`,
        'name its namespace with --hub-namespace, or ask its administrator',
      ),
    ];
  const { version, ready, replicas } = found;
  const look = `kubectl -n ${namespace} describe deployment atoll, and logs of its pods`;
  const standing =
    ready === 0
      ? wrong(`the hub ${version} does not run: 0 of ${replicas} pods are ready`, look)
      : ready < replicas
        ? warning(`the hub ${version}: ${ready} of ${replicas} pods are ready`, look)
        : ok(`the hub ${version}: ${ready} of ${replicas} pods are ready`);
  const skew = skewOf('client', call.version, version);
  return skew === 'same as the hub'
    ? [standing]
    : [standing, warning(`this client ${call.version} is ${skew.split(':')[0]}`, `use the CLI of version ${version}`)];
}

/** The hub reads them; what it could not read stands as a reason on the works that waited for it. */
async function stores(_: Call, { client, hub: release, namespace }: Scope): Promise<Finding[]> {
  const { found, why } = await findHubConfig(release);
  if (!found)
    return [
      warning(
        `the hub's stores are not looked at: ${why}`,
        'bind the Role atoll-island-admin, or ask the administrator of the hub',
      ),
    ];
  const { items } = await client.list(ExpertShardKind, { namespace });
  const away = (shard: ExpertShard) => shard.status?.reason === 'StoreUnreachable' || shard.status?.reason === 'Storage';
  const trouble = items.filter(away);
  return found.stores.map(({ name, bucket, endpoint }) => {
    const what = `store ${name}: bucket ${bucket}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
    const first = trouble[0];
    if (!first) return ok(`${what}, nothing waits for it`);
    return wrong(
      `${what}: ${first.metadata.name} says ${first.status?.message ?? first.status?.reason}`,
      `kubectl -n ${release.namespace} exec deployment/atoll -- atoll probe --config /etc/atoll/config/config.yaml`,
    );
  });
}

async function islands(call: Call, { client }: Scope): Promise<Finding[]> {
  const { items } = await client.list(ComputeIslandKind);
  if (items.length === 0) return [wrong('there is no island', 'atoll island add NAME prints how a cluster joins')];
  const found = items.flatMap((island) => islandFindings(island, call.clock.now()));
  const usable = items.some(isUsable);
  return usable ? found.map((one) => (one.verdict === 'wrong' ? { ...one, verdict: 'warning' as const } : one)) : found;
}

const isUsable = ({ spec, status }: ComputeIsland) => status?.state === 'Ready' && spec.approved && !spec.cordoned && !spec.drain;

const roles: readonly { needed: string; role: string; right: Omit<Right, 'namespace'>; must: boolean; cluster?: boolean }[] = [
  {
    needed: 'read runs',
    role: 'atoll-view',
    right: { verb: 'list', group: 'atoll.dev', resource: 'experttrainings' },
    must: true,
  },
  {
    needed: 'make runs',
    role: 'atoll-edit',
    right: { verb: 'create', group: 'atoll.dev', resource: 'experttrainings' },
    must: false,
  },
  {
    needed: 'suspend, retry and move',
    role: 'atoll-edit',
    right: { verb: 'patch', group: 'atoll.dev', resource: 'experttrainings' },
    must: false,
  },
  { needed: 'read events', role: 'view', right: { verb: 'list', group: 'events.k8s.io', resource: 'events' }, must: false },
  {
    needed: 'read islands',
    role: 'atoll-view',
    right: { verb: 'list', group: 'atoll.dev', resource: 'computeislands' },
    must: true,
    cluster: true,
  },
];

async function rights({ signal }: Call, { client, namespace }: Scope): Promise<Finding[]> {
  return await Promise.all(
    roles.map(async ({ needed, role, right, must, cluster }) => {
      const asked = cluster ? right : { ...right, namespace };
      const where = cluster ? '' : ` in namespace ${namespace}`;
      if (await isAllowed(client, asked, signal)) return ok(`you may ${needed}${where}`);
      const how = cluster
        ? `kubectl create clusterrolebinding NAME --clusterrole ${role} --user YOU`
        : `kubectl -n ${namespace} create rolebinding NAME --clusterrole ${role} --user YOU`;
      return (must ? wrong : warning)(`you may not ${needed}${where}`, `ask an administrator for ClusterRole ${role}: ${how}`);
    }),
  );
}
