/** The nodes of a simulated cluster, their scheduler and their kubelets: pods are placed, run, reported, deleted, cut off and lost. */
import { type ContainerStatus, configMaps, nodes, type Pod, pods } from '../../../src/kube/core.ts';
import { keyOf, type ObjectKey } from '../../../src/kube/types.ts';
import type { MemoryApi } from '../../kube/memory-client.ts';
import type { SimClock } from '../clock.ts';
import { type PodParts, SimPod } from '../pod/pod.ts';
import type { Dice } from '../random.ts';

interface SimNode {
  readonly name: string;
  /** false: its kubelet cannot reach the API server; its pods run on. */
  connected: boolean;
  alive: boolean;
}

export interface Nodes {
  readonly running: ReadonlyMap<string, SimPod>;
  readonly names: string[];
  /** Whether the agent can reach the pod of this number. */
  reaches(number: number): boolean;
  cutOff(name: string): void;
  bringBack(name: string): void;
  /** The machine dies, with everything on it. */
  kill(name: string): void;
  /** The administrator takes a dead node out of the cluster, and it comes back empty. */
  replace(name: string): void;
  evict(pod: SimPod): void;
  /** Everything here dies: the cluster is gone. */
  destroy(): void;
}

let podNumbers = 0;
export const resetPodNumbers = () => void (podNumbers = 0);

interface NodesOptions {
  api: MemoryApi;
  clock: SimClock;
  dice: Dice;
  island: string;
  names: string[];
  parts: Omit<PodParts, 'changed'>;
  /** Whether this cluster still exists. */
  current: () => boolean;
}

const gpuProduct = 'NVIDIA-H100-80GB-HBM3';

/** As a kubelet reports a pod of which it finds no container. */
function unknownStatus({ status }: Pod): NonNullable<Pod['status']> {
  const lost = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };
  const known = (list: ContainerStatus[] = []) => list.map((one) => (one.state?.running ? { ...one, state: lost } : one));
  return {
    ...status,
    phase: 'Failed',
    initContainerStatuses: known(status?.initContainerStatuses),
    containerStatuses: known(status?.containerStatuses),
  };
}

