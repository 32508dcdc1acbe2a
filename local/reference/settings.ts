/** The settings file of the operator, which the chart writes. */
import { z } from 'zod';
import { settingsSchema } from '../../src/settings.ts';
import { type Field, fieldsOf, type Schema } from './fields.ts';
import { code, page, table } from './markdown.ts';

/** What each setting is; a test holds that none is missing. */
export const settingWords: Readonly<Record<string, string>> = {
  role: 'Which role this process has; the command line must say the same.',
  images: 'Images of what runs in training pods.',
  'images.atoll': 'Image of the sidecar; the same as that of the operator.',
  'images.workload': 'Image of works that name none.',
  namespaces: 'Namespaces to work in. Default: all.',
  progressInterval: "Least time between two writes of a running work's progress to the API server.",
  lease: 'Leader election.',
  'lease.enabled': 'Off means that this process must be the only one.',
  'lease.namespace': 'Namespace of the Lease `atoll`.',
  http: 'Port with liveness, readiness and metrics.',
  'http.port': 'TCP port; 0 takes a free one and says it in the log.',
  logLevel: 'Lines below this level are not written.',
  quotas: 'GPUs that the works of a namespace may use at once, over all islands. Default: no limit.',
  'quotas.*.gpus': 'Number of GPUs.',
  dashboard: 'The dashboard. Default: none is served.',
  'dashboard.port': 'TCP port; 0 takes a free one.',
  'dashboard.audience': 'Audience that bearer tokens must have. Default: that of the API server.',
  'dashboard.ui': 'Folder with the built page. Default: beside the program.',
  'dashboard.links': 'Links to other tools, with {namespace}, {run} and {work} in their addresses.',
  'dashboard.links[].name': 'Text of the link.',
  'dashboard.links[].url': 'Its address.',
  'dashboard.historyPrefixes': 'Prefixes below which deleted runs are looked for, in every store.',
  metrics: 'What is exported at /metrics.',
  'metrics.perExpert': 'Whether there are gauges of single experts, about a dozen series for each.',
  island: 'Who this island is.',
  'island.name': 'Name of its ComputeIsland.',
  courier: 'The sidecar.',
  'courier.imagePullPolicy': 'When its image is pulled.',
  agentKeyFile: 'File with the key that per-attempt bearers are derived from; at least 16 bytes.',
  network: 'Where training pods may connect to. Default: no NetworkPolicy is written.',
  'network.stores': 'Addresses of the object stores.',
  'network.stores[].cidr': 'Range of addresses.',
  'network.stores[].ports': 'TCP ports; none means every port.',
  'network.dnsCidrs': 'Addresses of DNS servers outside of kube-system.',
  'network.agentNamespace': 'Namespace of the pods that may ask couriers for progress.',
  'network.agentPodLabels': 'Labels of these pods.',
  'network.agentCidrs': 'Addresses that may ask couriers for progress, for an agent that is no pod.',
  pollInterval: 'How often a running courier is asked.',
  configurationDeadline:
    'How long an image may be missing, or a volume or container be impossible to make, before the work fails with Configuration.',
  admit: 'What the island admits beside namespaces.',
  'admit.images': 'Images of trainers: each a whole reference, or a start that ends with "*". Default: every image.',
  'admit.maxGpus': 'Most GPUs that one work may ask for, over all its pods. Default: no limit.',
  stores: 'Object stores by the name that users write; at least one.',
  'stores[].name': 'Name of the store.',
  'stores[].endpoint': 'URL of an S3-compatible server. Default: AWS.',
  'stores[].region': 'Region.',
  'stores[].bucket': 'Bucket.',
  'stores[].pathStyle': 'Bucket as path instead of host name. Default: true with an endpoint, else false.',
  'stores[].secretName': 'Secret in each training namespace, mounted into the courier.',
  'stores[].credentialsDir':
    "Folder with the operator's own credential, which only needs to read: files named like the keys of the Secret.",
  link: 'How hub and islands meet.',
  'link.servers': 'Addresses of NATS servers.',
  'link.prefix': 'Start of every subject; the same at hub and islands.',
  'link.credentialsFile': 'NATS credentials: a user JWT and its seed.',
  'link.caFile': 'Certificate authority of the servers, PEM. Default: those that the system trusts.',
  'link.joinTokenFile': 'Join token, needed once; may be absent or empty when this cluster has joined.',
  islandSilence: 'How long an island may be silent before it counts as unreachable.',
  claimDeadline: 'How long an island that is heard may take to accept an IslandJob.',
};

/** Fields of each role's settings. */
export function settingFields(): { role: string; fields: Field[] }[] {
  const { anyOf = [], oneOf = [] } = z.toJSONSchema(settingsSchema, { io: 'input' }) as Schema & { oneOf?: Schema[] };
  return [...anyOf, ...oneOf].map((schema) => {
    const role = schema.properties?.['role']?.const;
    return { role: typeof role === 'string' ? role : '', fields: fieldsOf(schema) };
  });
}

export function settingsPage(): string {
  const roles = settingFields().map(({ role, fields }) => {
    const rows = fields.map(({ path, type, required, standard }) => [
      code(path),
      type,
      required ? 'required' : code(standard),
      settingWords[path] ?? '',
    ]);
    return `## ${role}\n\n${table(['setting', 'type', 'default', 'what'], rows)}`;
  });
  return page(
    'Settings of the operator',
    'The file that `--config` names; the chart writes it from its values into the ConfigMap `atoll`. Unknown keys are refused by name. Relative paths are relative to the file. Durations are hours, minutes, seconds in this order, such as `90s` or `1h30m`.',
    ...roles,
    '## Environment\n\n`ATOLL_POD_NAME`: name of the pod, by which a container that restarts keeps its lease. Nothing else is read from the environment but what Node.js and the S3 client read themselves, such as proxies.',
  );
}
