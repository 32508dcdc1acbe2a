/** Merges the user's `podTemplate` patch into the pod that Atoll builds, and refuses what would undo Atoll's own promises. */
import { gpuResource } from './capacity.ts';

type Json = Record<string, unknown>;

/** Lists that are merged item by item, and the field that tells the items apart. Every other list is replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  resourceClaims: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
};

/** Lists whose items are added to what is there. */
const APPENDED = new Set(['tolerations', 'schedulingGates']);

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergeList(name: string, base: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (APPENDED.has(name)) return [...base, ...patch];
  const key = MERGE_KEYS[name];
  if (key === undefined) return [...patch];
  const merged = [...base];
  for (const item of patch) {
    const at = isObject(item) ? merged.findIndex((other) => isObject(other) && other[key] === item[key]) : -1;
    if (at >= 0) merged[at] = merge(merged[at] as Json, item as Json);
    else merged.push(item);
  }
  return merged;
}

/**
 * Maps are merged, `null` deletes a key, the lists of `MERGE_KEYS` are merged by their key, tolerations are added, every other
 * list and every scalar is replaced: Kubernetes' strategic merge without `$patch` directives.
 */
export function merge(base: Json, patch: Json): Json {
  const merged: Json = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    const there = merged[name];
    if (value === null) delete merged[name];
    else if (Array.isArray(value)) merged[name] = mergeList(name, Array.isArray(there) ? there : [], value);
    else if (isObject(value)) merged[name] = merge(isObject(there) ? there : {}, value);
    else merged[name] = value;
  }
  return merged;
}

/** Fields of the pod's spec that Atoll's guarantees rest on, and why. */
const OWNED_SPEC: Readonly<Record<string, string>> = {
  restartPolicy: 'Atoll decides it from retry',
  terminationGracePeriodSeconds: 'Atoll decides it from grace',
  activeDeadlineSeconds: 'Atoll decides it from deadline and grace',
  automountServiceAccountToken: 'training pods have no token of the cluster',
  serviceAccountName: 'training pods have no identity in the cluster',
  serviceAccount: 'training pods have no identity in the cluster',
  hostname: 'the pods of a gang find each other by it',
  subdomain: 'the pods of a gang find each other by it',
};
const OWNED_CONTAINERS = new Set(['courier', 'restore']);

/** What of a list can be looked at: users write anything, and the API server tells them what is wrong with it. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function named(spec: Json, list: string): string[] {
  return objects(spec[list]).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

const nameText = (name: unknown) => (typeof name === 'string' ? name : '?');

/** A token of the API server would come back through a volume. */
function tokenErrors(spec: Json, at: string): string[] {
  const projects = (volume: Json) =>
    isObject(volume.projected) && objects(volume.projected.sources).some((source) => 'serviceAccountToken' in source);
  return objects(spec.volumes)
    .filter(projects)
    .map(({ name }) => `${at}.spec.volumes[${nameText(name)}] cannot project a serviceAccountToken: training pods have no token`);
}

/** Placement and quotas count resources.gpus: GPUs that only the podTemplate names would be nobody's. */
function gpuErrors(spec: Json, at: string): string[] {
  const asks = ({ resources }: Json) =>
    isObject(resources) && [resources.limits, resources.requests].some((amount) => isObject(amount) && gpuResource in amount);
  return ['containers', 'initContainers'].flatMap((list) =>
    objects(spec[list])
      .filter(asks)
      .map(({ name }) => `${at}.spec.${list}[${nameText(name)}].resources cannot ask for ${gpuResource}: use resources.gpus`),
  );
}

/** What in the patch is not the user's to change, each with what to do instead; empty when it may be merged. */
export function podTemplateErrors(patch: Readonly<Record<string, unknown>>): string[] {
  const at = 'spec.container.podTemplate';
  const errors = Object.keys(patch)
    .filter((key) => key !== 'metadata' && key !== 'spec')
    .map((key) => `${at}.${key} is not part of a pod template: only metadata and spec are`);
  const metadata = isObject(patch.metadata) ? patch.metadata : {};
  for (const [key, value] of Object.entries(metadata)) {
    if (key !== 'labels' && key !== 'annotations')
      errors.push(`${at}.metadata.${key} cannot be set: only labels and annotations can`);
    else if (isObject(value))
      for (const name of Object.keys(value))
        if (name.startsWith('atoll.dev/'))
          errors.push(`${at}.metadata.${key}[${name}] cannot be set: names under atoll.dev/ are Atoll's`);
  }
  const spec = isObject(patch.spec) ? patch.spec : {};
  for (const [key, why] of Object.entries(OWNED_SPEC)) if (key in spec) errors.push(`${at}.spec.${key} cannot be set: ${why}`);
  errors.push(...tokenErrors(spec, at), ...gpuErrors(spec, at));
  for (const list of ['containers', 'initContainers'])
    for (const name of named(spec, list))
      if (OWNED_CONTAINERS.has(name))
        errors.push(`${at}.spec.${list}[${name}] cannot be changed: the container is Atoll's; the trainer is named trainer`);
  if (named(spec, 'initContainers').includes('trainer'))
    errors.push(`${at}.spec.initContainers[trainer] cannot be set: the trainer is in containers`);
  for (const name of named(spec, 'containers'))
    if (name !== 'trainer' && !OWNED_CONTAINERS.has(name))
      errors.push(
        `${at}.spec.containers[${name}] cannot be added: use initContainers with restartPolicy Always, so that it ends with the trainer`,
      );
  return errors;
}
