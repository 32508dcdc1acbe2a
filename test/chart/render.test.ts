/** What the chart renders, for each role: settings that the operator reads, pods and rights as they must be. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type Rendered, render } from '../../local/helm.ts';
import { manifests } from '../../local/manifests.ts';
import { checkout } from '../../local/paths.ts';
import { parseSettings } from '../../src/settings.ts';
import { least, most, type Role, roles } from './values.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}
const rulesOf = (objects: Rendered[]) =>
  objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole').flatMap(({ rules }) => rules as Rule[]);
const names = (objects: Rendered[], kind: string) =>
  objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
function settingsOf(objects: Rendered[]) {
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'atoll');
  const data = map?.['data'] as Record<string, string> | undefined;
  return parseSettings(data?.['config.yaml'] ?? '', '/etc/atoll/config/config.yaml');
}
interface Deployment {
  spec: {
    replicas: number;
    strategy?: { type: string };
    template: {
      metadata: Rendered['metadata'];
      spec: { volumes: object[]; containers: { args: string[]; volumeMounts: { mountPath: string }[] }[] };
    };
  };
}
const operator = (objects: Rendered[]) =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'atoll') as unknown as Deployment;

for (const role of roles) {
  for (const [amount, values] of [
    ['least', least[role]],
    ['most', most[role]],
  ] as const) {
    describe(`the ${role} with the ${amount} values`, () => {
      let objects: Rendered[];
      before(async () => {
        objects = await render(values);
      });

      it('gives the operator settings of its role', () => {
        assert.equal(settingsOf(objects).role, role);
        assert.deepEqual(operator(objects).spec.template.spec.containers[0]?.args, [
          role,
          '--config',
          '/etc/atoll/config/config.yaml',
        ]);
      });

      it('mounts every file that the settings name', () => {
        const mounts = operator(objects).spec.template.spec.containers[0]?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
        const text = JSON.stringify(settingsOf(objects));
        for (const [, path = ''] of text.matchAll(/"(\/etc\/atoll\/[^"]+)"/g))
          assert.ok(
            mounts.some((mount) => path === mount || path.startsWith(`${mount}/`)),
            `${path} is not mounted`,
          );
      });

      it('gives no right by wildcard, and none on Secrets but those of the link, to whoever makes and signs them', () => {
        for (const rule of rulesOf(objects)) {
          assert.ok(!JSON.stringify(rule).includes('*'), JSON.stringify(rule));
          assert.ok(rule.verbs.length > 0 && rule.resources.length > 0);
        }
        const secrets = objects.filter((one) => rulesOf([one]).some(({ resources }) => resources.includes('secrets')));
        assert.deepEqual(
          secrets.map(({ metadata }) => metadata.name),
          role === 'hub' && amount === 'least' ? ['atoll-island-admin', 'atoll-link-init'] : [],
        );
      });

      it('puts everything of a namespace into the one of the release or those it names', () => {
        const allowed = ['atoll-system', ...((values as { namespaces?: string[] }).namespaces ?? [])];
        const clusterWide = [
          'ClusterRole',
          'ClusterRoleBinding',
          'CustomResourceDefinition',
          'ValidatingAdmissionPolicy',
          'ValidatingAdmissionPolicyBinding',
        ];
        for (const { kind, metadata } of objects)
          if (clusterWide.includes(kind)) assert.equal(metadata.namespace, undefined);
          else assert.ok(allowed.includes(metadata.namespace ?? ''), `${kind} ${metadata.name}`);
      });
    });
  }
}

describe('a hub', () => {
  it('has no rights on pods, Jobs, ConfigMaps and Secrets', async () => {
    const objects = (await render(least.hub)).filter(({ metadata }) => ['atoll', 'atoll-lease'].includes(metadata.name));
    const resources = rulesOf(objects).flatMap((rule) => rule.resources);
    assert.deepEqual(
      resources.filter((one) => /^(pods|jobs|configmaps|secrets|services|nodes)/.test(one)),
      [],
    );
  });

  it('runs twice, is spread and is guarded against eviction; islands run once and never beside themselves', async () => {
    const hub = await render(least.hub);
    assert.equal(operator(hub).spec.replicas, 2);
    assert.deepEqual(names(hub, 'PodDisruptionBudget'), ['atoll']);
    for (const role of ['island', 'standalone'] as const) {
      const objects = await render(least[role]);
      assert.equal(operator(objects).spec.replicas, 1);
      assert.deepEqual(operator(objects).spec.strategy, { type: 'Recreate' });
      assert.deepEqual(names(objects, 'PodDisruptionBudget'), []);
    }
  });

  it('dials the bundled NATS by its name in the cluster with what the hook made, or else the servers of the values', async () => {
    const bundled = settingsOf(await render({ ...least.hub, nats: { ...least.hub.nats, service: { port: 443 } } }));
    assert.deepEqual(bundled.role === 'hub' && bundled.link, {
      servers: ['tls://atoll-nats.atoll-system.svc:443'],
      prefix: 'atoll',
      credentialsFile: '/etc/atoll/link/hub.creds',
      caFile: '/etc/atoll/link/ca.crt',
    });
    const objects = await render(most.hub);
    const own = settingsOf(objects);
    assert.deepEqual(own.role === 'hub' && own.link, {
      servers: ['nats://a.example.org:4222', 'tls://b.example.org'],
      prefix: 'lab.atoll',
      credentialsFile: '/etc/atoll/link/hub.creds',
    });
    assert.deepEqual(names(objects, 'Deployment'), ['atoll']);
    assert.deepEqual(names(objects, 'Job'), []);
  });
});

describe('an island', () => {
  it('has the Secret of its link from the values, unless one is named', async () => {
    const secret = (await render(least.island)).find(({ metadata }) => metadata.name === 'atoll-island-link');
    assert.deepEqual(secret?.['stringData'], { 'island.creds': 'CREDENTIALS', 'join-token': 'TOKEN', 'ca.crt': 'CA' });
    assert.deepEqual(names(await render(most.island), 'Secret'), ['atoll-agent-key']);
  });

  it('restarts when its credentials change', async () => {
    const annotations = async (credentials: string) =>
      operator(await render({ ...least.island, link: { ...least.island.link, credentials } })).spec.template.metadata.annotations;
    assert.notDeepEqual(await annotations('A'), await annotations('B'));
    assert.deepEqual(await annotations('A'), await annotations('A'));
  });

  it('holds no kind but the IslandJob', async () => {
    assert.deepEqual(names(await render(least.island), 'CustomResourceDefinition'), ['islandjobs.atoll.dev']);
  });
});

describe('every setting', () => {
  const cases: [Role, object][] = [
    [
      'standalone',
      {
        namespaces: ['research', 'vision'],
        quotas: { research: { gpus: 8 } },
        island: { name: 'here' },
        admit: { images: ['registry.example.org/*'], maxGpus: 0 },
        progressInterval: 5000,
        logLevel: 'debug',
        http: { port: 9090 },
        lease: { enabled: true, namespace: 'atoll-system' },
        courier: { imagePullPolicy: 'Always' },
        network: {
          stores: [
            { cidr: '10.0.0.0/8', ports: [443] },
            { cidr: 'fd00::/8', ports: [] },
          ],
          dnsCidrs: ['169.254.20.10/32'],
          agentNamespace: 'atoll-system',
          agentPodLabels: { 'app.kubernetes.io/name': 'atoll' },
        },
      },
    ],
    ['hub', { quotas: { research: { gpus: 8 } }, islandSilence: 60_000, claimDeadline: 330_000, progressInterval: 5000 }],
    [
      'island',
      {
        namespaces: ['research'],
        admit: { images: ['registry.example.org/*'], maxGpus: 16 },
        pollInterval: 3000,
        configurationDeadline: 600_000,
      },
    ],
  ];
  for (const [role, wanted] of cases)
    it(`of the ${role} reaches the operator as the values say`, async () => {
      const settings = settingsOf(await render(most[role])) as unknown as Record<string, unknown>;
      for (const [field, value] of Object.entries(wanted)) assert.deepEqual(settings[field], value, field);
    });

  it('of a store reaches the operator, as its role needs it', async () => {
    const store = { name: 'default', endpoint: 'https://s3.example.org', region: 'us-east-1', bucket: 'atoll', pathStyle: true };
    const credentialsDir = '/etc/atoll/stores/default';
    assert.deepEqual(settingsOf(await render(least.hub)).stores, [{ ...store, credentialsDir }]);
    assert.deepEqual(settingsOf(await render(least.island)).stores, [{ ...store, secretName: 'atoll-store' }]);
    assert.deepEqual(settingsOf(await render(least.standalone)).stores, [
      { ...store, secretName: 'atoll-store', credentialsDir },
    ]);
  });
});

describe('the kinds', () => {
  const guarded = ['CustomResourceDefinition', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
  const kinds = async (crds: object) =>
    (await render({ ...least.standalone, crds })).filter(({ kind }) => guarded.includes(kind));
  const policies = (objects: Rendered[]) => objects.map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']);

  it('stay in the cluster when the release goes, by default', async () => {
    const objects = await kinds({});
    assert.equal(names(objects, 'CustomResourceDefinition').length, 5);
    assert.ok(policies(objects).every((policy) => policy === 'keep'));
  });
  it('go with it when crds.keep is false', async () => {
    assert.ok(policies(await kinds({ keep: false })).every((policy) => policy === undefined));
  });
  it('are left to others when crds.enabled is false', async () => {
    assert.deepEqual(await kinds({ enabled: false }), []);
  });
});

describe('the roles for people', () => {
  it('are added to view, edit and admin unless rbac.aggregate is false', async () => {
    const aggregated = async (rbac: object) =>
      (await render({ ...least.hub, rbac })).flatMap(({ metadata }) =>
        Object.keys(metadata.labels ?? {})
          .filter((label) => label.startsWith('rbac.authorization.k8s.io/'))
          .map((label) => `${metadata.name} ${label.slice('rbac.authorization.k8s.io/'.length)}`),
      );
    assert.deepEqual(await aggregated({}), [
      'atoll-view aggregate-to-view',
      'atoll-edit aggregate-to-edit',
      'atoll-admin aggregate-to-admin',
    ]);
    assert.deepEqual(await aggregated({ aggregate: false }), []);
  });
});

describe('the plain install', () => {
  it('is what the chart gives; if not, run npm run generate', async () => {
    for (const [path, content] of await manifests()) assert.equal(await readFile(join(checkout, path), 'utf8'), content, path);
  });
});
