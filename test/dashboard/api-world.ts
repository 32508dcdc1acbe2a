/** A dashboard over a real API server that authorises by RBAC, run with the chart's own rights, and users of every kind with real tokens. */
import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { render } from '../../local/helm.ts';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertDatasetKind } from '../../src/api/expertdataset.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import type { OpenLog, ReadStore } from '../../src/dashboard/server/context.ts';
import { createCurves } from '../../src/dashboard/server/curves.ts';
import { createGatekeeper } from '../../src/dashboard/server/gatekeeper.ts';
import { startDashboard } from '../../src/dashboard/server/index.ts';
import { createModel } from '../../src/dashboard/server/model.ts';
import { createObjects } from '../../src/dashboard/server/objects.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { accountOf } from '../chart/account.ts';
import { least } from '../chart/values.ts';
import { dataset, island, training } from '../hub/builders.ts';
import { eventually } from '../kube/eventually.ts';

export const principals = [
  'none',
  'nonsense',
  'expired',
  'foreign',
  'deleted',
  'stranger',
  'reader',
  'editor',
  'everywhere',
  'admin',
] as const;
export type Principal = (typeof principals)[number];

export interface ApiWorld {
  server: ApiServer;
  admin: RealKubeClient;
  /** `http://127.0.0.1:PORT/`. */
  url: string;
  tokens: Record<Principal, string | undefined>;
  stop(): Promise<void>;
}

const [here, elsewhere] = ['research', 'vision'];

/** Roles of the chart bound to ServiceAccounts: one namespace or all of them. */
async function users(server: ApiServer): Promise<Record<Principal, string | undefined>> {
  const roles = (await render(least.hub)).filter(
    ({ kind, metadata }) => kind === 'ClusterRole' && /^atoll-(view|edit|admin|island-admin)$/.test(metadata.name),
  );
  const logs = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'logs' },
    rules: [
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list'] },
    ],
  };
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: here } });
  const bind = (name: string, role: string, namespace?: string) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: `${name}-${role}`, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace: here }],
  });
  const bindings = [
    ...['atoll-view', 'logs'].map((role) => bind('reader', role, here)),
    ...['atoll-view', 'atoll-edit', 'logs'].map((role) => bind('editor', role, here)),
    ...['atoll-view', 'logs'].map((role) => bind('everywhere', role)),
    ...['atoll-view', 'atoll-edit', 'atoll-admin', 'atoll-island-admin', 'logs'].map((role) => bind('admin', role)),
  ];
  const names = ['stranger', 'reader', 'editor', 'everywhere', 'admin', 'gone'];
  const input = [...roles, logs, ...names.map(account), ...bindings].map((one) => JSON.stringify(one)).join('\n---\n');
  await server.kubectl(['apply', '-f', '-'], { input });
  const token = async (name: string, ...flags: string[]) =>
    (await server.kubectl(['create', 'token', name, '-n', here, '--duration=1h', ...flags])).stdout.trim();
  const deleted = await token('gone');
  await server.kubectl(['delete', 'serviceaccount', 'gone', '-n', here]);
  const reader = await token('reader');
  return {
    none: undefined,
    nonsense: 'not.a-token.at-all',
    expired: await expired(server, reader),
    foreign: await token('admin', '--audience=somebody-else'),
    deleted,
    stranger: await token('stranger'),
    reader,
    editor: await token('editor'),
    everywhere: await token('everywhere'),
    admin: await token('admin'),
  };
}

/** The same token as it would be a day after its end, signed by the cluster's own key. */
async function expired(server: ApiServer, token: string): Promise<string> {
  const [head = '', body = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, number>;
  const day = 86_400;
  const now = Math.floor(clock.now() / 1000);
  const old = { ...claims, iat: now - 2 * day, nbf: now - 2 * day, exp: now - day };
  const text = `${head}.${Buffer.from(JSON.stringify(old)).toString('base64url')}`;
  const key = createPrivateKey(await readFile(join(server.dir, 'pki/sa.key')));
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export async function startApiWorld(
  more: { stores?: ReadonlyMap<string, ReadStore>; openLog?: OpenLog; audience?: string } = {},
): Promise<ApiWorld> {
  const server = await startApiServer({ audit: true });
  await server.kubectl(['apply', '--server-side', '-f', 'crds/']);
  await established(server);
  const admin = createKubeClient({ kubeconfig: server.kubeconfigPath, clock, random });
  for (const name of [here, elsewhere]) await server.kubectl(['create', 'namespace', name]);
  const tokens = await users(server);
  const operator = await accountOf(server, 'hub');
  for (const namespace of [here, elsewhere]) {
    const at = <T extends { metadata: object }>(object: T) => ({ ...object, metadata: { ...object.metadata, namespace } });
    await admin.create(ExpertDatasetKind, at(dataset()));
    await admin.create(ExpertTrainingKind, at(training()));
  }
  await admin.create(ComputeIslandKind, island('west'));

  const client = createKubeClient({ kubeconfig: operator, clock, random });
  const manager = createManager({ client, clock, random, log: silentLog });
  const objects = createObjects(manager);
  const progress = () => undefined;
  const version = 'test';
  const access = { kubeconfig: operator };
  const audience = more.audience;
  const dashboard = await startDashboard({
    objects,
    model: createModel({ objects, clock, progress }),
    gatekeeper: createGatekeeper({ client, access, audience, clock, random, log: silentLog, version }),
    stores: more.stores ?? new Map(),
    curves: createCurves({ objects, progress, clock }),
    openLog:
      more.openLog ??
      (() => {
        throw new Error('there is no log here');
      }),
    live: () => true,
    clock,
    log: silentLog,
    random,
    version,
    role: 'hub',
    links: [],
    historyPrefixes: ['atoll/'],
    ready: () => objects.islands.hasSynced && objects.runs.hasSynced && objects.datasets.hasSynced,
    // The matrix asks faster than any person.
    limits: {
      patienceMs: 15_000,
      headMs: 10_000,
      strangers: { perSecond: 1000, burst: 10_000 },
      users: { perSecond: 1000, burst: 10_000 },
    },
    port: 0,
    host: '127.0.0.1',
    ui: 'test/dashboard/nothing',
  });
  const stop = new AbortController();
  const running = [manager.run(stop.signal), dashboard.run(stop.signal)];
  await eventually('the stores are filled', () => objects.islands.hasSynced && objects.jobs.hasSynced, 30_000);
  return {
    server,
    admin,
    url: `http://127.0.0.1:${dashboard.port}/`,
    tokens,
    async stop() {
      stop.abort(new Error('the test is over'));
      await Promise.allSettled(running);
      await Promise.all([client.close(), admin.close()]);
      await server.stop();
    },
  };
}

export async function readTraining({ admin }: ApiWorld, namespace: string): Promise<ExpertTraining | undefined> {
  return await admin.get(ExpertTrainingKind, { namespace, name: 'digits' });
}
