/** Builders for what the island sees: IslandJobs, their Jobs and pods, with only what a sentence speaks of spelled out. */

import type { CourierCheckpoint, CourierReport, CourierResult } from '../../src/api/courier.ts';
import { type IslandJob, type IslandJobSpec, type IslandJobStatus, islandJobSpec } from '../../src/api/islandjob.ts';
import { finalizers, labels } from '../../src/api/labels.ts';
import type { AttemptRecord } from '../../src/api/work.ts';
import { timestamp } from '../../src/clock.ts';
import { indexKey } from '../../src/island/jobview.ts';
import { emptyStatus, type Limits, type Observed } from '../../src/island/observed.ts';
import type { IslandSettings } from '../../src/island/settings.ts';
import type { ContainerStatus, Job, Pod } from '../../src/kube/core.ts';

export const T0 = Date.UTC(2026, 0, 1);
/** A time so many seconds after the start, as Kubernetes writes it. */
export const at = (seconds: number) => timestamp(T0 + seconds * 1000);
export const now = (seconds: number) => T0 + seconds * 1000;
const DIGEST = `sha256:${'a'.repeat(64)}`;
export const PREFIX = 'atoll/research.digits.aaaaaaaa/experts/003/';
export const NAME = 'digits-aaaaaaaa-e003-p1';
export const UID = 'ij-uid';

export const settings: IslandSettings = {
  name: 'local',
  images: { atoll: 'localhost/atoll:dev', workload: 'localhost/atoll-ddm:dev' },
  stores: [
    {
      name: 'default',
      endpoint: 'http://10.99.0.1:7070',
      region: 'us-east-1',
      bucket: 'atoll',
      pathStyle: true,
      secretName: 'atoll-store',
    },
  ],
  agentKey: new TextEncoder().encode('0123456789abcdef'),
};
export const limits: Limits = { progressIntervalMs: 60_000, configurationDeadlineMs: 600_000 };

export function spec(over: Record<string, unknown> = {}): IslandJobSpec {
  return islandJobSpec.parse({
    island: 'local',
    role: 'Expert',
    work: {
      namespace: 'research',
      owner: { kind: 'ExpertTraining', name: 'digits', uid: 'et-uid' },
      training: 'digits',
      index: 3,
      experts: 4,
    },
    placement: 1,
    container: { image: 'localhost/atoll-ddm:dev', resources: { cpu: '1', memory: '1Gi' } },
    inputs: [{ name: 'dataset', store: 'default', manifest: 'atoll/d/manifest.json', digest: DIGEST }],
    output: { store: 'default', prefix: PREFIX },
    ...over,
  });
}

export function islandJob(
  status: Partial<IslandJobStatus> | undefined,
  over: Record<string, unknown> = {},
  meta: Partial<IslandJob['metadata']> = {},
): IslandJob {
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'IslandJob',
    metadata: {
      name: NAME,
      namespace: 'research',
      uid: UID,
      resourceVersion: '7',
      generation: 1,
      finalizers: [finalizers.island],
      creationTimestamp: at(0),
      ...meta,
    },
    spec: spec(over),
    ...(status === undefined ? {} : { status: { ...emptyStatus(), ...status } }),
  };
}

export const labelsOf = (attempt: number) => ({
  [labels.islandJobUid]: UID,
  [labels.islandJob]: NAME,
  [labels.attempt]: String(attempt),
});

/** `deleted`: has a deletionTimestamp; `released`: without our finalizer. */
export interface Flags {
  deleted?: boolean;
  released?: boolean;
}

