/** Builds the Job of an attempt, with its pod of courier, restore and trainer: a pure function of IslandJob and settings. */
import { contractEnv, contractPaths } from '../api/contract.ts';
import { configMapKeys, containerNames, courierPaths, courierPort } from '../api/courier.ts';
import { parseDuration } from '../api/duration.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { finalizers } from '../api/labels.ts';
import { attemptName } from '../api/names.ts';
import type { Container, Job, Pod, PodSpec, PodTemplate } from '../kube/core.ts';
import { onItsNodes } from './affinity.ts';
import { storesOf, threads } from './attemptconfig.ts';
import { attemptMeta } from './attemptmeta.ts';
import { gangEnv, gangJob, gangPod } from './gang.ts';
import { InvalidWorkError } from './invalid.ts';
import { merge, podTemplateErrors } from './podtemplate.ts';
import { queueLabel } from './queue.ts';
import type { IslandSettings } from './settings.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];
type Mount = NonNullable<Container['volumeMounts']>[number];

const USER = 1000;
/** How long a finished Job stays, for its logs, after everything it had to say was stored. */
const KEPT_SECONDS = 3600;

const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const work: Mount = { name: 'work', mountPath: contractPaths.work };
const fieldEnv = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** Finished Jobs are never retried by Kubernetes: what follows the end of an attempt is decided here alone. */
export function jobOf(job: IslandJob, attempt: number, settings: IslandSettings): Job {
  const meta = attemptMeta(job, attempt);
  const { queueName } = job.spec;
  const queue = queueName === undefined ? {} : { labels: { ...meta.labels, [queueLabel]: queueName } };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...meta, ...queue, name: attemptName(job.metadata.name, attempt), finalizers: [finalizers.attempt] },
    spec: {
      // Never `suspend`: whoever keeps the queue sets and takes it away.
      ...gangJob(job),
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: templateOf(job, attempt, settings),
    },
  };
}

/** The pod as the Job would create it, for a trial creation. */
export function podOf(job: IslandJob, attempt: number, settings: IslandSettings): Pod {
  const { metadata, spec } = templateOf(job, attempt, settings);
  const { namespace } = job.metadata;
  const name = `${attemptName(job.metadata.name, attempt)}-check`;
  if (spec === undefined) throw new InvalidWorkError('spec.container.podTemplate.spec cannot be null');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
    },
    spec,
  };
}

function templateOf(job: IslandJob, attempt: number, settings: IslandSettings): PodTemplate {
  const template = patchedTemplate(job, attempt, settings);
  return template.spec === undefined ? template : { ...template, spec: onItsNodes(template.spec, job, attempt) };
}

function patchedTemplate(job: IslandJob, attempt: number, settings: IslandSettings): PodTemplate {
  const { labels } = attemptMeta(job, attempt);
  const base = {
    metadata: { ...(labels ? { labels } : {}), finalizers: [finalizers.attempt] },
    spec: specOf(job, attempt, settings),
  };
  const { podTemplate } = job.spec.container;
  if (podTemplate === undefined) return base;
  const errors = podTemplateErrors(podTemplate);
  if (errors.length > 0) throw new InvalidWorkError(errors.join('; '));
  return merge(base, podTemplate);
}

function specOf(job: IslandJob, attempt: number, settings: IslandSettings): PodSpec {
  const { container, grace } = job.spec;
  const { resources } = container;
  const user = container.runAsUser ?? USER;
  const nodeSelector = {
    ...container.nodeSelector,
    ...(resources.gpuProduct === undefined ? {} : { 'nvidia.com/gpu.product': resources.gpuProduct }),
  };
  const pullSecrets = container.imagePullSecrets ?? [];
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: Math.ceil((parseDuration(grace.save) + parseDuration(grace.publish)) / 1000),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // A pod behind a cut wire goes on: Kubernetes must not take it away, whatever it thinks of the node.
    tolerations: [
      ...['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
      })),
      ...(resources.gpus ? [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] : []),
      ...((container.tolerations ?? []) as NonNullable<PodSpec['tolerations']>),
    ],
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
    ...(container.priorityClassName === undefined ? {} : { priorityClassName: container.priorityClassName }),
    initContainers: [courier(job, settings), restore(job, settings)],
    ...gangPod(job, attempt),
    containers: [trainer(job, attempt)],
    volumes: volumes(job, attempt, settings),
  };
}

