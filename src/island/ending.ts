/** What is known about an attempt that has ended: the facts on which the failure rules look. */
import { type CourierCheckpoint, type CourierResult, courierResult } from '../api/courier.ts';
import type { AttemptRecord } from '../api/work.ts';
import type { Pod } from '../kube/core.ts';
import { headline } from './headline.ts';
import type { NodeHealth } from './health/node.ts';
import { type ContainerEnd, disruption, endOf } from './podview.ts';
import { timesAreValid } from './report.ts';

/** Why the attempt is over, or is being ended. */
export type EndReason =
  /** The work is to stop: suspend, stop, deletion or its deadline. */
  | 'Asked'
  /** A container could not be created for longer than the configuration deadline. */
  | 'Broken'
  /** Its Job was not let out of its queue in time. */
  | 'Unqueued'
  /** No step or checkpoint came within its limit. */
  | 'Stalled'
  /** The loss became NaN or infinite. */
  | 'NonFinite'
  /** Its courier keeps ending, because other bytes stand in the store where those of this attempt belong. */
  | 'Barred'
  /** The containers ended by themselves, or the Job says so. */
  | 'Finished'
  /** Someone deleted the Job. */
  | 'JobDeleted'
  /** Someone suspended the Job after its pod had started. */
  | 'JobSuspended'
  /** The recorded Job is not there any more, or another has its name. */
  | 'JobGone';

/** A container's end together with the result the courier binary left in its termination message, if it is one. */
export interface CourierEnd extends ContainerEnd {
  readonly result?: CourierResult;
}

export interface Ending {
  readonly why: EndReason;
  /** In words: what was asked, what the kubelet says, which queue it was, or which pod ended. */
  readonly detail?: string;
  readonly trainer?: ContainerEnd;
  readonly restore?: CourierEnd;
  readonly courier?: CourierEnd;
  /** Whether the pod had been told to go before it ended. */
  readonly podDeleted: boolean;
  /** Why Kubernetes ended the pod, when it was Kubernetes. */
  readonly disruption?: string;
  /** Name of the node, when the node went and took the pod along. */
  readonly lostNode?: string;
  /** What the pod itself says, such as that the node refused it. */
  readonly podMessage?: string;
  readonly podReason?: string;
  readonly node?: string;
  /** What the node says of its own health. */
  readonly nodeHealth?: NodeHealth;
  /** GPUs of one pod. */
  readonly gpus: number;
  /** What the trainer may use, as quantities. */
  readonly limits: { readonly memory: string; readonly scratch?: string };
  /** Last step that the trainer reported; the first of those that were not finite, where they were not. */
  readonly step?: number;
  /** The last lines of the trainer's log. */
  readonly lines?: string;
  /** Warnings of Kubernetes about the pod and its node. */
  readonly events?: readonly string[];
  /** Attempts of this placement that ended before, oldest first. */
  readonly past: readonly AttemptRecord[];
  /** Attempt that published the newest checkpoint. */
  readonly checkpointAttempt?: number;
  /** Prefix of the work in the store: a final manifest counts only below it, of this placement. */
  readonly workPrefix: string;
  readonly placement: number;
  readonly attempt: number;
  /** Whose end this is, when it is that of a member of a gang which is not pod 0. */
  readonly member?: { readonly index: number; readonly nodes: number; readonly node?: string };
  /** Final manifest that a courier reported to the agent while it ran. */
  readonly reportedFinal?: CourierCheckpoint;
}

function courierEnd(pod: Pod, name: string): CourierEnd | undefined {
  const end = endOf(pod, name);
  if (end === undefined) return undefined;
  const result = parseResult(end.message);
  return result === undefined ? end : { ...end, result };
}

/** The courier's result in a termination message; undefined when the text is something else, such as a crash log. */
export function parseResult(message: string | undefined): CourierResult | undefined {
  if (message === undefined) return undefined;
  try {
    const parsed = courierResult.safeParse(JSON.parse(message));
    return parsed.success && timesAreValid([parsed.data.checkpoint, parsed.data.final]) ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of the attempt besides its pod. */
export type Given = Pick<
  Ending,
  | 'why'
  | 'detail'
  | 'workPrefix'
  | 'placement'
  | 'attempt'
  | 'reportedFinal'
  | 'gpus'
  | 'limits'
  | 'step'
  | 'lines'
  | 'events'
  | 'past'
  | 'checkpointAttempt'
>;

const withoutNumbers = (text: string) => text.replaceAll(/0x[0-9a-f]+|[0-9]+/gi, '');
/** So many of the last characters of a message must be the same. */
const ALIKE = 150;

/** Whether an earlier attempt ended at the same step in the same way, on another node, or on the same one. */
export function sameFailure(record: AttemptRecord, end: Ending, sameNode = false): boolean {
  if (end.step === undefined || record.step !== end.step) return false;
  if (end.node === undefined || record.node === undefined || (record.node === end.node) !== sameNode) return false;
  // What the agent ended itself ends as the kubelet manages, with this exit code or that.
  if (end.why === 'Stalled') return true;
  const said = withoutNumbers(headline(end.trainer?.message)).slice(-ALIKE);
  return record.exitCode === end.trainer?.exitCode && withoutNumbers(record.message ?? '').includes(said);
}

/** Collects the facts from the attempt's pod, if one was ever seen. */
export function endingOf(
  pod: Pod | undefined,
  lostNodes: ReadonlySet<string>,
  given: Given,
  health?: ReadonlyMap<string, NodeHealth>,
): Ending {
  if (pod === undefined) return { ...given, podDeleted: false };
  const trainer = endOf(pod, 'trainer');
  const restore = courierEnd(pod, 'restore');
  const courier = courierEnd(pod, 'courier');
  const disrupted = disruption(pod);
  const node = pod.spec?.nodeName;
  const { message, reason } = pod.status ?? {};
  const said = message ?? reason;
  const nodeHealth = health?.get(node ?? '');
  // The first step that is not finite tells more than the last one that was reported.
  const lastStep = courier?.result?.nonFiniteStep ?? courier?.result?.lastStep;
  return {
    ...given,
    podDeleted: pod.metadata.deletionTimestamp !== undefined,
    ...(trainer === undefined ? {} : { trainer }),
    ...(restore === undefined ? {} : { restore }),
    ...(courier === undefined ? {} : { courier }),
    ...(disrupted === undefined ? {} : { disruption: disrupted }),
    ...(node !== undefined && lostNodes.has(node) ? { lostNode: node } : {}),
    ...(said === undefined ? {} : { podMessage: said }),
    ...(reason === undefined ? {} : { podReason: reason }),
    ...(node === undefined ? {} : { node }),
    ...(nodeHealth ? { nodeHealth } : {}),
    ...(lastStep === undefined ? {} : { step: lastStep }),
  };
}
