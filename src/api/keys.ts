/** Where things lie in an object store. Every key is written at most once, by one attempt. */
import type { WorkRole } from './work.ts';

/** The first eight hexadecimal digits of a uid: enough to tell objects of one name apart. */
export function uid8(uid: string): string {
  return uid.replaceAll('-', '').slice(0, 8);
}

/** Index of an expert as it stands in keys and names: `003`. */
export function index3(index: number): string {
  return String(index).padStart(3, '0');
}

export interface Owner {
  namespace: string;
  name: string;
  uid: string;
}

/** `<prefix><namespace>.<name>.<uid8>/`: everything that one ExpertDataset or ExpertTraining publishes. */
export function ownerPrefix(storagePrefix: string, owner: Owner): string {
  return `${storagePrefix}${owner.namespace}.${owner.name}.${uid8(owner.uid)}/`;
}

const folders = { Partition: 'dataset', Router: 'router', Evaluate: 'ensemble' } as const;

/** Prefix of one work: `.../experts/003/`, `.../dataset/`, `.../router/` or `.../ensemble/`. `index` is for role Expert. */
export function workPrefix(storagePrefix: string, owner: Owner, role: WorkRole, index?: number): string {
  const base = ownerPrefix(storagePrefix, owner);
  if (role !== 'Expert') return `${base}${folders[role]}/`;
  if (index === undefined) throw new Error('cannot name the prefix of an expert without its index');
  return `${base}experts/${index3(index)}/`;
}

export interface AttemptNumber {
  placement: number;
  attempt: number;
}

/** `<work prefix>p2a1/`: where one attempt writes. */
export function attemptPrefix(work: string, { placement, attempt }: AttemptNumber): string {
  return `${work}p${placement}a${attempt}/`;
}

/** Key of the claim that makes one pod the only one to run this attempt; `index` is that of the pod in its gang. */
export function claimKey(work: string, attempt: AttemptNumber, index = 0): string {
  return `${attemptPrefix(work, attempt)}claim-${index}.json`;
}

/** Directory of a checkpoint: `step-00001000/`, or `final/` for the result. */
export function checkpointPrefix(work: string, attempt: AttemptNumber, step: number, final: boolean): string {
  return `${attemptPrefix(work, attempt)}${final ? 'final' : `step-${String(step).padStart(8, '0')}`}/`;
}

/** Key of the manifest of that checkpoint; it is written last. */
export function manifestKey(work: string, attempt: AttemptNumber, step: number, final: boolean): string {
  return `${checkpointPrefix(work, attempt, step, final)}manifest.json`;
}

export interface CheckpointKey extends AttemptNumber {
  /** Undefined for the final one, whose step stands in its manifest. */
  step: number | undefined;
  final: boolean;
}

/** Reads a manifest key below a work prefix; undefined when it is none. */
export function parseManifestKey(work: string, key: string): CheckpointKey | undefined {
  if (!key.startsWith(work)) return undefined;
  const match = /^p([0-9]+)a([0-9]+)\/(?:(final)|step-([0-9]{8,}))\/manifest\.json$/.exec(key.slice(work.length));
  if (match === null) return undefined;
  const final = match[3] !== undefined;
  return { placement: Number(match[1]), attempt: Number(match[2]), step: final ? undefined : Number(match[4]), final };
}

/** Key of a file that a manifest lists: beside the manifest, under its relative path. */
export function fileKey(manifest: string, path: string): string {
  return `${manifest.slice(0, manifest.lastIndexOf('/') + 1)}${path}`;
}
