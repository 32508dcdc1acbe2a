/** Reads the pods of a gang as one: which of them speaks for it, how far it is, and which of them brought it down. */
import { exitCodes } from '../api/contract.ts';
import type { Pod } from '../kube/core.ts';
import { indexOf } from './jobview.ts';
import { type ContainerEnd, container, disruption, endOf, hasEnded, type PodPhase, phaseOf } from './podview.ts';

const order: readonly PodPhase[] = ['Unscheduled', 'Starting', 'Running', 'Publishing', 'Ended'];

/** The member that is behind the others, of those that still have to run; undefined when all of them run. */
export function slowest(pods: readonly Pod[], lostNodes: ReadonlySet<string>): Pod | undefined {
  const behind = pods.filter((pod) => ['Unscheduled', 'Starting'].includes(phaseOf(pod, lostNodes)));
  const rank = (pod: Pod) => order.indexOf(phaseOf(pod, lostNodes));
  return behind.toSorted((a, b) => rank(a) - rank(b) || indexOf(a) - indexOf(b))[0];
}

/** When the pod was told to go, in ms. While it ends its deletionTimestamp is later, by the time of grace. */
function toldAt({ metadata }: Pod): number | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  return Date.parse(metadata.deletionTimestamp) - 1000 * (metadata.deletionGracePeriodSeconds ?? 0);
}

/** SIGTERM, SIGKILL, and a trainer that saved because it was asked. */
const TOLD = new Set<number>([exitCodes.saved, 143, 137]);

interface Failure {
  readonly pod: Pod;
  /** Whether node or Kubernetes took the pod: that explains what befell the others, who often notice it first. */
  readonly taken: boolean;
  readonly at: number;
  readonly exitCode: number;
}

function failureOf(pod: Pod, lostNodes: ReadonlySet<string>): Failure | undefined {
  if (!hasEnded(pod, lostNodes)) return undefined;
  const trainer = endOf(pod, 'trainer');
  const taken = { pod, taken: true, at: 0, exitCode: trainer?.exitCode ?? 0 };
  const lost = lostNodes.has(pod.spec.nodeName ?? '') && container(pod, 'trainer')?.state?.terminated === undefined;
  if (lost || disruption(pod) !== undefined) return taken;
  const bad = [endOf(pod, 'restore'), trainer].find((end) => end !== undefined && end.exitCode !== 0);
  if (bad)
    return byItself(pod, bad) ? { pod, taken: false, at: Date.parse(bad.finishedAt ?? ''), exitCode: bad.exitCode } : undefined;
  // The node refused it: no container ever had its say.
  const refused = pod.status?.phase === 'Failed' && trainer === undefined && pod.metadata.deletionTimestamp === undefined;
  return refused ? { pod, taken: true, at: 0, exitCode: 0 } : undefined;
}

/** Whether a container ended before its pod was told to. Both times have whole seconds: where they are the same, the exit code decides. */
function byItself(pod: Pod, { exitCode, finishedAt }: ContainerEnd): boolean {
  const told = toldAt(pod);
  const at = Date.parse(finishedAt ?? '');
  return told === undefined || at < told || (at === told && !TOLD.has(exitCode));
}

/**
 * The member that failed first, of those that were not told to end: the others lost their partner and say nothing of their own. Among
 * those of the same second the one with the more telling exit code is taken, because a trainer that loses its partner ends with 1.
 */
export function failedMember(pods: readonly Pod[], lostNodes: ReadonlySet<string>): Pod | undefined {
  const telling = ({ exitCode }: Failure) => (exitCode === exitCodes.configuration ? 0 : exitCode === 1 ? 2 : 1);
  return pods
    .flatMap((pod) => failureOf(pod, lostNodes) ?? [])
    .toSorted(
      (a, b) => Number(b.taken) - Number(a.taken) || a.at - b.at || telling(a) - telling(b) || indexOf(a.pod) - indexOf(b.pod),
    )[0]?.pod;
}
