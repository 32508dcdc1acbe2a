/** ComputeIsland: one Kubernetes cluster with GPUs. */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { decimal, digest, int, int32, int53, list, map, objectName, text, time } from './fields.ts';
import { type apiVersion, defineKind, nameRule } from './kind.ts';
import { conditions, observedGeneration } from './work.ts';

const spec = z.object({
  approved: z.boolean().default(true).describe('Whether work may be placed on it. Default: true.'),
  cordoned: z.boolean().default(false).describe('true: nothing new is placed on it; what runs there goes on. Default: false.'),
  drain: z
    .boolean()
    .default(false)
    .describe(
      'true: nothing new is placed on it, and what runs there saves a checkpoint, stops and goes on elsewhere. Default: false.',
    ),
  cost: decimal()
    .regex(/^[0-9]{1,9}(\.[0-9]{1,6})?$/)
    .optional()
    .describe('Cost of one GPU for one hour in any unit, as text such as "2.5"; cheaper islands are filled first. Default: 0.'),
  limits: z
    .object({
      gpus: int(0, 1_000_000).optional().describe('At most this many GPUs are used by Atoll. Default: all.'),
    })
    .optional()
    .describe('What Atoll may use of it. Default: everything.'),
  join: z
    .object({
      tokenDigest: digest().describe('SHA-256 of the join token, as `atoll island add` printed it.'),
      expiresAt: time().describe('Until when a cluster may join with it.'),
    })
    .optional()
    .describe('By which token a cluster may join as this island. Written by `atoll island add`; one cluster joins once.'),
});

const gpus = z.object({
  product: text(63).describe('Value of the node label nvidia.com/gpu.product; empty when nodes have none.'),
  total: int(0, int32).describe('GPUs on ready nodes.'),
  free: int(0, int32).describe('Of these, not requested by any pod.'),
  unhealthy: int(0, int32).default(0).describe('Further GPUs, that nodes have but cannot give to pods now.'),
});

export const capacity = z.object({
  cpu: text(32).describe('Allocatable CPUs of ready nodes, a quantity.'),
  memory: text(32).describe('Allocatable memory of ready nodes, a quantity.'),
  gpus: list(gpus, 64).default([]).describe('GPUs by model.'),
});

const jobName = z.object({
  namespace: objectName().describe('Namespace of the IslandJob.'),
  name: text(253).describe('Name of the IslandJob.'),
  uid: text(64).describe('uid that the IslandJob had at the hub.'),
});

const status = z.object({
  observedGeneration,
  state: z
    .enum(['Ready', 'NotReady', 'Unreachable', 'NotJoined'])
    .default('NotReady')
    .describe('Whether work can be placed on it: only when Ready.'),
  clusterUid: text(64)
    .optional()
    .describe('uid of the namespace kube-system of the cluster that joined; another cluster is not trusted under this name.'),
  joinedWith: digest()
    .optional()
    .describe('SHA-256 of the join token that it joined with: no other cluster can join with it again.'),
  lastHeard: time().optional().describe('When the agent of the island was last heard, written at most once a minute.'),
  capacity: capacity.optional().describe('What the island has, as its agent counted it.'),
  jobs: int(0, int53).default(0).describe('IslandJobs placed there that have not ended.'),
  version: text(64).optional().describe('Version of the agent.'),
  kubernetes: text(64).optional().describe('Version of Kubernetes of the cluster.'),
  clockSkew: text(32)
    .optional()
    .describe("How far the agent's clock is ahead of the hub's, such as -2s; below a second it is 0s."),
  unknownJobs: list(jobName, 64)
    .optional()
    .describe('IslandJobs that the island holds and the hub does not know, at most 64. They run on, without a new attempt.'),
  labels: map(text(63), 32).optional().describe('Labels that the agent reports about its cluster.'),
  display: z
    .object({ gpus: text(32).optional().describe('Free GPUs of all, such as 3/4.') })
    .prefault({})
    .describe('Texts for the columns of kubectl get.'),
  conditions,
});

export type ComputeIslandSpec = z.infer<typeof spec>;
export type ComputeIslandStatus = z.infer<typeof status>;
export type Capacity = z.infer<typeof capacity>;
export interface ComputeIsland extends KubeObject {
  apiVersion: typeof apiVersion;
  kind: 'ComputeIsland';
  spec: ComputeIslandSpec;
  status?: ComputeIslandStatus;
}

export const computeIslandSpec = spec;
export const computeIslandStatus = status;

export const ComputeIslandKind = defineKind<ComputeIsland>({
  kind: 'ComputeIsland',
  plural: 'computeislands',
  shortNames: ['isl'],
  namespaced: false,
  description: 'ComputeIsland is one Kubernetes cluster that experts are trained on.',
  spec,
  status,
  columns: [
    { name: 'State', path: '.status.state', type: 'string', description: 'Whether work can be placed on it.' },
    {
      name: 'Reachable',
      path: '.status.conditions[?(@.type=="Reachable")].status',
      type: 'string',
      description: 'Whether its agent is heard.',
    },
    { name: 'Heard', path: '.status.lastHeard', type: 'date', description: 'Time since its agent was heard, to the minute.' },
    { name: 'Free GPUs', path: '.status.display.gpus', type: 'string', description: 'Free GPUs of all.' },
    { name: 'Jobs', path: '.status.jobs', type: 'integer', description: 'IslandJobs there that have not ended.' },
    { name: 'Cordoned', path: '.spec.cordoned', type: 'boolean', description: 'Whether nothing new is placed on it.' },
    { name: 'Version', path: '.status.version', type: 'string', description: 'Version of the agent.' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date', description: 'Time since it was made.' },
    { name: 'Approved', path: '.spec.approved', type: 'boolean', description: 'Whether work may be placed on it.', wide: true },
    { name: 'Cost', path: '.spec.cost', type: 'string', description: 'Cost of one GPU for one hour.', wide: true },
    { name: 'CPU', path: '.status.capacity.cpu', type: 'string', description: 'Allocatable CPUs.', wide: true },
    { name: 'Memory', path: '.status.capacity.memory', type: 'string', description: 'Allocatable memory.', wide: true },
    { name: 'Drain', path: '.spec.drain', type: 'boolean', description: 'Whether its work moves elsewhere.', wide: true },
    { name: 'Kubernetes', path: '.status.kubernetes', type: 'string', description: 'Version of Kubernetes.', wide: true },
    {
      name: 'Skew',
      path: '.status.clockSkew',
      type: 'string',
      description: "How far its clock is ahead of the hub's.",
      wide: true,
    },
  ],
  selectable: ['.status.state'],
  freeze: {
    live: {
      approved: 'at any time',
      cordoned: 'at any time',
      drain: 'at any time',
      cost: 'at any time',
      limits: 'at any time',
      join: 'at any time',
    },
    instead: 'make a new ComputeIsland',
  },
  rules: [nameRule(40, 'it becomes part of labels and addresses')],
});
