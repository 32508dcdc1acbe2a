/** A cluster in memory: Job controller, kubelet, courier and trainer as far as the island can see them, and the rules nobody may break. */
import { type CourierCheckpoint, type CourierResult, restoreExitCodes } from '../../src/api/courier.ts';
import { labels } from '../../src/api/labels.ts';
import { type Clock, timestamp } from '../../src/clock.ts';
import { indexKey, indexOf } from '../../src/island/jobview.ts';
import { hasEnded } from '../../src/island/podview.ts';
import { type ContainerStatus, type Job, jobs, type Pod, pods } from '../../src/kube/core.ts';
import { keyOf, keyString, type ObjectKey } from '../../src/kube/types.ts';
import type { MemoryApi } from '../kube/memory-client.ts';
import { checkpoint, final } from './builders.ts';

/** What the trainer of an attempt does when it is left alone: after so many ms it ends so, with what it published by then. */
export interface Script {
  afterMs: number;
  exitCode: number;
  final?: boolean;
  checkpointStep?: number;
}

type State = NonNullable<ContainerStatus['state']>;

export interface FakeCluster {
  /** Sentences about rules that were broken. */
  readonly violations: string[];
  /** Every pod whose trainer ever started, as `<attempt>:<pod uid>`. */
  readonly trained: string[];
  /** Final manifests in the bucket, by attempt. */
  readonly bucket: Map<number, CourierCheckpoint>;
}

const attemptOf = (object: Pod | Job) => Number(object.metadata.labels?.[labels.attempt]);