/** Courier and restore: Atoll's image, the only containers that see a store's credentials. */
function ownContainer(job: IslandJob, settings: IslandSettings): Omit<Container, 'name'> {
  const policy = settings.courier?.imagePullPolicy;
  const { requests, limits } = settings.courier?.resources ?? {};
  return {
    image: settings.images.atoll,
    ...(policy === undefined ? {} : { imagePullPolicy: policy }),
    env: [
      fieldEnv('ATOLL_POD_UID', 'metadata.uid'),
      fieldEnv('ATOLL_POD_NAME', 'metadata.name'),
      fieldEnv('ATOLL_NODE', 'spec.nodeName'),
    ],
    resources: {
      requests: { cpu: '50m', memory: '96Mi', ...requests },
      limits: { memory: '512Mi', ...limits },
    },
    securityContext: { ...restricted, readOnlyRootFilesystem: true },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      work,
      { name: 'tmp', mountPath: contractPaths.tmp },
      { name: 'config', mountPath: courierPaths.config, subPath: configMapKeys.courier, readOnly: true },
      ...storesOf(job, settings).map(({ name }) => ({
        name: `store-${name}`,
        mountPath: `${courierPaths.stores}/${name}`,
        readOnly: true,
      })),
    ],
  };
}

const courierCommand = (verb: 'publish' | 'restore') => ['courier', verb, '--config', courierPaths.config];

/** First in the list, so that what restore does can already be seen; it ends after the trainer. */
function courier(job: IslandJob, settings: IslandSettings): Container {
  return {
    name: containerNames.courier,
    ...ownContainer(job, settings),
    restartPolicy: 'Always',
    args: courierCommand('publish'),
    ports: [{ name: 'courier', containerPort: settings.courier?.port ?? courierPort }],
  };
}

/** It runs before the trainer, so it may ask for the trainer's CPU at no cost to the pod, and does not starve on a busy node. */
function restore(job: IslandJob, settings: IslandSettings): Container {
  const own = ownContainer(job, settings);
  const { requests, limits } = own.resources ?? {};
  const cpu = limits?.['cpu'] === undefined ? { cpu: job.spec.container.resources.cpu } : {};
  return {
    name: containerNames.restore,
    ...own,
    resources: { ...own.resources, requests: { ...requests, ...cpu } },
    args: courierCommand('restore'),
  };
}

function trainer(job: IslandJob, attempt: number): Container {
  const { container } = job.spec;
  const { cpu, memory, gpus, shm } = container.resources;
  const amount = { cpu, memory, ...(gpus ? { 'nvidia.com/gpu': String(gpus) } : {}) };
  const env = (container.env ?? []) as NonNullable<Container['env']>;
  const given = new Set(env.map(({ name }) => name));
  // More threads than CPUs only take turns, so numeric libraries are told how many there are.
  const contract = { ...contractEnv, OMP_NUM_THREADS: String(threads(cpu)) };
  const defaults = [...Object.entries(contract).map(([name, value]) => ({ name, value })), ...gangEnv(job, attempt)];
  return {
    name: containerNames.trainer,
    image: container.image,
    ...(container.imagePullPolicy === undefined ? {} : { imagePullPolicy: container.imagePullPolicy }),
    ...(container.command === undefined ? {} : { command: container.command }),
    ...(container.args === undefined ? {} : { args: container.args }),
    ...(container.envFrom === undefined ? {} : { envFrom: container.envFrom as NonNullable<Container['envFrom']> }),
    env: [...defaults.filter(({ name }) => !given.has(name)), ...env],
    resources: { requests: amount, limits: amount },
    securityContext: restricted,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      work,
      { name: 'tmp', mountPath: contractPaths.tmp },
      ...(shm === undefined ? [] : [{ name: 'shm', mountPath: '/dev/shm' }]),
      { name: 'config', mountPath: contractPaths.spec, subPath: configMapKeys.spec, readOnly: true },
    ],
  };
}

function volumes(job: IslandJob, attempt: number, settings: IslandSettings): Volume[] {
  const { shm, scratch } = job.spec.container.resources;
  return [
    { name: 'work', emptyDir: scratch === undefined ? {} : { sizeLimit: scratch } },
    { name: 'tmp', emptyDir: scratch === undefined ? {} : { sizeLimit: scratch } },
    ...(shm === undefined ? [] : [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: shm } }]),
    { name: 'config', configMap: { name: attemptName(job.metadata.name, attempt) } },
    // Readable for the group that fsGroup gives the courier, for nobody else.
    ...storesOf(job, settings).map(({ name, secretName }) => ({
      name: `store-${name}`,
      secret: { secretName, defaultMode: 0o440 },
    })),
  ];
}
