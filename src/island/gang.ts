/** What a work on several nodes has more than one on a single node: an Indexed Job, a headless Service, and the variables of torchrun. */
import type { IslandJob } from '../api/islandjob.ts';
import { labels } from '../api/labels.ts';
import { attemptName } from '../api/names.ts';
import type { Container, Job, PodSpec, Service } from '../kube/core.ts';
import { attemptMeta } from './attemptmeta.ts';
import { indexKey } from './jobview.ts';

type Env = NonNullable<Container['env']>;

/** Port of the rendezvous on pod 0, torchrun's own default. */
export const masterPort = 29500;

export function isGang({ spec }: IslandJob): boolean {
  return spec.nodes > 1;
}

/** How many pods Kubernetes makes, and how it tells them apart: as `<attempt>-0`, `<attempt>-1`, ... */
export function gangJob(job: IslandJob): Pick<Job['spec'], 'completions' | 'parallelism' | 'completionMode'> {
  const { nodes } = job.spec;
  return { completions: nodes, parallelism: nodes, ...(isGang(job) ? { completionMode: 'Indexed' } : {}) };
}

/** The pods' domain, so that they find each other by name. */
export function gangPod(job: IslandJob, attempt: number): Pick<PodSpec, 'subdomain'> {
  return isGang(job) ? { subdomain: attemptName(job.metadata.name, attempt) } : {};
}

/** Names for the pods of one attempt; undefined for a work with one pod. */
export function serviceOf(job: IslandJob, attempt: number): Service | undefined {
  if (!isGang(job)) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...attemptMeta(job, attempt), name: attemptName(job.metadata.name, attempt) },
    spec: {
      clusterIP: 'None',
      // They must find each other before any of them is ready: that is what they wait for.
      publishNotReadyAddresses: true,
      selector: { [labels.islandJobUid]: job.metadata.uid ?? '', [labels.attempt]: String(attempt) },
    },
  };
}

/**
 * What torchrun reads (its arguments as PET_*, the names that Kubeflow Trainer sets too), and the same for launchers of one's own. RANK
 * and WORLD_SIZE count processes, so they are set only where each pod has one; torchrun sets them itself for the processes it starts.
 */
export function gangEnv(job: IslandJob, attempt: number): Env {
  if (!isGang(job)) return [];
  const { nodes, container } = job.spec;
  const { gpus = 0 } = container.resources;
  const processes = Math.max(1, gpus);
  const service = attemptName(job.metadata.name, attempt);
  const address = `${service}-0.${service}`;
  const rank = { valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${indexKey}']` } } };
  const values = {
    MASTER_ADDR: address,
    MASTER_PORT: String(masterPort),
    NNODES: String(nodes),
    ...(processes === 1 ? { WORLD_SIZE: String(nodes) } : {}),
    PET_NNODES: String(nodes),
    PET_NPROC_PER_NODE: String(processes),
    PET_MASTER_ADDR: address,
    PET_MASTER_PORT: String(masterPort),
  };
  const ranks = ['NODE_RANK', 'PET_NODE_RANK', ...(processes === 1 ? ['RANK'] : [])];
  return [...Object.entries(values).map(([name, value]) => ({ name, value })), ...ranks.map((name) => ({ name, ...rank }))];
}
