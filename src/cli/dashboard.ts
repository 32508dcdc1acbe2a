/** The dashboard of the hub, reached through one port-forward, with the user's own token. */
import type { Problem } from '../dashboard/view/common.ts';
import { createAccess } from '../kube/auth.ts';
import { leases, type Pod, pods } from '../kube/core.ts';
import { messageOf } from '../kube/errors.ts';
import { type Forward, forward } from '../kube/forward.ts';
import { keyOf } from '../kube/types.ts';
import type { Scope } from './cluster.ts';
import { ifAllowed } from './release.ts';
import { type Call, CommandFailure, CommandLineError, type Options } from './verb.ts';

export const dashboardOptions = { token: { type: 'string' }, dashboard: { type: 'string' } } satisfies Options;

export const dashboardHelp = `  --token TOKEN       sign in with this token (default: that of the kubeconfig; one with a client certificate has none, so make one
                      with kubectl create token)
  --dashboard URL     where the dashboard is reached without a port-forward, such as https://atoll.example.org/`;

export interface Dashboard extends Forward {
  /** Ends with a slash. */
  url: string;
  token: string;
}

/** Opens it; `close` is to be called at the end. */
export async function openDashboard(call: Call, scope: Scope, localPort = 0): Promise<Dashboard> {
  const token = await tokenOf(call);
  const direct = directUrl(call);
  if (direct !== undefined) return { url: direct, token, port: 0, close: async () => {} };
  const { pod, port } = await dashboardPod(scope.hub);
  const opened = await forward({
    kubeconfig: call.text('kubeconfig') ?? call.kubeconfig,
    context: call.text('context'),
    pod: keyOf(pod),
    port,
    localPort,
    onFailure: (why) =>
      call.io.err(
        `atoll: cannot reach pod ${pod.metadata.name}: ${why}; you need the right to create pods/portforward in ${pod.metadata.namespace}\n`,
      ),
  }).catch((error: unknown) => {
    throw new CommandFailure(`cannot listen on port ${localPort}: ${(error as Error).message}; choose another with --port`);
  });
  return { ...opened, url: `http://127.0.0.1:${opened.port}/`, token };
}

function directUrl(call: Call): string | undefined {
  const text = call.text('dashboard');
  if (text === undefined) return undefined;
  if (!/^https?:\/\/\S+$/.test(text))
    throw new CommandLineError(`--dashboard "${text}" is no address such as https://atoll.example.org/`);
  return text.endsWith('/') ? text : `${text}/`;
}

async function tokenOf(call: Call): Promise<string> {
  const given = call.text('token');
  if (given !== undefined) return given;
  const kubeconfig = call.text('kubeconfig') ?? call.kubeconfig;
  const context = call.text('context');
  const access = kubeconfig === undefined ? { inCluster: true } : { kubeconfig, ...(context === undefined ? {} : { context }) };
  const { headers } = await createAccess(access, call.clock).credentials();
  const [, token] = /^Bearer (.+)$/.exec(headers['authorization'] ?? '') ?? [];
  if (token !== undefined) return token;
  throw new CommandFailure(
    'cannot sign in: the kubeconfig has no token of yours, only a certificate; give one with --token "$(kubectl create token SERVICEACCOUNT -n NAMESPACE)"',
  );
}

/** The pod to ask, and its port: the one that leads where that can be seen, since it hears the islands best. `namespace` is the hub's. */
export async function dashboardPod({ client, namespace }: Scope['hub']): Promise<{ pod: Pod; port: number }> {
  const labelSelector = 'app.kubernetes.io/name=atoll';
  const { found, why } = await ifAllowed(
    `pods of ${namespace}`,
    async () => (await client.list(pods, { namespace, labelSelector })).items,
  );
  if (!found)
    throw new CommandFailure(
      `cannot open the dashboard: ${why}; ask for the rights to list pods and create pods/portforward there`,
    );
  const ready = found.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  const lease = await ifAllowed('leases', async () => (await client.list(leases, { namespace })).items);
  const holders = new Set((lease.found ?? []).map(({ spec }) => spec.holderIdentity));
  const pod = ready.find(({ metadata }) => holders.has(metadata.name)) ?? ready[0];
  if (!pod)
    throw new CommandFailure(`cannot open the dashboard: no pod of the hub is ready in ${namespace}; atoll check says more`);
  const port = pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === 'dashboard')?.containerPort;
  if (port === undefined)
    throw new CommandFailure('cannot open the dashboard: the hub serves none; upgrade its chart with dashboard.enabled=true');
  return { pod, port };
}

/** The answer of a route as it comes; a failure that says what the dashboard says about any that is not 2xx. */
export async function askDashboard(call: Call, { url, token }: Dashboard, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url + path, { headers, signal: call.signal }).catch((error: unknown) => {
    call.signal.throwIfAborted();
    throw new CommandFailure(`cannot reach the dashboard at ${url}: ${messageOf((error as Error).cause ?? error)}`);
  });
  if (response.ok) return response;
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
  throw new CommandFailure(problem?.message ?? `the dashboard answers ${response.status}`);
}
