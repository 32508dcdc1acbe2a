/** Several clusters side by side, one of them with two nodes: who reaches whom, and what a cut wire cuts. */
import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import { type ObjectStorage, startObjectStorage } from '../../local/object-storage.ts';
import { checkout } from '../../local/paths.ts';
import { missingRequirements } from '../../local/requirements.ts';
import { source, startNode, until } from './alive.ts';
import { answering, asking, create, lastWords, makeNamespace, phase, pod, service } from './pods.ts';
import { hostState, leftOf, namespacesOf } from './traces.ts';

const missing = await missingRequirements();

/** Whether the last line of a pod's log is this; read from the kubelet's file, since a cut cluster cannot be asked. */
async function says(cluster: Cluster, name: string, line: string): Promise<boolean> {
  const folder = join(cluster.dir, 'logs', 'pods');
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const file = files.find((path) => path.startsWith(`work_${name}_`) && path.endsWith('.log'));
  const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8');
  return text.trimEnd().endsWith(` F ${line}`);
}

describe('three clusters on one machine', { skip: missing.join(' ') || false }, () => {
  let host: Record<string, string[]>;
  let clusters: [Cluster, Cluster, Cluster];
  let storage: ObjectStorage;
  let hub: Cluster;
  let west: Cluster;
  let east: Cluster;

  before(async () => {
    host = await hostState();
    const booting = await Promise.allSettled([
      startCluster({ name: 'hub', gpus: 0 }),
      startCluster({ name: 'west', gpus: 2 }),
      startCluster({ name: 'east', gpus: 2, nodes: 2 }),
    ]);
    const failed = booting.find((one) => one.status === 'rejected');
    clusters = booting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) as typeof clusters;
    if (failed) throw failed.reason;
    [hub, west, east] = clusters;
    storage = await startObjectStorage({ hosts: ['127.0.0.1', hub.hostAddress] });
    await Promise.all(clusters.map(makeNamespace));
  });
  after(async () => {
    await Promise.all((clusters ?? []).map((cluster) => cluster.stop()));
    await storage?.stop();
  });

  it('have addresses of their own', () => {
    assert.equal(new Set(clusters.map(({ machine }) => machine.address)).size, 3);
  });

  it('reach a NodePort of another cluster and the object store of the host from pods', async () => {
    await create(
      hub,
      pod({ name: 'web', script: answering('from the hub'), labels: { app: 'web' } }),
      service('web', { type: 'NodePort' }),
    );
    await phase(hub, 'web', 'Running');
    const store = `timeout 10 bash -c 'echo >/dev/tcp/${hub.hostAddress}/${storage.port}' && echo connected >/dev/termination-log`;
    for (const cluster of [west, east]) {
      await create(
        cluster,
        pod({ name: 'client', script: asking(hub.machine.address, 30_800) }),
        pod({ name: 'store', script: store }),
      );
    }
    for (const cluster of [west, east]) {
      assert.equal(await lastWords(cluster, 'client'), 'from the hub');
      assert.equal(await lastWords(cluster, 'store'), 'connected');
    }
  });

  it('are cut off from the others and from the store while their wire is down, and go on inside', async () => {
    const reaches = (address: string, port: number) => `timeout 2 bash -c 'echo >/dev/tcp/${address}/${port}'`;
    const elsewhere = `${reaches(hub.machine.address, 30_800)} || ${reaches(hub.hostAddress, storage.port)}`;
    const inside = reaches('kubernetes.default.svc', 443);
    const script = `while sleep 0.2; do { ${inside} && { { ${elsewhere}; } && echo whole >&3 || echo cut >&3; }; } 3>&1 2>/dev/null; done`;
    await create(west, pod({ name: 'witness', script }));
    await until('the witness reaches everything', () => says(west, 'witness', 'whole'));
    await west.machine.setWire('down');
    try {
      await until('the witness reaches its own cluster only', () => says(west, 'witness', 'cut'));
      await assert.rejects(west.kubectl(['get', '--raw=/readyz'], { timeoutMs: 2000 }));
      assert.equal((await east.kubectl(['get', '--raw=/readyz'])).stdout, 'ok');
    } finally {
      await west.machine.setWire('up');
    }
    await until('the witness reaches everything again', () => says(west, 'witness', 'whole'));
  });

  it('spread pods over their nodes, which reach each other by name and by Service', async () => {
    const [first, second] = east.nodes.map(({ machine }) => machine.spec.name);
    assert.deepEqual([first, second], ['east', 'east-2']);
    const member = (index: number, node: string | undefined) =>
      pod({
        name: `member-${index}`,
        script: answering(`member ${index}`),
        labels: { app: 'members' },
        gpus: 2,
        spec: { hostname: `member-${index}`, subdomain: 'members', nodeSelector: { 'kubernetes.io/hostname': node } },
      });
    await create(east, member(0, first), member(1, second), service('members', { clusterIP: 'None' }));
    await Promise.all([phase(east, 'member-0', 'Running'), phase(east, 'member-1', 'Running')]);
    const asks = [
      [first, 'member-1.members'],
      [second, 'member-0.members'],
    ] as const;
    for (const [node, name] of asks)
      await create(east, pod({ name: `to-${name.slice(0, 8)}`, script: asking(name), spec: { nodeName: node } }));
    assert.equal(await lastWords(east, 'to-member-1'), 'member 1');
    assert.equal(await lastWords(east, 'to-member-0'), 'member 0');
  });

  it('leave nothing on the host when they are stopped', async () => {
    const machines = clusters.flatMap(({ nodes }) => nodes.map(({ machine }) => machine));
    const left = await Promise.all(
      machines.map(async (machine) => ({ machine, namespaces: await namespacesOf(Number(machine.enter[2])) })),
    );
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    for (const { machine, namespaces } of left) assert.deepEqual(await leftOf(machine.wire, namespaces), []);
    assert.deepEqual(await hostState(), host);
  });
});

describe('the end of several clusters', { skip: missing.join(' ') || false }, () => {
  it('comes with the death of their owner by SIGKILL, and leaves nothing', async () => {
    const links = await readdir('/sys/class/net');
    const host = await hostState();
    const owner = startNode(
      source(`import { startCluster } from ${JSON.stringify(join(checkout, 'local/cluster.ts'))};
        const clusters = await Promise.all(['one', 'two', 'three'].map((name) => startCluster({ name, gpus: 0 })));
        const machines = clusters.map(({ machine }) => [machine.wire, Number(machine.enter[2])]);
        console.log('READY', JSON.stringify(machines), clusters.map(({ dir }) => dir).join());
        setInterval(() => {}, 1000);`),
    );
    await until('they are up', async () => owner.printed().includes('READY'), 180_000);
    const [, machines = '', dirs = ''] = owner.printed().trim().split(' ');
    const left = await Promise.all(
      (JSON.parse(machines) as [string, number][]).map(async ([wire, init]) => ({ wire, namespaces: await namespacesOf(init) })),
    );
    owner.child.kill('SIGKILL');
    const all = async () => (await Promise.all(left.map(({ wire, namespaces }) => leftOf(wire, namespaces)))).flat();
    await until('their processes, wires and cgroups are gone', async () => (await all()).length === 0, 90_000);
    await until('their bridge is gone', async () => (await readdir('/sys/class/net')).join() === links.join(), 90_000);
    for (const dir of dirs.split(',')) await until('their folders are gone', () => gone(dir));
    assert.deepEqual(await hostState(), host);
  });
});

const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );
