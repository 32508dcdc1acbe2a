/** A whole cluster: restricted pods with sidecars, GPUs, restarts, cut wires, and that nothing of it stays. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import { missingRequirements } from '../../local/requirements.ts';
import { until } from './alive.ts';
import { hostState, leftOf, namespacesOf } from './traces.ts';

const missing = await missingRequirements();

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

interface PodParts {
  name: string;
  script: string;
  sidecar?: string;
  gpus?: number;
}

function pod({ name, script, sidecar, gpus }: PodParts): string {
  const container = (label: string, text: string) => ({
    name: label,
    image: 'localhost/base:latest',
    imagePullPolicy: 'Never',
    command: ['sh', '-c', text],
    securityContext: restricted,
  });
  const limits = gpus === undefined ? {} : { resources: { limits: { 'nvidia.com/gpu': String(gpus) } } };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'work' },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 5,
      ...(sidecar ? { initContainers: [{ ...container('sidecar', sidecar), restartPolicy: 'Always' }] } : {}),
      containers: [{ ...container('main', script), ...limits }],
    },
  });
}

describe('a cluster', { skip: missing.join(' ') || false }, () => {
  let cluster: Cluster;
  let host: Record<string, string[]>;
  const create = (parts: PodParts) => cluster.kubectl(['create', '-f', '-'], { input: pod(parts) });
  const get = async (what: string, path: string) =>
    (await cluster.kubectl(['-n', 'work', 'get', what, `--output=jsonpath=${path}`])).stdout;
  const phase = (name: string, wanted: string) =>
    cluster.kubectl(['-n', 'work', 'wait', `--for=jsonpath={.status.phase}=${wanted}`, `pod/${name}`, '--timeout=60s']);

  before(async () => {
    host = await hostState();
    cluster = await startCluster({ gpus: 4 });
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'work', labels } };
    await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(namespace) });
    await cluster.kubectl(['-n', 'work', 'wait', '--for=create', 'serviceaccount/default', '--timeout=20s']);
  });
  after(async () => cluster?.stop());

  it('runs a restricted pod with a native sidecar to its end and keeps the sidecar’s last words', async () => {
    const sidecar = "trap 'echo done >/dev/termination-log; exit 0' TERM; while :; do sleep 0.1; done";
    await create({ name: 'sidecar', script: 'sleep 0.5', sidecar });
    await phase('sidecar', 'Succeeded');
    const message = await get('pod/sidecar', '{.status.initContainerStatuses[0].state.terminated.message}');
    assert.equal(message, 'done\n');
  });

  it('reaches servers of the host and its own API server from pods', async () => {
    const script = `timeout 5 bash -c 'echo >/dev/tcp/${cluster.hostAddress}/1' 2>&1 | grep -q refused && timeout 5 bash -c 'echo >/dev/tcp/10.96.0.1/443'`;
    await create({ name: 'network', script });
    await phase('network', 'Succeeded');
  });

  it('gives out no more GPUs than it has', async () => {
    await create({ name: 'three', script: 'sleep infinity', gpus: 3 });
    await phase('three', 'Running');
    await create({ name: 'two', script: 'true', gpus: 2 });
    await until('the second pod does not fit', async () =>
      (await get('pod/two', '{.status.conditions[*].message}')).includes('nvidia.com/gpu'),
    );
    await cluster.kubectl(['-n', 'work', 'delete', 'pod/three', '--grace-period=0', '--force']);
    await phase('two', 'Succeeded');
  });

  it('keeps pods and GPUs while its kubelet and its API server are killed and come back', async () => {
    await create({ name: 'survivor', script: 'sleep infinity', gpus: 1 });
    await phase('survivor', 'Running');
    await cluster.kill('kubelet');
    await cluster.api.kill('SIGKILL');
    await cluster.api.start();
    await cluster.start('kubelet');
    assert.equal(await get('node', '{.items[0].status.allocatable.nvidia\\.com/gpu}'), '4');
    assert.equal(await get('pod/survivor', '{.status.containerStatuses[0].restartCount}'), '0');
  });

  it('is cut off while its wire is down and goes on inside', async () => {
    const reach = () => cluster.kubectl(['get', '--raw=/readyz'], { timeoutMs: 3000 });
    await cluster.machine.setWire('down');
    try {
      await assert.rejects(reach());
    } finally {
      await cluster.machine.setWire('up');
    }
    await until('it is reached again', () =>
      reach().then(
        () => true,
        () => false,
      ),
    );
    assert.equal(await get('pod/survivor', '{.status.phase}'), 'Running');
  });

  it('leaves nothing on the host when it is stopped with pods running', async () => {
    const { machine } = cluster;
    const namespaces = await namespacesOf(Number(machine.enter[2]));
    await cluster.stop();
    assert.deepEqual(await leftOf(machine.wire, namespaces), []);
    assert.deepEqual(await hostState(), host);
  });
});
