/** Pods and Services that tests of clusters make, as a namespace with the restricted Pod Security Standard admits them. */
import type { Cluster } from '../../local/cluster.ts';

export const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

export interface PodParts {
  name: string;
  /** For `sh -c`. */
  script: string;
  /** Script of a native sidecar. */
  sidecar?: string;
  gpus?: number;
  labels?: Record<string, string>;
  /** Fields of its spec: `hostname`, `subdomain`, `nodeName`. */
  spec?: object;
}

export function pod({ name, script, sidecar, gpus, labels = {}, spec = {} }: PodParts): object {
  const container = (label: string, text: string) => ({
    name: label,
    image: 'localhost/base:latest',
    imagePullPolicy: 'Never',
    command: ['sh', '-c', text],
    securityContext: restricted,
  });
  const limits = gpus === undefined ? {} : { resources: { limits: { 'nvidia.com/gpu': String(gpus) } } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'work', labels },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 5,
      ...(sidecar ? { initContainers: [{ ...container('sidecar', sidecar), restartPolicy: 'Always' }] } : {}),
      containers: [{ ...container('main', script), ...limits }],
      ...spec,
    },
  };
}

/** A Service of the pods with the label `app: <name>`, from port 8000 to 8000. */
export function service(name: string, spec: object = {}): object {
  const port = { port: 8000, ...('type' in spec ? { nodePort: 30800 } : {}) };
  const own = { selector: { app: name }, ports: [port], ...spec };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'work' }, spec: own };
}

/** Answers every connection on port 8000 with one line. */
export const answering = (line: string): string =>
  `exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8000, Listen => 9, ReuseAddr => 1) or die; while ($c = $s->accept) { print $c "${line}\\n"; close $c }'`;

/** Prints the line that `address:port` answers with, asking again for up to 30 s while it gives none. */
export const asking = (address: string, port = 8000): string =>
  `for i in $(seq 60); do timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port} && read -r line <&3 && echo "$line" >/dev/termination-log' && exit 0; sleep 0.5; done; exit 1`;

export async function create(cluster: Cluster, ...objects: object[]): Promise<void> {
  await cluster.kubectl(['create', '-f', '-'], { input: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
}

/** The namespace `work`, ready for pods. */
export async function makeNamespace(cluster: Cluster): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await create(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'work', labels } });
  await cluster.kubectl(['-n', 'work', 'wait', '--for=create', 'serviceaccount/default', '--timeout=20s']);
}

/** Waits until the pod is in the phase. */
export async function phase(cluster: Cluster, name: string, wanted: 'Running' | 'Succeeded'): Promise<void> {
  const args = ['wait', `--for=jsonpath={.status.phase}=${wanted}`, `pod/${name}`, '--timeout=60s'];
  await cluster.kubectl(['-n', 'work', ...args]);
}

/** What a pod that ended well wrote as its last words, without the end of the line. */
export async function lastWords(cluster: Cluster, name: string): Promise<string> {
  await phase(cluster, name, 'Succeeded');
  const path = '{.status.containerStatuses[0].state.terminated.message}';
  return (await cluster.kubectl(['-n', 'work', 'get', 'pod', name, `--output=jsonpath=${path}`])).stdout.trim();
}
