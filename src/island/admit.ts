/** What this island admits, whatever a hub sends: namespaces, images and GPUs by its own lists, and only stores that it knows. */
import { containerNames } from '../api/courier.ts';
import type { IslandJob } from '../api/islandjob.ts';
import type { AdmitJob } from '../api/islandreport.ts';
import { apiVersion } from '../api/kind.ts';
import type { Container, Pod } from '../kube/core.ts';
import { storesOf } from './attemptconfig.ts';
import { isGpu } from './capacity.ts';
import { InvalidWorkError } from './invalid.ts';
import { podOf } from './pod.ts';
import { objects } from './podtemplate.ts';
import { quantity } from './quantity.ts';
import type { IslandSettings } from './settings.ts';

export type { AdmitJob } from '../api/islandreport.ts';

type Refusal = NonNullable<ReturnType<AdmitJob>>;

/** Looks at the pod that would be made, so that what a podTemplate adds or replaces is seen too. */
export function createAdmit(settings: IslandSettings): AdmitJob {
  const { namespaces, admit = {} } = settings;
  return ({ namespace, spec }) => {
    if (namespaces && !namespaces.includes(namespace))
      return {
        reason: 'NamespaceNotAdmitted',
        message: `island ${settings.name} does not admit the namespace ${namespace}: it admits ${namespaces.join(', ')}`,
      };
    const job: IslandJob = { apiVersion, kind: 'IslandJob', metadata: { name: 'admission', namespace }, spec };
    try {
      storesOf(job, settings);
    } catch (error) {
      if (error instanceof InvalidWorkError) return { reason: 'StoreUnknown', message: error.message };
      throw error;
    }
    if (admit.images === undefined && admit.maxGpus === undefined) return undefined;
    const pod = built(job, settings);
    return pod && (imageRefusal(pod, admit.images, settings.name) ?? gpuRefusal(pod, spec.nodes, admit.maxGpus, settings.name));
  };
}

/** Undefined for a podTemplate that no pod is ever made of: the check of the pod tells what is wrong with it. */
function built(job: IslandJob, settings: IslandSettings): Pod | undefined {
  try {
    return podOf(job, 1, settings);
  } catch (error) {
    if (error instanceof InvalidWorkError) return undefined;
    throw error;
  }
}

const OWN = new Set<string>([containerNames.courier, containerNames.restore]);

/** Everything that runs but Atoll's own containers, which no podTemplate can change. What is malformed never becomes a pod. */
const foreign = ({ spec }: Pod): Partial<Container>[] =>
  [...objects(spec.initContainers), ...objects(spec.containers)].filter(({ name }) => typeof name !== 'string' || !OWN.has(name));

function imagesOf(pod: Pod): string[] {
  const mounted = objects([...objects(pod.spec.volumes)].map(({ image }) => image)).map(({ reference }) => reference);
  return [...foreign(pod).map(({ image }) => image), ...mounted].map((image) => (typeof image === 'string' ? image : '(none)'));
}

/** A whole reference, or with "*" at its end the start of one. */
function matches(pattern: string, image: string): boolean {
  return pattern.endsWith('*') ? image.startsWith(pattern.slice(0, -1)) : image === pattern;
}

function imageRefusal(pod: Pod, allowed: readonly string[] | undefined, island: string): Refusal | undefined {
  if (allowed === undefined) return undefined;
  const image = imagesOf(pod).find((each) => !allowed.some((pattern) => matches(pattern, each)));
  if (image === undefined) return undefined;
  return {
    reason: 'ImageNotAdmitted',
    message: `island ${island} does not admit the image ${image}: it admits ${allowed.join(', ')}`,
  };
}

function gpuRefusal(pod: Pod, nodes: number, max: number | undefined, island: string): Refusal | undefined {
  if (max === undefined) return undefined;
  if (pod.spec.resourceClaims?.length)
    return {
      reason: 'LimitExceeded',
      message: `island ${island} admits at most ${max} GPUs a work and cannot count those of spec.resourceClaims: ask for them by resources.gpus`,
    };
  const asked = nodes * devicesOf(pod);
  if (asked <= max) return undefined;
  const pods = nodes > 1 ? ` in its ${nodes} pods` : '';
  return { reason: 'LimitExceeded', message: `the work asks for ${asked} GPUs${pods}, island ${island} admits at most ${max}` };
}

/** Devices of every maker, each container's added up: never fewer than what the pod holds at once. */
function devicesOf(pod: Pod): number {
  const amounts = foreign(pod).map(({ resources }) => ({ ...resources?.requests, ...resources?.limits }));
  return amounts
    .flatMap((each) => Object.entries(each))
    .reduce((all, [name, amount]) => all + (isGpu(name) ? devices(amount) : 0), 0);
}

/** What is written in a way that is not understood here counts as more than any limit. */
function devices(amount: unknown): number {
  if (typeof amount !== 'number' && typeof amount !== 'string') return Number.POSITIVE_INFINITY;
  const number = quantity(String(amount));
  return number > 0 || Number(amount) === 0 ? number : Number.POSITIVE_INFINITY;
}
