/** The pod that an IslandJob becomes: what it may, what it sees, and what a podTemplate can and cannot change in it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { trainerSpec } from '../../src/api/contract.ts';
import { courierConfig } from '../../src/api/courier.ts';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { attemptName, islandJobName } from '../../src/api/names.ts';
import { configMapOf, threads } from '../../src/island/attemptconfig.ts';
import { serviceOf } from '../../src/island/gang.ts';
import { InvalidWorkError } from '../../src/island/invalid.ts';
import { networkPolicyOf } from '../../src/island/networkpolicy.ts';
import { jobOf, podOf } from '../../src/island/pod.ts';
import { merge } from '../../src/island/podtemplate.ts';
import { attemptToken } from '../../src/island/token.ts';
import { islandJob, NAME, settings, UID } from './builders.ts';

const job = (over: Record<string, unknown> = {}): IslandJob => islandJob(undefined, over);
const container = (over: Record<string, unknown>) => ({
  container: { image: 'i', resources: { cpu: '2', memory: '4Gi' }, ...over },
});
const podSpec = (of: IslandJob) => podOf(of, 1, settings).spec;
const all = (of: IslandJob) => [...(podSpec(of).initContainers ?? []), ...podSpec(of).containers];

describe('the Job of an attempt', () => {
  it('is run once by Kubernetes and never retried by it', () => {
    const { metadata, spec } = jobOf(job(), 2, settings);
    assert.equal(metadata.name, `${NAME}-a2`);
    assert.deepEqual(metadata.finalizers, ['atoll.dev/attempt']);
    assert.deepEqual(spec.template.metadata?.finalizers, ['atoll.dev/attempt']);
    assert.deepEqual(
      [spec.backoffLimit, spec.podReplacementPolicy, spec.podFailurePolicy, spec.template.spec?.restartPolicy],
      [0, 'Failed', undefined, 'Never'],
    );
    assert.deepEqual(metadata.ownerReferences?.[0], {
      apiVersion: 'atoll.dev/v1alpha1',
      kind: 'IslandJob',
      name: NAME,
      uid: UID,
      controller: true,
      blockOwnerDeletion: true,
    });
    assert.equal(metadata.labels?.['atoll.dev/attempt'], '2');
    assert.equal(metadata.labels?.['atoll.dev/expert'], '003');
  });

  it('starts courier, restore and trainer in this order', () => {
    assert.deepEqual(
      all(job()).map(({ name, restartPolicy }) => [name, restartPolicy]),
      [
        ['courier', 'Always'],
        ['restore', undefined],
        ['trainer', undefined],
      ],
    );
  });

  it('is a pod of the restricted security standard', () => {
    const spec = podSpec(job());
    assert.deepEqual(
      [
        spec.automountServiceAccountToken,
        spec.securityContext?.runAsNonRoot,
        spec.securityContext?.runAsUser,
        spec.securityContext?.fsGroup,
      ],
      [false, true, 1000, 1000],
    );
    for (const { securityContext } of all(job())) {
      assert.equal(securityContext?.allowPrivilegeEscalation, false);
      assert.deepEqual(securityContext?.capabilities, { drop: ['ALL'] });
    }
  });

  it('shows store credentials to courier and restore only', () => {
    const sees = all(job()).filter(({ volumeMounts }) => volumeMounts?.some(({ name }) => name === 'store-default'));
    assert.deepEqual(
      sees.map(({ name }) => name),
      ['courier', 'restore'],
    );
    assert.ok(!JSON.stringify(podSpec(job())).includes('AWS_'));
  });

  it('stays on a node that is not reachable, and has the whole grace to save and publish', () => {
    const spec = podSpec(job({ grace: { save: '30s', publish: '2m' } }));
    assert.deepEqual(
      spec.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
      [
        ['node.kubernetes.io/not-ready', undefined],
        ['node.kubernetes.io/unreachable', undefined],
      ],
    );
    assert.equal(spec.terminationGracePeriodSeconds, 150);
  });

  it('asks for GPUs of the model, and gets shared memory and scratch of the size', () => {
    const resources = { cpu: '2', memory: '4Gi', gpus: 1, gpuProduct: 'H100', shm: '1Gi', scratch: '10Gi' };
    const spec = podSpec(job(container({ resources })));
    assert.deepEqual(spec.containers[0]?.resources?.limits, { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1' });
    assert.deepEqual(spec.nodeSelector, { 'nvidia.com/gpu.product': 'H100' });
    assert.deepEqual(spec.volumes?.find(({ name }) => name === 'shm')?.emptyDir, { medium: 'Memory', sizeLimit: '1Gi' });
    assert.deepEqual(spec.volumes?.find(({ name }) => name === 'work')?.emptyDir, { sizeLimit: '10Gi' });
  });

  it('costs 50m CPU beside the trainer: restore, which runs before it, asks for the same share as the trainer', () => {
    const spec = podSpec(job(container({})));
    const [courier, restore] = spec.initContainers ?? [];
    assert.deepEqual([courier?.resources?.requests?.['cpu'], restore?.resources?.requests?.['cpu']], ['50m', '2']);
    assert.equal(restore?.resources?.limits?.['cpu'], undefined);
    const limited = { ...settings, courier: { resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } } };
    const asked = podOf(job(container({})), 1, limited).spec.initContainers?.map(({ resources }) => resources?.requests?.['cpu']);
    assert.deepEqual(asked, ['100m', '100m']);
  });

  it('tells numeric libraries how many CPUs there are, unless the user does', () => {
    assert.equal(podSpec(job()).containers[0]?.env?.find(({ name }) => name === 'OMP_NUM_THREADS')?.value, '1');
    const own = podSpec(job(container({ env: [{ name: 'OMP_NUM_THREADS', value: '7' }] })));
    assert.deepEqual(
      own.containers[0]?.env?.filter(({ name }) => name === 'OMP_NUM_THREADS'),
      [{ name: 'OMP_NUM_THREADS', value: '7' }],
    );
    assert.deepEqual(['2', '900m', '0.2', '1800m', '2400m'].map(threads), [2, 1, 1, 2, 2]);
  });

  it('names the store that the settings lack', () => {
    const elsewhere = job({ output: { store: 'far', prefix: 'x/' } });
    assert.throws(
      () => podOf(elsewhere, 1, settings),
      new InvalidWorkError('store far is not in the settings of island local: it knows default'),
    );
  });
});

describe('a gang', () => {
  const gang = (gpus = 0, over: Record<string, unknown> = {}) =>
    job({ nodes: 3, ...container({ resources: { cpu: '2', memory: '4Gi', gpus } }), ...over });
  const env = (of: IslandJob) => podSpec(of).containers[0]?.env ?? [];
  const values = (of: IslandJob) => Object.fromEntries(env(of).map(({ name, value }) => [name, value]));

  it('is an Indexed Job of as many pods, in a domain of the name of the attempt', () => {
    const { spec } = jobOf(gang(), 2, settings);
    assert.deepEqual(
      [spec.completions, spec.parallelism, spec.completionMode, spec.backoffLimit, spec.podReplacementPolicy],
      [3, 3, 'Indexed', 0, 'Failed'],
    );
    assert.equal(spec.template.spec?.subdomain, `${NAME}-a2`);
    const alone = jobOf(job(), 2, settings).spec;
    assert.deepEqual([alone.completions, alone.completionMode, alone.template.spec?.subdomain], [1, undefined, undefined]);
  });

  it('has a headless Service that names its pods before they are ready', () => {
    const service = serviceOf(gang(), 2);
    assert.equal(service?.metadata.name, `${NAME}-a2`);
    assert.deepEqual(service?.spec, {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { 'atoll.dev/island-job-uid': UID, 'atoll.dev/attempt': '2' },
    });
    assert.equal(service?.metadata.labels?.['atoll.dev/island-job-uid'], UID);
    assert.equal(service?.metadata.ownerReferences?.[0]?.uid, UID);
    assert.equal(serviceOf(job(), 2), undefined);
  });

  it('tells torchrun who is there, and where pod 0 is', () => {
    const { MASTER_ADDR, MASTER_PORT, NNODES, PET_NNODES, PET_NPROC_PER_NODE, PET_MASTER_ADDR, PET_MASTER_PORT } = values(
      gang(8),
    );
    assert.deepEqual([MASTER_ADDR, PET_MASTER_ADDR], [`${NAME}-a1-0.${NAME}-a1`, `${NAME}-a1-0.${NAME}-a1`]);
    assert.deepEqual([MASTER_PORT, PET_MASTER_PORT, NNODES, PET_NNODES, PET_NPROC_PER_NODE], ['29500', '29500', '3', '3', '8']);
    const fieldPath = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
    for (const rank of ['NODE_RANK', 'PET_NODE_RANK'])
      assert.deepEqual(env(gang(8)).find(({ name }) => name === rank)?.valueFrom, { fieldRef: { fieldPath } });
  });

  it('counts processes only where each pod has one', () => {
    const names = (of: IslandJob) => env(of).map(({ name }) => name);
    assert.deepEqual([values(gang())['WORLD_SIZE'], names(gang()).includes('RANK')], ['3', true]);
    assert.deepEqual([values(gang(8))['WORLD_SIZE'], names(gang(8)).includes('RANK')], [undefined, false]);
    assert.ok(!names(job()).some((name) => /RANK|MASTER|PET_|NNODES|WORLD/.test(name)));
  });

  it('leaves what the user sets', () => {
    const own = gang(0, container({ env: [{ name: 'MASTER_PORT', value: '1' }] }));
    assert.deepEqual(
      env(own).filter(({ name }) => name === 'MASTER_PORT'),
      [{ name: 'MASTER_PORT', value: '1' }],
    );
  });

  it('has names that fit, of the longest training with the most placements, attempts and pods', () => {
    const name = islandJobName({ name: 'x'.repeat(40), uid: 'a'.repeat(36) }, { role: 'Router' }, 9999);
    assert.ok(`${attemptName(name, 9999)}-63`.length <= 63);
  });
});

describe('the queue', () => {
  it('is a label of the Job, and its suspension is left to the queue', () => {
    const { metadata, spec } = jobOf(job({ queueName: 'gpus' }), 1, settings);
    assert.equal(metadata.labels?.['kueue.x-k8s.io/queue-name'], 'gpus');
    assert.equal(spec.template.metadata?.labels?.['kueue.x-k8s.io/queue-name'], undefined);
    assert.ok(!('suspend' in spec));
    assert.equal(jobOf(job(), 1, settings).metadata.labels?.['kueue.x-k8s.io/queue-name'], undefined);
  });
});

describe('the ConfigMap of an attempt', () => {
  const { data = {} } = configMapOf(job({ params: { steps: 10 } }), 3, settings);

  it('holds the contract and the courier configuration as their schemas say', () => {
    const spec = trainerSpec.parse(JSON.parse(data['spec.json'] ?? ''));
    assert.deepEqual([spec.attempt, spec.params, spec.threads, spec.grace], [3, { steps: 10 }, 1, { saveSeconds: 60 }]);
    const config = courierConfig.strict().parse(JSON.parse(data['courier.json'] ?? ''));
    assert.deepEqual(config.stores, [
      { name: 'default', endpoint: 'http://10.99.0.1:7070', region: 'us-east-1', bucket: 'atoll', pathStyle: true },
    ]);
    assert.deepEqual(config.grace, { saveSeconds: 60, publishSeconds: 600 });
  });

  it('holds the hash of the bearer, never the bearer', () => {
    const token = attemptToken(settings.agentKey, UID, 3);
    assert.notEqual(token, attemptToken(settings.agentKey, UID, 4));
    assert.ok(!JSON.stringify(data).includes(token));
    assert.ok(data['courier.json']?.includes(createHash('sha256').update(token).digest('hex')));
  });
});

describe('a podTemplate', () => {
  it('merges maps, named lists by their key, adds tolerations and replaces other lists', () => {
    const base = {
      a: { x: 1, y: 2 },
      containers: [{ name: 'trainer', image: 'i', args: ['1'] }],
      tolerations: [{ key: 'k' }],
      args: [1, 2],
      gone: 1,
    };
    const patch = {
      a: { y: 3 },
      containers: [{ name: 'trainer', args: ['2'] }, { name: 'more' }],
      tolerations: [{ key: 'l' }],
      args: [3],
      gone: null,
    };
    assert.deepEqual(merge(base, patch), {
      a: { x: 1, y: 3 },
      containers: [{ name: 'trainer', image: 'i', args: ['2'] }, { name: 'more' }],
      tolerations: [{ key: 'k' }, { key: 'l' }],
      args: [3],
    });
  });

  it('can give the trainer a volume and the pod an annotation', () => {
    const podTemplate = {
      metadata: { annotations: { team: 'vision' } },
      spec: {
        volumes: [{ name: 'cache', emptyDir: {} }],
        containers: [{ name: 'trainer', volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }],
      },
    };
    const made = podOf(job(container({ podTemplate })), 1, settings);
    assert.equal(made.metadata.annotations?.team, 'vision');
    assert.ok(made.spec.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/cache'));
    assert.ok(made.spec.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/atoll/work'));
  });

  for (const [patch, message] of [
    [{ spec: { containers: [{ name: 'courier', image: 'evil' }] } }, /containers\[courier\] cannot be changed/],
    [
      { spec: { initContainers: [{ name: 'trainer', image: 'x' }] } },
      /initContainers\[trainer\] cannot be set: the trainer is in containers/,
    ],
    [{ spec: { initContainers: [{ name: 'restore', image: 'evil' }] } }, /initContainers\[restore\] cannot be changed/],
    [{ spec: { restartPolicy: 'Always' } }, /spec\.restartPolicy cannot be set/],
    [{ spec: { automountServiceAccountToken: true } }, /automountServiceAccountToken cannot be set/],
    [{ spec: { serviceAccountName: 'admin' } }, /serviceAccountName cannot be set: training pods have no identity/],
    [{ spec: { serviceAccount: 'admin' } }, /serviceAccount cannot be set: training pods have no identity/],
    [
      { spec: { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] } },
      /volumes\[v\] cannot project a serviceAccountToken/,
    ],
    [
      { spec: { containers: [{ name: 'trainer', resources: { limits: { 'nvidia.com/gpu': '8' } } }] } },
      /containers\[trainer\]\.resources cannot ask for nvidia\.com\/gpu: use resources\.gpus/,
    ],
    [
      { spec: { initContainers: [{ name: 'pre', resources: { requests: { 'nvidia.com/gpu': 1 } } }] } },
      /initContainers\[pre\]\.resources cannot ask for nvidia\.com\/gpu/,
    ],
    [{ spec: { subdomain: 'x' } }, /spec\.subdomain cannot be set/],
    [{ metadata: { labels: { 'atoll.dev/attempt': '9' } } }, /names under atoll\.dev\/ are Atoll's/],
    [{ metadata: { finalizers: [] } }, /metadata\.finalizers cannot be set/],
    [{ spec: { containers: [{ name: 'second', image: 'x' }] } }, /containers\[second\] cannot be added: use initContainers/],
    [{ status: {} }, /podTemplate\.status is not part of a pod template/],
  ] as const)
    it(`cannot change ${JSON.stringify(patch)}`, () => {
      assert.throws(() => podOf(job(container({ podTemplate: patch })), 1, settings), message);
    });
});

describe('the NetworkPolicy', () => {
  it('is not written when the settings name no network', () => assert.equal(networkPolicyOf(job(), settings), undefined));

  it('lets out to DNS and the stores, and in from the agent to the courier', () => {
    const network = {
      stores: [{ cidr: '10.99.0.1/32', ports: [7070] }],
      agentNamespace: 'atoll-system',
      agentPodLabels: { app: 'atoll' },
    };
    const policy = networkPolicyOf(job(), { ...settings, network });
    assert.deepEqual(policy?.spec.egress?.[1], {
      to: [{ ipBlock: { cidr: '10.99.0.1/32' } }],
      ports: [{ protocol: 'TCP', port: 7070 }],
    });
    assert.deepEqual(policy?.spec.ingress, [
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'atoll-system' } },
            podSelector: { matchLabels: { app: 'atoll' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 9464 }],
      },
    ]);
    assert.deepEqual(policy?.spec.podSelector, { matchLabels: { 'atoll.dev/island-job-uid': UID } });
  });

  it('lets nothing else through in either direction: one rule for DNS, one a store, one in', () => {
    const policy = networkPolicyOf(job(), {
      ...settings,
      network: {
        stores: [
          { cidr: '10.99.0.1/32', ports: [7070] },
          { cidr: '2001:db8::/64', ports: [] },
        ],
        dnsCidrs: ['169.254.20.10/32'],
        agentCidrs: ['10.0.0.0/24'],
      },
    });
    assert.deepEqual(policy?.spec, {
      podSelector: { matchLabels: { 'atoll.dev/island-job-uid': UID } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          to: [
            { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
            { ipBlock: { cidr: '169.254.20.10/32' } },
          ],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
        { to: [{ ipBlock: { cidr: '10.99.0.1/32' } }], ports: [{ protocol: 'TCP', port: 7070 }] },
        { to: [{ ipBlock: { cidr: '2001:db8::/64' } }] },
      ],
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 9464 }] }],
    });
  });

  it('lets the pods of a gang speak to each other on every port, and to nobody else', () => {
    const network = { stores: [{ cidr: '10.99.0.1/32', ports: [7070] }], agentCidrs: ['10.0.0.0/24'] };
    const alone = networkPolicyOf(job(), { ...settings, network })?.spec;
    const gang = networkPolicyOf(job({ nodes: 2 }), { ...settings, network })?.spec;
    const members = [{ podSelector: { matchLabels: { 'atoll.dev/island-job-uid': UID } } }];
    assert.deepEqual(gang?.egress, [...(alone?.egress ?? []), { to: members }]);
    assert.deepEqual(gang?.ingress, [...(alone?.ingress ?? []), { from: members }]);
  });
});
