/** Counts what the island has: CPUs, memory and GPUs of its ready nodes, and which GPUs no pod has asked for. */
import type { Capacity } from '../api/computeisland.ts';
import type { Container, Node, Pod } from '../kube/core.ts';
import { bytesText, cpuText, quantity } from './quantity.ts';

export const gpuResource = 'nvidia.com/gpu';
export const gpuProductLabel = 'nvidia.com/gpu.product';

/** Whether an extended resource is a GPU, or a part of one, of any maker: nvidia.com/mig-1g.5gb, amd.com/gpu, gpu.intel.com/i915. */
export function isGpu(resource: string): boolean {
  return resource.includes('/') && /(^|[./-])(gpu|mig)([./-]|$)/i.test(resource);
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

export function isUsable(node: Node): boolean {
  return isReady(node) && node.spec?.unschedulable !== true && node.metadata.deletionTimestamp === undefined;
}

/** GPUs that are in the node and that no pod can get: those its device plugin took back, and all of a node that is not ready. */
function unhealthyGpus(node: Node): number {
  const allocatable = quantity(node.status?.allocatable?.[gpuResource]);
  const present = Math.max(allocatable, quantity(node.status?.capacity?.[gpuResource]));
  return isReady(node) ? present - allocatable : present;
}

function gpusOf(containers: readonly Container[]): number[] {
  return containers.map(({ resources }) => quantity(resources?.limits?.[gpuResource] ?? resources?.requests?.[gpuResource]));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

/** GPUs a pod holds: those of its containers and sidecars together, or of one init container when that has more. */
export function gpusOfPod({ spec }: Pod): number {
  const init = spec.initContainers ?? [];
  const lasting = sum(gpusOf(spec.containers)) + sum(gpusOf(init.filter(({ restartPolicy }) => restartPolicy === 'Always')));
  return Math.max(lasting, ...gpusOf(init));
}

/** Pods that have ended hold nothing; pods without a node hold nothing yet. */
export function capacityOf(nodes: readonly Node[], pods: readonly Pod[]): Capacity {
  const usable = nodes.filter(isUsable);
  const used = new Map<string, number>();
  for (const pod of pods) {
    const { phase } = pod.status ?? {};
    const node = pod.spec.nodeName;
    if (node === undefined || phase === 'Succeeded' || phase === 'Failed') continue;
    used.set(node, (used.get(node) ?? 0) + gpusOfPod(pod));
  }
  const byProduct = new Map<string, { total: number; free: number; unhealthy: number }>();
  for (const node of nodes) {
    const total = isUsable(node) ? quantity(node.status?.allocatable?.[gpuResource]) : 0;
    const unhealthy = unhealthyGpus(node);
    if (total + unhealthy === 0) continue;
    const product = node.metadata.labels?.[gpuProductLabel] ?? '';
    const known = byProduct.get(product) ?? { total: 0, free: 0, unhealthy: 0 };
    const free = Math.max(0, total - (used.get(node.metadata.name) ?? 0));
    byProduct.set(product, {
      total: known.total + total,
      free: known.free + free,
      unhealthy: known.unhealthy + unhealthy,
    });
  }
  return {
    cpu: cpuText(sum(usable.map(({ status }) => quantity(status?.allocatable?.cpu)))),
    memory: bytesText(sum(usable.map(({ status }) => quantity(status?.allocatable?.memory)))),
    gpus: [...byProduct]
      .map(([product, counts]) => ({ product, ...counts }))
      .toSorted((a, b) => a.product.localeCompare(b.product)),
  };
}

/** Keeps of a pod what counting needs: thousands of foreign pods pass through this cache. */
export function slimPod(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  const slim = ({ name: container, resources, restartPolicy }: Container): Container => ({
    name: container,
    ...(resources === undefined ? {} : { resources }),
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  const { nodeName, initContainers, containers } = pod.spec;
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {
      containers: containers.map(slim),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(slim) }),
      ...(nodeName === undefined ? {} : { nodeName }),
    },
    ...(pod.status?.phase === undefined ? {} : { status: { phase: pod.status.phase } }),
  };
}