export function runNodes({ api, clock, dice, island, names, parts, current }: NodesOptions): Nodes {
  const machines = new Map<string, SimNode>(names.map((name) => [name, { name, connected: true, alive: true }]));
  const running = new Map<string, SimPod>();
  /** Pods whose kubelet has something to say and cannot. */
  const unsaid = new Set<SimPod>();
  const reporting = new Set<SimPod>();
  const seen = new Set<string>();
  const told = new Set<string>();

  const putNode = (name: string) =>
    api.put(nodes, {
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'nvidia.com/gpu.product': gpuProduct } },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        allocatable: { cpu: '64', memory: '256Gi', 'nvidia.com/gpu': '8' },
        capacity: { cpu: '64', memory: '256Gi', 'nvidia.com/gpu': '8' },
      },
    });
  for (const name of names) putNode(name);

  /** The node controller calls a node unreachable some time after its kubelet has fallen silent. */
  function noticeSilence(node: SimNode): void {
    clock.timer(15_000, () => {
      const stored = api.get(nodes, { name: node.name });
      if (!current() || node.connected || !stored) return;
      const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }];
      api.put(nodes, {
        ...stored,
        spec: { taints },
        status: { ...stored.status, conditions: [{ type: 'Ready', status: 'Unknown' }] },
      });
    });
  }

  const nodeOf = (pod: Pick<SimPod, 'node'>) => machines.get(pod.node);
  const keyOfPod = (pod: SimPod): ObjectKey => ({ namespace: pod.namespace, name: pod.name });

  function report(pod: SimPod): void {
    if (reporting.has(pod)) return;
    reporting.add(pod);
    clock.timer(dice.between(5, 120), () => {
      reporting.delete(pod);
      if (!current()) return;
      if (nodeOf(pod)?.connected !== true) {
        unsaid.add(pod);
        return;
      }
      const stored = api.get(pods, keyOfPod(pod));
      if (stored?.metadata.uid !== pod.uid || stored === undefined) {
        running.delete(pod.uid);
        return;
      }
      api.put(pods, { ...stored, status: pod.status() });
      if (!pod.over) return;
      running.delete(pod.uid);
      if (stored.metadata.deletionTimestamp !== undefined) api.finishPod(keyOfPod(pod));
    });
  }

  function schedule(fresh: Pod): void {
    const pod = api.get(pods, keyOf(fresh));
    if (!current() || pod?.metadata.uid !== fresh.metadata.uid || pod === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName) return;
    const avoided = JSON.stringify(pod.spec.affinity ?? {});
    const fits = [...machines.values()].filter(
      ({ name, alive, connected }) => alive && connected && !avoided.includes(`"${name}"`),
    );
    if (fits.length === 0) return void clock.timer(2000, () => schedule(fresh));
    const node = dice.pick(fits);
    api.put(pods, { ...pod, spec: { ...pod.spec, nodeName: node.name } });
    clock.timer(dice.between(20, 200), () => start(fresh));
  }

  function start(fresh: Pod): void {
    const pod = api.get(pods, keyOf(fresh));
    if (!current() || pod?.metadata.uid !== fresh.metadata.uid || pod === undefined || running.has(pod.metadata.uid ?? ''))
      return;
    const node = machines.get(pod.spec.nodeName ?? '');
    if (!node?.alive || pod.status?.phase === 'Failed') return;
    if (!node.connected) return void clock.timer(1000, () => start(fresh));
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const { name = '' } = pod.spec.volumes?.find((volume) => volume.configMap)?.configMap ?? {};
    const map = api.get(configMaps, { ...keyOf(pod), name });
    if (!map) return void clock.timer(1000, () => start(fresh));
    const made = new SimPod(pod, map, { island, number: ++podNumbers }, { ...parts, changed: report });
    running.set(made.uid, made);
    void made.run();
  }

  /** A kubelet is told that a pod is to go. */
  function terminate(key: ObjectKey, uid: string): void {
    const pod = api.get(pods, key);
    if (!current() || pod?.metadata.uid !== uid || pod === undefined) return;
    const node = machines.get(pod.spec.nodeName ?? '');
    if (node && !node.alive) return;
    if (node && !node.connected) return void told.delete(uid);
    const here = running.get(uid);
    if (here && !here.over) return here.terminate(pod.metadata.deletionGracePeriodSeconds ?? 30);
    const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (!over) api.put(pods, { ...pod, status: { ...pod.status, phase: 'Failed' } });
    api.finishPod(key);
  }

  function tell(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (pod.metadata.deletionTimestamp === undefined || told.has(uid)) return;
    told.add(uid);
    clock.timer(dice.between(5, 100), () => terminate(keyOf(pod), uid));
  }

  api.observe(({ type, change, object }) => {
    if (type.kind !== 'Pod' || change === 'DELETED') return;
    const pod = object as Pod;
    const uid = pod.metadata.uid ?? '';
    if (!seen.has(uid)) clock.timer(dice.between(10, 150), () => schedule(pod));
    seen.add(uid);
    tell(pod);
  });

  /** What Kubernetes does with the pods of a node that is gone: failed by the pod garbage collector, then deleted by force. */
  function collectPodsOf(name: string): void {
    for (const pod of api.all(pods).filter(({ spec }) => spec.nodeName === name)) {
      const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (!over)
        api.put(pods, {
          ...pod,
          status: {
            ...pod.status,
            phase: 'Failed',
            conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'node not found' }],
          },
        });
      void api
        .client({ name: 'pod-gc' })
        .delete(pods, keyOf(pod), { uid: pod.metadata.uid ?? '', gracePeriodSeconds: 0 })
        .then(() => api.finishPod(keyOf(pod)));
    }
  }

  /** A kubelet that begins anew finds pods that are bound to its node, and nothing of them: it reports their containers as ended. */
  function disown(name: string): void {
    for (const pod of api.all(pods).filter(({ spec }) => spec.nodeName === name)) {
      clock.timer(dice.between(50, 500), () => {
        const stored = api.get(pods, keyOf(pod));
        if (!current() || stored === undefined || stored.metadata.uid !== pod.metadata.uid) return;
        if (machines.get(name)?.connected !== true || running.has(pod.metadata.uid ?? '')) return;
        api.put(pods, { ...stored, status: unknownStatus(stored) });
        if (stored.metadata.deletionTimestamp !== undefined) api.finishPod(keyOf(pod));
      });
    }
  }

  return {
    running,
    names,
    reaches(number) {
      const pod = [...running.values()].find((one) => one.number === number);
      return pod !== undefined && nodeOf(pod)?.connected === true;
    },
    cutOff(name) {
      const node = machines.get(name);
      if (!node) return;
      node.connected = false;
      noticeSilence(node);
    },
    bringBack(name) {
      const node = machines.get(name);
      if (!node || node.connected) return;
      node.connected = true;
      if (!node.alive) return;
      putNode(name);
      for (const pod of [...unsaid].filter((one) => one.node === name)) {
        unsaid.delete(pod);
        report(pod);
      }
      for (const pod of api.all(pods)) if (pod.spec.nodeName === name) tell(pod);
    },
    kill(name) {
      const node = machines.get(name);
      if (!node?.alive) return;
      node.alive = false;
      node.connected = false;
      noticeSilence(node);
      for (const pod of [...running.values()].filter((one) => one.node === name)) {
        pod.vanish();
        running.delete(pod.uid);
        unsaid.delete(pod);
      }
    },
    replace(name) {
      const node = machines.get(name);
      if (!node || node.alive) return;
      const stored = api.get(nodes, { name });
      void api.client({ name: 'admin' }).delete(nodes, { name }, { uid: stored?.metadata.uid ?? '' });
      clock.timer(2000, () => {
        if (current()) collectPodsOf(name);
      });
      clock.timer(20_000, () => {
        if (!current()) return;
        node.alive = true;
        node.connected = true;
        putNode(name);
        disown(name);
      });
    },
    evict(pod) {
      pod.disruption = 'EvictionByEvictionAPI';
      report(pod);
      void api.client({ name: 'eviction' }).delete(pods, keyOfPod(pod), { uid: pod.uid });
    },
    destroy() {
      for (const pod of running.values()) pod.vanish();
      running.clear();
    },
  };
}
