/** Which published checkpoints of a placement may go, and removing one of them. */
import type { AttemptNumber } from '../api/keys.ts';
import type { ObjectStore } from './object-store.ts';
import { inParallel } from './parallel.ts';
import { type Candidate, candidates } from './restore.ts';

/**
 * Pure: of the manifests of one placement (newest first), those beyond the newest `keep`. Never a final. A damaged one neither counts as
 * kept nor goes: that one is left is evidence, and that it does not count keeps the one that was resumed from in its place.
 */
export function expired(list: Candidate[], policy: { keep: number; damaged: readonly string[] }): Candidate[] {
  return list.filter(({ final, manifest }) => !final && !policy.damaged.includes(manifest)).slice(policy.keep);
}

/**
 * Removes the checkpoints beyond `keep` of this placement; returns their manifests. The manifest goes first: then it does not exist.
 * `allowed` is asked before each of them; those that are left when it says no stay whole.
 */
export async function retain(
  store: ObjectStore,
  prefix: string,
  attempt: AttemptNumber,
  policy: { keep: number; damaged: readonly string[]; allowed?: () => boolean },
  signal?: AbortSignal,
): Promise<string[]> {
  const gone = expired(await candidates(store, prefix, attempt, signal), policy);
  const removed: string[] = [];
  for (const { manifest } of gone) {
    if (policy.allowed?.() === false) break;
    await store.delete(manifest);
    const folder = manifest.slice(0, manifest.lastIndexOf('/') + 1);
    const files: string[] = [];
    for await (const { key } of store.list(folder, signal ? { signal } : {})) files.push(key);
    await inParallel(files, 8, (key) => store.delete(key));
    removed.push(manifest);
  }
  return removed;
}
