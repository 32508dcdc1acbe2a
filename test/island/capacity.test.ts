/** Counting what an island has, and what of its GPUs is free. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capacityOf, gpusOfPod, slimPod } from '../../src/island/capacity.ts';
import { bytesText, cpuText, quantity } from '../../src/island/quantity.ts';
import type { Node, Pod } from '../../src/kube/core.ts';

function node(name: string, over: { ready?: boolean; gpus?: number; product?: string; cordoned?: boolean } = {}): Node {
  const { ready = true, gpus = 0, product, cordoned = false } = over;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...(product === undefined ? {} : { labels: { 'nvidia.com/gpu.product': product } }) },
    spec: { unschedulable: cordoned },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      allocatable: { cpu: '3920m', memory: '8Gi', ...(gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {}) },
    },
  };
}

function pod(nodeName: string | undefined, gpus: number[], phase = 'Running'): Pod {
  const containers = gpus.map((count, index) => ({
    name: `c${index}`,
    resources: { limits: { 'nvidia.com/gpu': String(count) } },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers, ...(nodeName === undefined ? {} : { nodeName }) },
    status: { phase },
  };
}

describe('the capacity of an island', () => {
  it('counts ready nodes that take work, GPUs by model, and those that no pod has', () => {
    const nodes = [
      node('a', { gpus: 4, product: 'H100' }),
      node('b', { gpus: 2, product: 'A100' }),
      node('c', { gpus: 8, product: 'H100', ready: false }),
      node('d', { cordoned: true }),
    ];
    const pods = [pod('a', [1]), pod('a', [1, 1]), pod('a', [1], 'Succeeded'), pod(undefined, [2]), pod('c', [3])];
    assert.deepEqual(capacityOf(nodes, pods), {
      cpu: '7840m',
      memory: '16Gi',
      gpus: [
        { product: 'A100', total: 2, free: 2, unhealthy: 0 },
        { product: 'H100', total: 4, free: 1, unhealthy: 8 },
      ],
    });
  });

  it('of nothing is nothing', () => assert.deepEqual(capacityOf([], []), { cpu: '0', memory: '0Gi', gpus: [] }));

  it('counts a sidecar with the containers and an init container by itself', () => {
    const gpu = (count: number) => ({ resources: { limits: { 'nvidia.com/gpu': String(count) } } });
    const spec = {
      containers: [{ name: 'a', ...gpu(1) }],
      initContainers: [
        { name: 's', restartPolicy: 'Always', ...gpu(1) },
        { name: 'i', ...gpu(3) },
      ],
    };
    const whole: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec };
    assert.equal(gpusOfPod(whole), 3);
    assert.equal(gpusOfPod(slimPod(whole)), 3);
  });
});

describe('a quantity', () => {
  it('is read as Kubernetes means it', () => {
    assert.deepEqual(['2', '500m', '1Ki', '1.5Gi', '1G', '', 'x', undefined].map(quantity), [
      2,
      0.5,
      1024,
      1.5 * 2 ** 30,
      1e9,
      0,
      0,
      0,
    ]);
    assert.deepEqual([cpuText(2), cpuText(0.25), bytesText(2 ** 30), bytesText(1536 * 2 ** 20)], ['2', '250m', '1Gi', '1536Mi']);
  });
});
