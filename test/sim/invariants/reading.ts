/** How invariants read the objects of a world: whose work something is, what of it runs, and which manifests verify. */
import { createHash } from 'node:crypto';
import { ExpertDatasetKind } from '../../../src/api/expertdataset.ts';
import { ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import type { IslandJob } from '../../../src/api/islandjob.ts';
import { fileKey, parseManifestKey } from '../../../src/api/keys.ts';
import { decodeManifest, digestOf, type Manifest } from '../../../src/api/manifest.ts';
import type { ManifestRef, WorkStatus } from '../../../src/api/work.ts';
import type { KubeObject } from '../../../src/kube/types.ts';
import type { Fact } from '../facts.ts';
import type { SimPod } from '../pod/pod.ts';
import type { Site } from '../site.ts';
import type { World } from '../world.ts';

/** The same for every placement and attempt of a work. */
export function workOf({ spec }: IslandJob): string {
  return `${spec.work.owner.uid}/${spec.role}/${spec.work.index ?? ''}`;
}

/** Statuses of works in what the hub stored just now. */
export function worksIn(fact: Fact): { work: string; status: WorkStatus }[] {
  if (fact.kind !== 'write' || fact.cluster !== 'hub') return [];
  const object = fact.event.object as KubeObject & {
    spec: { trainingUid?: string; index?: number };
    status?: WorkStatus & { work?: WorkStatus; router?: WorkStatus; evaluation?: WorkStatus };
  };
  const { status, spec, metadata } = object;
  if (!status) return [];
  const of = (role: string, part: WorkStatus | undefined) => (part ? [{ work: `${metadata.uid}/${role}/`, status: part }] : []);
  switch (fact.event.type.kind) {
    case 'ExpertShard':
      return [{ work: `${spec.trainingUid}/Expert/${spec.index}`, status }];
    case ExpertDatasetKind.kind:
      return of('Partition', status.work);
    case ExpertTrainingKind.kind:
      return [...of('Router', status.router), ...of('Evaluate', status.evaluation)];
    default:
      return [];
  }
}

export function siteOf(world: World, name: string): Site | undefined {
  return world.sites.find((site) => site.name === name);
}

/** Pods of which any container runs. */
export function running(world: World, which: (pod: SimPod) => boolean): SimPod[] {
  return world.pods().filter((pod) => !pod.over && which(pod));
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The manifest under a key when it and every file that it lists are as they should be. */
export function verified(world: World, key: string, digest?: string): Manifest | undefined {
  const { objects } = world.bucket.memory;
  const bytes = objects.get(key);
  if (!bytes) return undefined;
  try {
    const manifest = decodeManifest(bytes, digest ?? digestOf(bytes));
    const whole = manifest.files.every(({ path, size, sha256: wanted }) => {
      const file = objects.get(fileKey(key, path));
      return file !== undefined && file.length === size && sha256(file) === wanted;
    });
    return whole ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Manifests of one placement below a prefix, newest first: by attempt, then step; finals are left out. */
export function checkpoints(world: World, prefix: string, placement: number): { key: string; attempt: number; step: number }[] {
  return [...world.bucket.memory.objects.keys()]
    .flatMap((key) => {
      const parsed = parseManifestKey(prefix, key);
      if (parsed?.placement !== placement || parsed.final || parsed.step === undefined) return [];
      return [{ key, attempt: parsed.attempt, step: parsed.step }];
    })
    .toSorted((a, b) => b.attempt - a.attempt || b.step - a.step);
}

/** Key of the manifest that this pod has to resume from now; undefined when there is none that it may. */
export function resumable(world: World, pod: SimPod): string | undefined {
  const { attempt, output, resume, quarantined } = pod.config;
  const own = checkpoints(world, output.prefix, attempt.placement).filter((one) => one.attempt <= attempt.attempt);
  const candidates: (Omit<ManifestRef, 'digest'> & { digest?: string })[] = [
    ...own.map(({ key }) => ({ manifest: key })),
    ...resume,
  ];
  return candidates.find(({ manifest, digest }) => {
    if (quarantined.includes(manifest)) return false;
    return verified(world, manifest, digest)?.kind === 'Resumable';
  })?.manifest;
}
