/** A node that says that a GPU of its is faulty, as monitors of GPUs say it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Node } from '../../../src/kube/core.ts';
import { eventually } from '../../kube/eventually.ts';
import type { World } from '../world.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

const type = 'GpuUnhealthy';

export function gpu(failures: () => Failures): void {
  it('that fails on a node with a faulty GPU goes on at another, and is not counted', async () => {
    const { world } = failures();
    const fault = { how: 'crash', at: 60, attempts: [1] } as const;
    const work = await failures().start('gpu', { fault, resources: { gpus: 1 } });
    const { spec } = await work.trainer(1);
    const node = spec.nodeName ?? '';
    await say(world, node, 'True');
    try {
      await work.published(0, checkpointEvery);
      const record = await work.ended(1);
      assert.deepEqual([record.class, record.action, record.counted], ['GpuFault', 'RetryElsewhere', false]);
      assert.match(
        record.message ?? '',
        new RegExp(`node ${node}: ${type}=True \\(DoubleBitError\\): GPU 0 has uncorrectable errors`),
      );
      await work.complete();
    } finally {
      await say(world, node, 'False');
    }
    assert.deepEqual(await work.endings(), ['GpuFault by gpu-unhealthy', 'Succeeded by final-published']);
    assert.equal((await work.attempts())[1]?.node, failures().otherNode(node));
    assert.equal((await work.expert(0)).status?.restarts, 0);
    await work.tells(/GpuFault/, /GPU 0 has uncorrectable errors/);
  });
}

export function driver(failures: () => Failures): void {
  it('whose log names an error of the driver that asks for a reset goes on at another node, and is not counted', async () => {
    const work = await failures().start('xid', { fault: { how: 'xid', at: 25, attempts: [1] } });
    const { class: end, rule, action, counted, message, node } = await work.ended(1);
    assert.deepEqual([end, rule, action, counted], ['GpuFault', 'xid-hardware', 'RetryElsewhere', false]);
    assert.equal(message, `XID 79 on node ${node}: RuntimeError: CUDA error: unknown error`);
    await work.complete();
    assert.equal((await work.attempts())[1]?.node, failures().otherNode(node));
    await work.tells(/XID 79 on node/, /Have the node drained/);
  });
}

export function plugin(failures: () => Failures): void {
  it('that fails on a node whose device plugin has taken its GPU back goes on at another, and is not counted', async () => {
    const { world } = failures();
    const fault = { how: 'crash', at: 60, attempts: [1] } as const;
    const release = await keepFromKubelets(world, failures().nodes[0] ?? '');
    try {
      const work = await failures().start('plugin', { fault, resources: { gpus: 1 } });
      const { spec } = await work.trainer(1);
      const node = spec.nodeName ?? '';
      await allocatable(world, node, '0');
      try {
        const { class: end, rule, message } = await work.ended(1);
        assert.deepEqual([end, rule], ['GpuFault', 'gpu-unhealthy']);
        assert.equal(message, `node ${node}: the device plugin has taken back 1 of 1 GPUs`);
        await work.complete();
      } finally {
        await allocatable(world, node, '1');
      }
      assert.equal((await work.attempts())[1]?.node, failures().otherNode(node));
    } finally {
      await release();
    }
  });
}

/** What the kubelet says of a device that its plugin calls unhealthy: it is still there, and nobody may have it. */
async function allocatable(world: World, node: string, count: string): Promise<void> {
  const patch = JSON.stringify({ status: { allocatable: { 'nvidia.com/gpu': count } } });
  await world.cluster.kubectl(['patch', 'node', node, '--subresource=status', '--type=merge', '--patch', patch]);
}

/**
 * No kubelet may change what is allocatable. It knows of no plugin for these GPUs, and would give back all of them with its next status,
 * at most ten seconds later. Comes once the API server refuses it, and returns what lets them again.
 */
async function keepFromKubelets(world: World, node: string): Promise<() => Promise<void>> {
  const name = 'allocatable-is-kept';
  const [apiVersion, metadata] = ['admissionregistration.k8s.io/v1', { name }];
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['nodes/status'], operations: ['UPDATE'] }];
  const policy = {
    matchConstraints: { resourceRules },
    matchConditions: [{ name: 'kubelets', expression: "'system:nodes' in request.userInfo.groups" }],
    validations: [{ expression: 'object.status.allocatable == oldObject.status.allocatable' }],
  };
  await world.apply(
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: policy },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  );
  const asKubelet = ['--as', `system:node:${node}`, '--as-group', 'system:nodes'];
  const refused = async () => {
    const found = JSON.parse(await world.kubectl(['get', 'node', node, '--output', 'json'])) as Node;
    const given = { ...found, status: { ...found.status, allocatable: { ...found.status?.allocatable, 'nvidia.com/gpu': '0' } } };
    const put = ['replace', '--raw', `/api/v1/nodes/${node}/status?dryRun=All`, '--filename', '-', ...asKubelet];
    return world.kubectl(put, { input: JSON.stringify(given) }).then(
      () => false,
      (error: unknown) => String(error).includes(name),
    );
  };
  await eventually('a kubelet may not change what is allocatable', refused, 30_000);
  return async () => {
    await world.kubectl(['delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', name]);
  };
}

/** Writes the condition as node-problem-detector would. */
async function say(world: World, node: string, status: 'True' | 'False'): Promise<void> {
  const words =
    status === 'True' ? { reason: 'DoubleBitError', message: 'GPU 0 has uncorrectable errors' } : { reason: 'Healthy' };
  const patch = { status: { conditions: [{ type, status, ...words }] } };
  await world.cluster.kubectl(['patch', 'node', node, '--subresource=status', '--patch', JSON.stringify(patch)]);
}
