/** Kubernetes' Job controller as far as Atoll can see it: a pod for each Job, and what became of it in the Job's conditions. */
import { type Job, jobs, type Pod, pods } from '../../../src/kube/core.ts';
import { keyOf } from '../../../src/kube/types.ts';
import type { MemoryApi } from '../../kube/memory-client.ts';
import type { SimClock } from '../clock.ts';
import type { Dice } from '../random.ts';

export interface JobController {
  /** Makes a second pod for each Job from now on, as a controller with a stale cache can. */
  doubles: boolean;
  readonly counts: { doubled: number };
}

export function runJobController(api: MemoryApi, clock: SimClock, dice: Dice, current: () => boolean): JobController {
  const controller: JobController = { doubles: false, counts: { doubled: 0 } };
  /** uid of a Job to the uids of its pods that are not over. */
  const open = new Map<string, Set<string>>();
  const over = new Map<string, 'Complete' | 'Failed'>();

  function makePod(seen: Job): void {
    const job = api.get(jobs, keyOf(seen));
    if (!current() || !job || job.metadata.uid !== seen.metadata.uid || job.metadata.deletionTimestamp !== undefined) return;
    if (job.spec.suspend === true || over.has(job.metadata.uid ?? '')) return;
    const { name, namespace, uid = '' } = job.metadata;
    const { metadata, spec } = job.spec.template;
    const made = api.put(pods, {
      metadata: {
        name: `${name}-${dice.hex(3)}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...metadata?.labels },
        finalizers: metadata?.finalizers ?? [],
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }],
      },
      spec: { ...spec, containers: spec?.containers ?? [] },
      status: { phase: 'Pending' },
    });
    open.set(uid, (open.get(uid) ?? new Set()).add(made.metadata.uid ?? ''));
  }

  function podIsOver(pod: Pod, phase: string | undefined): void {
    const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
    const mine = open.get(owner?.uid ?? '');
    if (!owner || !mine?.delete(pod.metadata.uid ?? '')) return;
    const outcome = phase === 'Succeeded' ? 'Complete' : 'Failed';
    if (outcome === 'Failed' || !over.has(owner.uid)) over.set(owner.uid, outcome);
    clock.timer(dice.between(10, 200), () => conclude(owner.name, owner.uid, pod.metadata.namespace));
  }

  /** With a back-off limit of 0 one failed pod fails the Job, and the others are told to end. */
  function conclude(name: string, uid: string, namespace: string | undefined): void {
    const job = api.get(jobs, { name, ...(namespace === undefined ? {} : { namespace }) });
    const left = open.get(uid) ?? new Set();
    if (!current() || !job || job.metadata.uid !== uid || job.status?.conditions !== undefined) return;
    if (left.size > 0) {
      const alive = api.all(pods).filter(({ metadata }) => left.has(metadata.uid ?? ''));
      for (const pod of alive)
        void api.client({ name: 'job-controller' }).delete(pods, keyOf(pod), { uid: pod.metadata.uid ?? '' });
      return;
    }
    api.put(jobs, { ...job, status: { conditions: [{ type: over.get(uid) ?? 'Failed', status: 'True' }] } });
  }

  api.observe(({ type, change, object }) => {
    if (type.kind === 'Job' && change === 'ADDED') {
      clock.timer(dice.between(10, 100), () => makePod(object as Job));
      if (controller.doubles) {
        controller.counts.doubled++;
        clock.timer(dice.between(10, 3000), () => makePod(object as Job));
      }
    }
    if (type.kind !== 'Pod') return;
    const pod = object as Pod;
    const phase = pod.status?.phase;
    if (change === 'DELETED' || phase === 'Succeeded' || phase === 'Failed') podIsOver(pod, phase);
  });
  return controller;
}
