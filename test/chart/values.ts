/** The fewest values that each role needs. */
const store = { name: 'default', endpoint: 'https://s3.example.org', bucket: 'atoll' };

export const least = {
  standalone: {
    role: 'standalone',
    stores: [{ ...store, secretName: 'atoll-store', readOnlySecretName: 'atoll-store-read' }],
  },
  hub: {
    role: 'hub',
    stores: [{ ...store, readOnlySecretName: 'atoll-store-read' }],
    nats: { hosts: ['nats.example.org'] },
  },
  island: {
    role: 'island',
    stores: [{ ...store, secretName: 'atoll-store' }],
    island: { name: 'north' },
    link: { servers: ['tls://nats.example.org:4222'], credentials: 'CREDENTIALS', ca: 'CA', joinToken: 'TOKEN' },
  },
} as const;

export type Role = keyof typeof least;
export const roles = Object.keys(least) as Role[];

/** Everything that can be set for a role and differs from the default. */
export const most: Record<Role, object> = {
  standalone: {
    ...least.standalone,
    namespaces: ['research', 'vision'],
    quotas: { research: { gpus: 8 } },
    island: { name: 'here' },
    admit: { images: ['registry.example.org/*'], maxGpus: 0 },
    network: { stores: [{ cidr: '10.0.0.0/8', ports: [443] }, { cidr: 'fd00::/8' }], dnsCidrs: ['169.254.20.10/32'] },
    agentKey: { existingSecret: 'own-key' },
    ...common(),
  },
  hub: {
    ...least.hub,
    namespaces: ['research', 'vision'],
    quotas: { research: { gpus: 8 } },
    link: {
      servers: ['nats://a.example.org:4222', 'tls://b.example.org'],
      existingSecret: 'own-link',
      prefix: 'lab.atoll',
      systemCa: true,
    },
    nats: { enabled: false },
    replicas: 3,
    islandSilence: '1m',
    claimDeadline: '5m30s',
    podDisruptionBudget: { maxUnavailable: 2 },
    ...common(),
  },
  island: {
    ...least.island,
    namespaces: ['research'],
    admit: { images: ['registry.example.org/*'], maxGpus: 16 },
    network: { stores: [{ cidr: '10.0.0.0/8' }], operatorPolicies: false },
    link: { servers: ['tls://nats.example.org:4222'], existingSecret: 'own-link' },
    ...common(),
  },
};

function common() {
  return {
    image: { repository: 'registry.example.org/atoll', tag: '1', pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [{ key: 'infra', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system-cluster-critical',
    podLabels: { team: 'research', 'app.kubernetes.io/name': 'not-taken' },
    podAnnotations: { note: 'hello' },
    logLevel: 'debug',
    progressInterval: '5s',
    metrics: { port: 9090, scrapeAnnotations: false, perExpert: false },
    dashboard: {
      port: 9091,
      audience: 'atoll-dashboard',
      links: [{ name: 'Logs', url: 'https://grafana.example.org/d/logs?var-namespace={namespace}' }],
      historyPrefixes: ['old/', ''],
      service: { port: 8081, annotations: { owner: 'research' } },
    },
    extra: {
      env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.org:3128' }],
      volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      volumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
    },
  };
}
