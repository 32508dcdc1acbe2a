/** The NetworkPolicy of one IslandJob's pods: out to DNS and the stores, in from the agent to the courier, a gang among itself, nothing else. */
import { courierPort } from '../api/courier.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { labels } from '../api/labels.ts';
import type { NetworkPolicy } from '../kube/core.ts';
import { ownedMeta } from './attemptmeta.ts';
import { isGang } from './gang.ts';
import type { IslandNetwork, IslandSettings } from './settings.ts';

type Spec = NetworkPolicy['spec'];
type Peer = NonNullable<NonNullable<NonNullable<Spec['egress']>[number]['to']>[number]>;

const block = (cidr: string): Peer => ({ ipBlock: { cidr } });

/** Undefined when the settings name no network. */
export function networkPolicyOf(job: IslandJob, settings: IslandSettings): NetworkPolicy | undefined {
  const { network } = settings;
  if (network === undefined) return undefined;
  const ours = { matchLabels: { [labels.islandJobUid]: job.metadata.uid ?? '' } };
  // On any port: collective libraries choose theirs as they go. Two attempts never run at once, so these are the members of one.
  const members = isGang(job) ? [{ podSelector: ours }] : [];
  const dns = ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 as never }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { ...ownedMeta(job), name: job.metadata.name },
    spec: {
      podSelector: ours,
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        { to: [inNamespace('kube-system'), ...(network.dnsCidrs ?? []).map(block)], ports: dns },
        ...network.stores.map(({ cidr, ports }) => ({
          to: [block(cidr)],
          ...(ports.length === 0 ? {} : { ports: ports.map(tcp) }),
        })),
        ...members.map((peer) => ({ to: [peer] })),
      ],
      ingress: [
        { ...from(network), ports: [tcp(settings.courier?.port ?? courierPort)] },
        ...members.map((peer) => ({ from: [peer] })),
      ],
    },
  };
}

const tcp = (port: number) => ({ protocol: 'TCP', port: port as never });

function inNamespace(name: string, podLabels?: Readonly<Record<string, string>>): Peer {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    ...(podLabels ? { podSelector: { matchLabels: { ...podLabels } } } : {}),
  };
}

function from({ agentPodLabels, agentNamespace, agentCidrs = [] }: IslandNetwork): { from?: Peer[] } {
  const pods = agentPodLabels && agentNamespace !== undefined ? [inNamespace(agentNamespace, agentPodLabels)] : [];
  const peers = [...pods, ...agentCidrs.map(block)];
  return peers.length === 0 ? {} : { from: peers };
}
