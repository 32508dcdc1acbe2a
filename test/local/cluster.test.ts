/** A whole cluster: restricted pods with sidecars, GPUs, restarts, cut wires, and that nothing of it stays. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import { missingRequirements } from '../../local/requirements.ts';
import { until } from './alive.ts';
import {
  answering,
  asking,
  create as createIn,
  lastWords,
  makeNamespace,
  type PodParts,
  phase as phaseIn,
  pod,
  service,
} from './pods.ts';
import { hostState, leftOf, namespacesOf } from './traces.ts';

const missing = await missingRequirements();

describe('a cluster', { skip: missing.join(' ') || false }, () => {
  let cluster: Cluster;
  let host: Record<string, string[]>;
  const create = (parts: PodParts) => createIn(cluster, pod(parts));
  const get = async (what: string, path: string) =>
    (await cluster.kubectl(['-n', 'work', 'get', what, `--output=jsonpath=${path}`])).stdout;
  const phase = (name: string, wanted: 'Running' | 'Succeeded') => phaseIn(cluster, name, wanted);

  before(async () => {
    host = await hostState();
    cluster = await startCluster({ gpus: 4 });
    await makeNamespace(cluster);
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

  it('gives pods the addresses of Services and of pods that a headless Service names, and says at once what there is not', async () => {
    const member = { hostname: 'web-0', subdomain: 'members' };
    await createIn(
      cluster,
      pod({ name: 'web', script: answering('here'), labels: { app: 'web' }, spec: member }),
      service('web'),
      service('members', { clusterIP: 'None', selector: { app: 'web' }, publishNotReadyAddresses: true }),
    );
    await phase('web', 'Running');
    const names = ['kubernetes.default.svc', 'web', 'web-0.members', 'web.work.svc.cluster.local'];
    const line = (name: string) => `$(getent ahostsv4 ${name} | head -1 | cut -d" " -f1)`;
    const resolved = `for i in $(seq 50); do getent hosts web-0.members >/dev/null && break; sleep 0.2; done; echo "${names.map(line).join(' ')}" >/dev/termination-log`;
    await create({ name: 'names', script: resolved });
    const [web, member0] = [await get('service/web', '{.spec.clusterIP}'), await get('pod/web', '{.status.podIP}')];
    assert.equal(await lastWords(cluster, 'names'), `10.96.0.1 ${web} ${member0} ${web}`);
    await create({ name: 'client', script: asking('web') });
    assert.equal(await lastWords(cluster, 'client'), 'here');
    await create({ name: 'nowhere', script: '! timeout 3 getent hosts nowhere.example.org' });
    await phase('nowhere', 'Succeeded');
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

  it('goes on with what a copy of its API server holds when it is put back to it, and takes new pods', async () => {
    const container = () => get('pod/survivor', '{.status.containerStatuses[0].containerID}');
    const then = await container();
    const backup = await cluster.api.backup();
    await create({ name: 'forgotten', script: 'sleep infinity' });
    await phase('forgotten', 'Running');
    await cluster.api.restore(backup);
    assert.equal(await get('pods', '{.items[?(@.metadata.name=="forgotten")].metadata.name}'), '');
    await create({ name: 'later', script: 'true' });
    await phase('later', 'Succeeded');
    assert.equal(await container(), then);
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
