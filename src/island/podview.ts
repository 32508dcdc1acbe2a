/** Reads a training pod: which of its containers ended and how, what it waits for, and whether it is proven to have stopped. */
import type { ContainerStatus, Pod } from '../kube/core.ts';

/** How one container ended, as the kubelet reported it. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly finishedAt?: string;
}

export type PodPhase = 'Unscheduled' | 'Starting' | 'Running' | 'Publishing' | 'Ended';

/** Waiting reasons that no patience cures unless someone repairs the image, the Secret or the spec. */
const BROKEN = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** Every container of the pod, the restartable ones included, in the order they start. */
export function containers(pod: Pod): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

export function container(pod: Pod, name: string): ContainerStatus | undefined {
  return containers(pod).find((status) => status.name === name);
}

/** The kubelet writes null for the times of a container that it says has ended but never saw, against its own schema. */
const seen = (time: string | null | undefined): string | undefined => time ?? undefined;

/** How the named container ended; of a sidecar that was restarted, how it ended last. */
export function endOf(pod: Pod, name: string): ContainerEnd | undefined {
  const status = container(pod, name);
  const end = status?.state?.terminated ?? status?.lastState?.terminated;
  if (!end) return undefined;
  const finishedAt = seen(end.finishedAt);
  return {
    exitCode: end.exitCode,
    ...(end.reason === undefined ? {} : { reason: end.reason }),
    ...(end.message === undefined ? {} : { message: end.message }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

function phaseIsFinal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/**
 * Whether nothing of the pod runs any more. A final phase alone is no proof: others than the kubelet write it too. Proof is that
 * each container is reported terminated or never started, that the pod never had a node, or that its node is known to be lost.
 */
export function hasEnded(pod: Pod, lostNodes: ReadonlySet<string>): boolean {
  const node = pod.spec?.nodeName;
  if (node !== undefined && lostNodes.has(node)) return true;
  if (node === undefined || node === '') return pod.metadata.deletionTimestamp !== undefined || phaseIsFinal(pod);
  if (!phaseIsFinal(pod)) {
    const all = containers(pod);
    // Before the kubelet's first report there are no statuses: that is a start, not an end. A list without the trainer is no list.
    return (
      container(pod, 'trainer')?.state?.terminated !== undefined && all.every((status) => status.state?.terminated !== undefined)
    );
  }
  return containers(pod).every((status) => status.state?.running === undefined);
}

export function phaseOf(pod: Pod, lostNodes: ReadonlySet<string>): PodPhase {
  if (hasEnded(pod, lostNodes)) return 'Ended';
  if (pod.spec?.nodeName === undefined || pod.spec.nodeName === '') return 'Unscheduled';
  const trainer = container(pod, 'trainer')?.state;
  if (trainer?.running) return 'Running';
  return trainer?.terminated ? 'Publishing' : 'Starting';
}

/** What keeps the pod from running, in words, and since when (ms); `broken` when only a repair can help. */
export interface Waiting {
  readonly broken: boolean;
  readonly message: string;
  readonly since: number;
  /** Whether the cause is outside the pod, so that only events name it. */
  readonly fromOutside?: boolean;
}

/** The newest moment at which something of the pod is known to have moved. */
function lastMove(pod: Pod): number {
  const times = [pod.status?.startTime, pod.metadata.creationTimestamp];
  for (const condition of pod.status?.conditions ?? [])
    if (condition.type === 'Initialized' && condition.status === 'True') times.push(condition.lastTransitionTime);
  for (const { state } of pod.status?.initContainerStatuses ?? [])
    times.push(seen(state?.terminated?.finishedAt) ?? seen(state?.running?.startedAt));
  return Math.max(0, ...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
}

export function waitingFor(pod: Pod): Waiting | undefined {
  if (pod.spec?.nodeName === undefined || pod.spec.nodeName === '') {
    const scheduled = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    const why = scheduled?.status === 'False' ? (scheduled.message ?? scheduled.reason) : undefined;
    return { broken: false, message: why ?? 'the pod waits for the scheduler', since: lastMove(pod) };
  }
  for (const status of containers(pod)) {
    const waiting = status.state?.waiting;
    if (waiting?.reason === undefined || !BROKEN.has(waiting.reason)) continue;
    const detail = waiting.message === undefined ? '' : `: ${waiting.message}`;
    return { broken: true, message: `container ${status.name}: ${waiting.reason}${detail}`, since: lastMove(pod) };
  }
  const current = pod.status?.initContainerStatuses?.find((status) => status.name === 'restore');
  if (current?.state?.running)
    return { broken: false, message: 'restore is fetching inputs and the newest checkpoint', since: lastMove(pod) };
  const ready = pod.status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers');
  // Images are pulled only after this is true, so a slow pull is never taken for a missing Secret.
  const begun = containers(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
  if (ready?.status === 'False' && !begun && pod.metadata.deletionTimestamp === undefined)
    return { broken: true, message: 'its volumes and network are not ready', since: lastMove(pod), fromOutside: true };
  return { broken: false, message: 'the containers of the pod are being created', since: lastMove(pod) };
}

/** The condition by which Kubernetes says that it, not the trainer, ended the pod. */
export function disruption(pod: Pod): string | undefined {
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  return condition === undefined ? undefined : `${condition.reason ?? 'DisruptionTarget'}: ${condition.message ?? ''}`;
}

/** When the trainer started, else when anything of the pod did. */
export function startedAt(pod: Pod): string | undefined {
  const trainer = container(pod, 'trainer')?.state;
  return seen(trainer?.running?.startedAt ?? trainer?.terminated?.startedAt);
}
