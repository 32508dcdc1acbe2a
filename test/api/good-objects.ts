/** Objects that the API server must take: each optional field appears at least once. */
import { at, digest, type Json, type KindName } from './builders.ts';

const container = {
  image: 'registry.example/trainer@sha256:00',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: ['registry'],
  command: ['python3', '-m', 'trainer'],
  args: ['--fast'],
  resources: { cpu: '2500m', memory: '1.5Gi', gpus: 1, gpuProduct: 'NVIDIA-H100-80GB-HBM3', shm: '1Gi', scratch: '100G' },
  env: [
    { name: 'NCCL_DEBUG', value: 'INFO' },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'hub', key: 'token', optional: true } } },
    { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'modes', key: 'mode' } } },
  ],
  envFrom: [{ secretRef: { name: 'all' } }, { prefix: 'X_', configMapRef: { name: 'all', optional: true } }],
  nodeSelector: { 'topology.kubernetes.io/zone': 'a' },
  tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }],
  priorityClassName: 'high',
  runAsUser: 2000,
  podTemplate: { metadata: { annotations: { a: 'b' } }, spec: { containers: [{ name: 'trainer', workingDir: '/x' }] } },
};
const params = { steps: 2000, lr: 0.001, sizes: [1, 2], nested: { deep: { flag: true, none: null } } };
const retry = { maxRestarts: 5, backoff: { initial: '500ms', max: '1h30m' } };
const failing = {
  failureRules: [
    { name: 'bad-config', onExitCodes: [42, 2], action: 'Fail' },
    { name: 'port-taken', onExitCodes: [1], onMessage: 'Address already in use', action: 'Ignore' },
    { name: 'any-other-1', onExitCodes: [1], action: 'Retry' },
  ],
  stall: { firstStep: '1h', step: '10m', checkpoint: '2h' },
};
const gang = { nodes: 2, queueName: 'gpu-queue', queueDeadline: '1h' };
const grace = { save: '2m', publish: '1h' };

export const goodObjects: [sentence: string, kind: KindName, patch: Json][] = [
  ['a data set with a source and a number of experts', 'ExpertDataset', {}],
  [
    'a data set with every field',
    'ExpertDataset',
    {
      metadata: { name: 'every-field' },
      spec: {
        source: { store: 'other', prefix: 'raw/', format: 'Npz' },
        storage: { store: 'default', prefix: 'atoll/' },
        partition: {
          experts: 8,
          method: 'Clusters',
          clusters: { features: 'Column', column: 'embedding', fine: 8, balance: false, seed: 7 },
          heldOut: '0.05',
          maxSkew: 2,
        },
        job: { ...container, params, retry, ...failing, grace },
        approve: digest(),
      },
    },
  ],
  [
    'a data set of labels',
    'ExpertDataset',
    { metadata: { name: 'labels' }, spec: { partition: { method: 'Labels', experts: 10 } } },
  ],
  [
    'a data set of 256 random shards',
    'ExpertDataset',
    { metadata: { name: 'random' }, spec: { partition: { method: 'Random', experts: 256 } } },
  ],
  ['a training with a data set and resources', 'ExpertTraining', {}],
  ['a training with a name of 40 characters', 'ExpertTraining', { metadata: { name: 'a'.repeat(40) } }],
  [
    'a training with every field',
    'ExpertTraining',
    {
      metadata: { name: 'every-field' },
      spec: {
        storage: { store: 'other', prefix: 'a/b.c/d_e=f/' },
        seed: 42,
        deadline: '72h',
        priority: -5,
        expert: { ...container, ...gang, params, retry, ...failing, grace, checkpoint: { keep: 5 } },
        overrides: [
          { experts: [0, 3], resources: { cpu: '4', memory: '8Gi', gpus: 2 }, params, islands: { matchLabels: { tier: 'own' } } },
          { experts: [255] },
        ],
        placement: { islands: { matchLabels: { tier: 'spot' } }, islandLost: { policy: 'Replace', after: '10m' } },
        completion: { minExperts: 3, onExpertFailed: 'Fail' },
        router: {
          ...container,
          ...gang,
          params,
          retry,
          ...failing,
          grace,
          checkpoint: { keep: 1 },
          start: 'WhenExpertsComplete',
        },
        evaluation: { ...container, queueName: 'gpu-queue', params, retry, ...failing, grace },
        suspend: true,
      },
    },
  ],
  [
    'an evaluation without router, for a data set of one shard',
    'ExpertTraining',
    { metadata: { name: 'single' }, spec: { evaluation: { resources: container.resources } } },
  ],
  ['an expert', 'ExpertShard', {}],
  ['an island', 'ComputeIsland', {}],
  [
    'an island with every field',
    'ComputeIsland',
    {
      metadata: { name: 'cloud' },
      spec: {
        approved: false,
        cordoned: true,
        drain: true,
        cost: '2.49',
        limits: { gpus: 16 },
        join: { tokenDigest: digest(), expiresAt: at },
      },
    },
  ],
  ['a job of an expert', 'IslandJob', {}],
  [
    'a job with every field',
    'IslandJob',
    {
      metadata: { name: 'every-field' },
      spec: {
        container,
        ...gang,
        params,
        seed: 3,
        inputs: [
          {
            name: 'dataset',
            store: 'default',
            manifest: 'a/manifest.json',
            digest: digest(),
            include: ['shards/003/', 'partition.json'],
          },
        ],
        resume: [{ manifest: 'b/manifest.json', digest: digest('b') }],
        retry,
        grace,
        checkpoint: { keep: 3 },
        deadline: at,
        suspend: true,
        stop: true,
        revision: 9,
      },
    },
  ],
  [
    'a job of a partition',
    'IslandJob',
    {
      metadata: { name: 'partition' },
      spec: {
        role: 'Partition',
        work: { owner: { kind: 'ExpertDataset' }, training: null, index: null },
        source: { store: 'default', prefix: '' },
      },
    },
  ],
  ['a job of a router', 'IslandJob', { metadata: { name: 'router' }, spec: { role: 'Router', work: { index: null } } }],
];
