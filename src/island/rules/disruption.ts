/** Rules for nodes that went and for pods that Kubernetes or a person ended: not counted, because it is not their fault. */
import { exitCodes } from '../../api/contract.ts';
import { type FailureRule, said } from './rule.ts';

/** Ends that a node on its way out brings: SIGTERM, SIGKILL, or a trainer that saved because it was asked. */
const TOLD = new Set<number>([exitCodes.saved, 143, 137]);

export const nodeRules: readonly FailureRule[] = [
  {
    name: 'node-lost',
    class: 'NodeLost',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'the node was deleted, or is marked out of service',
    hint: 'Nothing: it goes on from the newest checkpoint on another node.',
    matches: (end) => end.lostNode !== undefined,
    message: (end) => `node ${end.lostNode} is gone`,
  },
  {
    name: 'node-collected',
    class: 'NodeLost',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'Kubernetes removed the pod because its node is gone (DeletionByPodGC)',
    hint: 'Nothing: it goes on from the newest checkpoint on another node.',
    matches: (end) => end.disruption?.startsWith('DeletionByPodGC') === true,
    message: (end) => said(end.disruption, 'its node is gone'),
  },
  {
    name: 'node-restarted',
    class: 'NodeLost',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'the kubelet came back and knows nothing of the container (ContainerStatusUnknown)',
    hint: 'Nothing, unless this node restarts often: then look at it.',
    matches: (end) => end.trainer?.reason === 'ContainerStatusUnknown',
    message: (end) => `node ${end.node ?? 'of the pod'} restarted, or lost what it knew of the container`,
  },
];

export const disruptionRules: readonly FailureRule[] = [
  {
    name: 'disrupted',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'an eviction, a preemption, a shutdown of the node (condition DisruptionTarget)',
    hint: 'Nothing: it goes on from the newest checkpoint. Many of them a day: ask for a higher priorityClassName.',
    matches: (end) => end.disruption !== undefined,
    message: (end) => said(end.disruption, 'Kubernetes ended the pod'),
  },
  {
    name: 'node-leaving',
    class: 'Disruption',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'the node has the taint of a spot notice or of a shutdown, and the trainer ended as one that was told to',
    hint: 'Nothing: it goes on from the newest checkpoint on another node.',
    matches: (end) => end.nodeHealth?.leaving !== undefined && TOLD.has(end.trainer?.exitCode ?? 0),
    message: (end) => `node ${end.node ?? 'of the pod'} is going away (taint ${end.nodeHealth?.leaving})`,
  },
  {
    name: 'pod-deleted',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'someone deleted the pod or its Job',
    hint: 'Nothing. To keep a work from running, set suspend instead.',
    matches: (end) => end.podDeleted || end.why === 'JobDeleted',
    message: (end) => (end.why === 'JobDeleted' ? 'its Job was deleted' : 'its pod was deleted'),
  },
  {
    name: 'job-suspended',
    class: 'Disruption',
    action: 'Retry',
    counted: false,
    seen: 'someone, such as the keeper of a queue, suspended the Job',
    hint: 'Nothing: it waits in its queue and goes on from the newest checkpoint.',
    matches: (end) => end.why === 'JobSuspended',
    message: () => 'its Job was suspended',
  },
];