export function createFakeCluster(api: MemoryApi, clock: Clock, script: (attempt: number, index: number) => Script): FakeCluster {
  const violations: string[] = [];
  const trained: string[] = [];
  const bucket = new Map<number, CourierCheckpoint>();
  const claims = new Map<string, string>();
  const checkpoints = new Map<number, CourierCheckpoint>();
  const jobController = api.client({ name: 'job-controller' });
  const told = new Set<string>();
  const known = new Set<string>();

  const state = (since: number): State => ({ running: { startedAt: timestamp(since) } });
  const done = (exitCode: number, result?: CourierResult): State => ({
    terminated: {
      exitCode,
      startedAt: timestamp(clock.now()),
      finishedAt: timestamp(clock.now()),
      ...(result ? { message: JSON.stringify(result) } : {}),
    },
  });

  function setStatus(key: ObjectKey, uid: string, phase: string, states: Record<'courier' | 'restore' | 'trainer', State>): void {
    const pod = api.get(pods, key);
    if (pod?.metadata.uid !== uid) return;
    const status = (name: 'courier' | 'restore' | 'trainer'): ContainerStatus => ({
      name,
      state: states[name],
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
    });
    api.put(pods, {
      ...pod,
      status: {
        phase,
        podIP: '10.0.0.1',
        startTime: timestamp(clock.now()),
        initContainerStatuses: [status('courier'), status('restore')],
        containerStatuses: [status('trainer')],
      },
    });
  }

  function end(pod: Pod, exitCode: number, restore: State, published: Partial<CourierResult>): void {
    const result: CourierResult = { v: 1, reason: 'Published', ...published };
    const never: State = { waiting: { reason: 'PodInitializing' } };
    const trainer = restore.terminated?.exitCode === 0 ? done(exitCode) : never;
    setStatus(keyOf(pod), pod.metadata.uid ?? '', exitCode === 0 ? 'Succeeded' : 'Failed', {
      courier: done(0, result),
      restore,
      trainer,
    });
    api.finishPod(keyOf(pod));
    const job = api.all(jobs).find(({ metadata }) => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    if (job) clock.timer(20, () => finishJob(job));
  }

  /** With a back-off limit of 0 one failed pod fails the Job: the others are told to end, and it is said once they have. */
  function finishJob(seen: Job): void {
    const job = api.get(jobs, keyOf(seen));
    if (job?.metadata.uid !== seen.metadata.uid || job === undefined || job.status?.conditions !== undefined) return;
    const own = api.all(pods).filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
    const failed = own.some(({ status }) => status?.phase === 'Failed');
    const alive = own.filter((pod) => !hasEnded(pod, new Set()));
    if (failed) for (const pod of alive) void jobController.delete(pods, keyOf(pod), { uid: pod.metadata.uid ?? '' });
    if (alive.length > 0 || (!failed && own.length < (job.spec.completions ?? 1))) return;
    api.put(jobs, { ...job, status: { conditions: [{ type: failed ? 'Failed' : 'Complete', status: 'True' }] } });
  }

  function start(seen: Pod): void {
    const pod = api.get(pods, keyOf(seen));
    const uid = seen.metadata.uid ?? '';
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    const attempt = attemptOf(pod);
    const index = indexOf(pod);
    const place = `${attempt}/${index}`;
    const claim = claims.get(place) ?? uid;
    claims.set(place, claim);
    if (claim !== uid)
      return end(pod, 1, done(restoreExitCodes.attemptTaken, { v: 1, reason: 'AttemptTaken' }), { reason: 'NothingPublished' });
    const earlier = [...bucket.values()].at(-1);
    if (earlier)
      return end(pod, 1, done(restoreExitCodes.alreadyFinal, { v: 1, reason: 'AlreadyFinal', final: earlier }), {
        reason: 'NothingPublished',
      });
    const partner = (other: Pod) => attemptOf(other) === attempt && indexOf(other) !== index;
    const others = api.all(pods).filter((other) => other.metadata.uid !== uid && !partner(other) && !hasEnded(other, new Set()));
    for (const other of others)
      violations.push(`attempt ${attempt} trains while the pod of attempt ${attemptOf(other)} has not ended`);
    trained.push(`${attempt}:${uid}`);
    setStatus(keyOf(pod), uid, 'Running', { courier: state(clock.now()), restore: done(0), trainer: state(clock.now()) });
    const { afterMs, exitCode, checkpointStep, final: finishes = false } = script(attempt, index);
    if (checkpointStep !== undefined && index === 0) checkpoints.set(attempt, checkpoint(attempt, checkpointStep));
    clock.timer(afterMs, () => exit(pod, exitCode, finishes && index === 0));
  }

  function exit(pod: Pod, exitCode: number, finished: boolean): void {
    const now = api.get(pods, keyOf(pod));
    if (now?.metadata.uid !== pod.metadata.uid || now === undefined || hasEnded(now, new Set())) return;
    const attempt = attemptOf(pod);
    if (finished) {
      if (bucket.has(attempt)) violations.push(`the final of attempt ${attempt} was published twice`);
      bucket.set(attempt, final(attempt));
    }
    const newest = indexOf(pod) === 0 ? checkpoints.get(attempt) : undefined;
    end(now, exitCode, done(0), { ...(newest ? { checkpoint: newest } : {}), ...(finished ? { final: final(attempt) } : {}) });
  }

  function terminate(seen: Pod): void {
    const pod = api.get(pods, keyOf(seen));
    if (pod?.metadata.uid !== seen.metadata.uid || pod === undefined) return;
    if (hasEnded(pod, new Set())) return api.finishPod(keyOf(pod));
    const running = pod.status?.containerStatuses?.[0]?.state?.running !== undefined;
    if (running) exit(pod, 75, false);
    else end(pod, 1, done(137), { reason: 'NothingPublished' });
  }

  function makePod(seen: Job): void {
    const job = api.get(jobs, keyOf(seen));
    if (job?.metadata.uid !== seen.metadata.uid || job === undefined || job.metadata.deletionTimestamp !== undefined) return;
    const own = api.all(pods).some((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
    if (own || job.spec.suspend === true || job.status?.conditions !== undefined) return;
    const indexed = job.spec.completionMode === 'Indexed';
    for (let index = 0; index < (job.spec.completions ?? 1); index++) makeOne(job, indexed ? index : undefined);
  }

  function makeOne(job: Job, index: number | undefined): void {
    const { name, namespace, uid = '' } = job.metadata;
    const { metadata, spec } = job.spec.template;
    const place = index === undefined ? {} : { [indexKey]: String(index) };
    api.put(pods, {
      metadata: {
        name: `${name}-${index === undefined ? '' : `${index}-`}${uid.slice(0, 5)}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...metadata?.labels, ...place },
        finalizers: metadata?.finalizers ?? [],
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }],
      },
      spec: { ...spec, containers: spec?.containers ?? [], nodeName: 'node-1' },
      status: { phase: 'Pending' },
    });
  }

  api.observe(({ type, change, object }) => {
    const uid = object.metadata.uid ?? keyString(object.metadata);
    if (type.kind === 'Job' && change === 'ADDED') clock.timer(10, () => makePod(object as Job));
    if (type.kind !== 'Pod' || change === 'DELETED') return;
    if (!known.has(uid)) clock.timer(100, () => start(object as Pod));
    known.add(uid);
    if (object.metadata.deletionTimestamp !== undefined && !told.has(uid)) {
      told.add(uid);
      clock.timer(50, () => terminate(object as Pod));
    }
  });
  return { violations, trained, bucket };
}
