/** What makes a machine a node: containerd, the pod network, kubelet and kube-proxy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';
import { type Component, untilReady } from './component.ts';
import { clusterDomain } from './dns.ts';
import type { Machine } from './machine.ts';
import { cacheDir } from './paths.ts';
import type { CertificateAuthority } from './pki.ts';

export interface NodeSpec {
  machine: Machine;
  pki: CertificateAuthority;
  /** URL of the API server. */
  url: string;
  programs: { kubelet: string; 'kube-proxy': string };
  gpus: number;
  gpuProduct: string;
  /** Whether pods that use more disk than they may are evicted, which costs the kubelet a look at every volume each 10 s. */
  diskLimits: boolean;
  /** Address of the server that pods ask for names; undefined when there is none. */
  dns?: string | undefined;
}

export type NodeComponent = 'containerd' | 'kubelet' | 'kube-proxy';

/** A machine that runs pods; its name is the machine's. */
export interface ClusterNode {
  machine: Machine;
  components: Record<NodeComponent, Component>;
}

/** The folder that containerd keeps between boots, so that an image is unpacked once for each machine number. */
export function containerdRoot(machine: Machine): string {
  return join(cacheDir(), 'nodes', machine.wire);
}

/** The programs of a node, not started yet. */
export async function createNode(spec: NodeSpec): Promise<ClusterNode> {
  const { machine, pki, programs } = spec;
  const { dir, name } = machine.spec;
  await mkdir(join(dir, 'cni'), { recursive: true });
  const organization = 'system:nodes';
  const alternativeNames = [`IP:${machine.address}`, 'IP:127.0.0.1', `DNS:${name}`];
  await pki.issue({ name: `kubelet-${name}`, commonName: `system:node:${name}`, organization, alternativeNames });
  await pki.kubeconfig(`kubelet-${name}`, spec.url, join(dir, 'kubelet.kubeconfig'));
  await pki.kubeconfig('kube-proxy', spec.url, join(dir, 'kube-proxy.kubeconfig'));
  await writeFile(join(dir, 'containerd.toml'), containerdConfig(machine));
  await writeFile(join(dir, 'cni', '10-atoll.conflist'), JSON.stringify(podNetwork(machine), undefined, 2));
  await writeFile(join(dir, 'kubelet.json'), JSON.stringify(kubeletConfig(spec), undefined, 2));
  await writeFile(join(dir, 'resolv.conf'), '');
  const label = spec.gpus > 0 ? [`--node-labels=nvidia.com/gpu.product=${spec.gpuProduct}`] : [];
  const kubelet = [
    '--kubeconfig=kubelet.kubeconfig',
    '--config=kubelet.json',
    `--hostname-override=${name}`,
    `--node-ip=${machine.address}`,
  ];
  const proxy = [
    '--kubeconfig=kube-proxy.kubeconfig',
    '--proxy-mode=iptables',
    `--cluster-cidr=${clusterCidr}`,
    `--hostname-override=${name}`,
  ];
  const components = {
    containerd: machine.component('containerd', 'containerd', ['--config', 'containerd.toml']),
    kubelet: machine.component('kubelet', programs.kubelet, [...kubelet, ...label]),
    'kube-proxy': machine.component('kube-proxy', programs['kube-proxy'], [
      ...proxy,
      '--conntrack-max-per-core=0',
      '--oom-score-adj=0',
    ]),
  };
  return { machine, components };
}

/** Starts containerd and waits until it answers. */
export async function startContainerd(machine: Machine, containerd: Component, signal?: AbortSignal): Promise<void> {
  await mkdir(containerdRoot(machine), { recursive: true });
  containerd.start();
  const answers = () =>
    machine.run('ctr', ['version'], { timeoutMs: 2000 }).then(
      () => true,
      () => false,
    );
  await untilReady(containerd, answers, 20_000, signal);
}

/** Makes the scheduler and the kubelet count `gpus` on the node; asked again after every start of the kubelet, which forgets them. */
export async function setGpus(kubectl: string, kubeconfig: string, node: string, gpus: number): Promise<void> {
  const count = { 'nvidia.com/gpu': String(gpus) };
  const patch = JSON.stringify({ status: { capacity: count, allocatable: count } });
  const args = ['--kubeconfig', kubeconfig, 'patch', 'node', node, '--subresource=status', '--type=merge', '--patch', patch];
  await command(kubectl, args);
}

/**
 * Lets pods of this machine be reached from the cluster's other machines, and servers outside answer them: what leaves the cluster carries
 * the machine's own address, for every cluster uses the same ones for its pods.
 */
export async function routePods({ machine }: ClusterNode, all: readonly ClusterNode[]): Promise<void> {
  const outside = ['-s', clusterCidr, '!', '-d', clusterCidr, '-o', 'eth0', '-j', 'MASQUERADE'];
  await machine.run('iptables', ['-w', '-t', 'nat', '-A', 'POSTROUTING', ...outside]);
  const others = all.map((node) => node.machine).filter((other) => other !== machine);
  for (const other of others) await machine.run('ip', ['route', 'replace', podCidr(other), 'via', other.address]);
}

export const clusterCidr = '10.244.0.0/16';

/** The pods of machine 1 live in 10.244.1.0/24, and so on. */
export function podCidr(machine: Machine): string {
  return `10.244.${machine.spec.machine}.0/24`;
}

function podNetwork(machine: Machine): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'atoll',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false, // `routePods` does it, for what leaves the cluster only
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podCidr(machine) }]],
          dataDir: '/run/cni',
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** `restrict_oom_score_adj`: without the right to lower its own score (CAP_SYS_RESOURCE) runc cannot start a container otherwise. */
function containerdConfig(machine: Machine): string {
  const snapshotters = ['aufs', 'btrfs', 'devmapper', 'zfs', 'native'].map((name) => `"io.containerd.snapshotter.v1.${name}"`);
  return `version = 2
root = ${JSON.stringify(containerdRoot(machine))}
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", ${snapshotters.join(', ')}]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    discard_unpacked_layers = false
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${JSON.stringify(join(machine.spec.dir, 'cni'))}
`;
}

function kubeletConfig({ machine, pki, dns, diskLimits }: NodeSpec): unknown {
  const { dir, name } = machine.spec;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: pki.path('ca.crt') } },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${machine.wire}`,
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    address: '0.0.0.0',
    clusterDomain,
    ...(dns === undefined ? {} : { clusterDNS: [dns] }),
    resolvConf: join(dir, 'resolv.conf'),
    localStorageCapacityIsolation: diskLimits,
    ...(diskLimits ? { volumeStatsAggPeriod: '10s' } : {}),
    enforceNodeAllocatable: [],
    podLogsDir: join(dir, 'logs', 'pods'),
    evictionHard: { 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100, // a full disk of the host must not cost the images
    oomScoreAdj: 0,
    tlsCertFile: pki.path(`kubelet-${name}.crt`),
    tlsPrivateKeyFile: pki.path(`kubelet-${name}.key`),
  };
}