export function kubeJob(
  attempt: number,
  how: Flags & { uid?: string; suspended?: boolean; created?: number; nodes?: number; done?: 'Complete' | 'Failed' } = {},
): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${NAME}-a${attempt}`,
      namespace: 'research',
      uid: how.uid ?? `job-${attempt}`,
      labels: labelsOf(attempt),
      ...(how.created === undefined ? {} : { creationTimestamp: at(how.created) }),
      ...(how.released ? {} : { finalizers: [finalizers.attempt] }),
      ...(how.deleted ? { deletionTimestamp: at(50) } : {}),
    },
    spec: { template: {}, ...(how.nodes ? { completions: how.nodes } : {}), ...(how.suspended ? { suspend: true } : {}) },
    ...(how.done ? { status: { conditions: [{ type: how.done, status: 'True' }] } } : {}),
  };
}

type State = NonNullable<ContainerStatus['state']>;

export const running = (since = 10): State => ({ running: { startedAt: at(since) } });
export const ended = (exitCode: number, message?: string, finished = 50): State => ({
  terminated: { exitCode, startedAt: at(10), finishedAt: at(finished), ...(message === undefined ? {} : { message }) },
});
/** As the kubelet writes it down for a container that it never saw, when the pod is gone: with null for what it does not know. */
export const unseen = (): State =>
  JSON.parse('{"terminated":{"exitCode":137,"reason":"ContainerStatusUnknown","startedAt":null,"finishedAt":null}}') as State;
export const waiting = (reason: string, message?: string): State => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});

export interface PodHow extends Flags {
  uid?: string;
  /** Place in a gang. */
  index?: number;
  /** When it was told to go, in seconds; its deletionTimestamp is later by a grace of 660 s. */
  told?: number;
  job?: string | null;
  node?: string | null;
  phase?: string;
  courier?: State;
  /** How the courier ended, each time that it was started before. */
  courierBefore?: State[];
  restore?: State;
  trainer?: State;
  created?: number;
  conditions?: NonNullable<Pod['status']>['conditions'];
  message?: string;
}

const status = (name: string, state: State, before: State[] = []): ContainerStatus => ({
  name,
  state,
  image: '',
  imageID: '',
  ready: false,
  restartCount: before.length,
  ...(before.length === 0 ? {} : { lastState: before.at(-1) as State }),
});

export function pod(attempt: number, how: PodHow = {}): Pod {
  const owner = how.job === undefined ? `job-${attempt}` : how.job;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${NAME}-a${attempt}-${how.uid ?? how.index ?? 'x'}`,
      namespace: 'research',
      uid: how.uid ?? (how.index === undefined ? `pod-${attempt}` : `pod-${attempt}-${how.index}`),
      labels: { ...labelsOf(attempt), ...(how.index === undefined ? {} : { [indexKey]: String(how.index) }) },
      ...(how.told === undefined ? {} : { deletionTimestamp: at(how.told + 660), deletionGracePeriodSeconds: 660 }),
      creationTimestamp: at(how.created ?? 1),
      ...(how.released ? {} : { finalizers: [finalizers.attempt] }),
      ...(how.deleted ? { deletionTimestamp: at(50) } : {}),
      ...(owner === null
        ? {}
        : { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: owner, controller: true }] }),
    },
    spec: { containers: [], ...(how.node === null ? {} : { nodeName: how.node ?? 'node-1' }) },
    status: {
      phase: how.phase ?? 'Running',
      startTime: at(1),
      ...(how.conditions ? { conditions: how.conditions } : {}),
      ...(how.message === undefined ? {} : { message: how.message }),
      ...(how.node === null
        ? {}
        : {
            initContainerStatuses: [
              status('courier', how.courier ?? running(), how.courierBefore),
              status('restore', how.restore ?? ended(0)),
            ],
            containerStatuses: [status('trainer', how.trainer ?? running())],
          }),
    },
  };
}

/** A pod whose containers have all ended: the trainer with this exit code, the courier with this result. */
export function endedPod(
  attempt: number,
  exitCode: number,
  result?: Partial<CourierResult>,
  how: PodHow & { said?: string } = {},
): Pod {
  return pod(attempt, {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    trainer: ended(exitCode, how.said),
    courier: ended(0, result ? JSON.stringify({ v: 1, reason: 'Published', ...result }) : undefined),
    ...how,
  });
}

/** A pod that restore ended before the trainer began. */
export function refusedPod(attempt: number, exitCode: number, result?: Partial<CourierResult>, how: PodHow = {}): Pod {
  return pod(attempt, {
    phase: 'Failed',
    restore: ended(exitCode, result ? JSON.stringify({ v: 1, reason: 'Restored', ...result }) : undefined),
    courier: ended(0),
    trainer: waiting('PodInitializing'),
    ...how,
  });
}

export function checkpoint(attempt: number, step: number, over: Partial<CourierCheckpoint> = {}): CourierCheckpoint {
  const name = over.final ? 'final' : `step-${String(step).padStart(8, '0')}`;
  return {
    manifest: `${PREFIX}p1a${attempt}/${name}/manifest.json`,
    digest: DIGEST,
    step,
    bytes: 1000,
    kind: over.final ? 'Export' : 'Resumable',
    final: false,
    at: at(40),
    attempt,
    ...over,
  };
}
export const final = (attempt: number, step = 2000) => checkpoint(attempt, step, { final: true });

export function report(over: Partial<CourierReport> = {}): CourierReport {
  return { phase: 'Running', pending: 0, at: at(30), ...over };
}

export const open = (number: number, over: Partial<AttemptRecord> = {}): AttemptRecord => ({
  number,
  jobUid: `job-${number}`,
  ...over,
});
export const closed = (
  number: number,
  failure: NonNullable<AttemptRecord['class']>,
  over: Partial<AttemptRecord> = {},
): AttemptRecord => ({
  number,
  jobUid: `job-${number}`,
  class: failure,
  rule: failure.toLowerCase(),
  finishedAt: at(50),
  ...over,
});

export function observed(job: IslandJob, over: Partial<Observed> = {}): Observed {
  return {
    job,
    kubeJobs: [],
    pods: [],
    configMaps: [],
    services: [],
    policies: [],
    lostNodes: new Set(),
    nodeHealth: new Map(),
    nodes: [],
    evidence: { events: [], nodeEvents: [] },
    live: true,
    ...over,
  };
}
