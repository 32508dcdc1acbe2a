/** Whether what was published is still what its digest says, as lineages show it. */
import { fileKey } from '../../api/keys.ts';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../kube/errors.ts';
import { DamagedObjectError } from '../../store/errors.ts';
import { inParallel } from '../../store/parallel.ts';
import type { Checked } from '../view/of/lineage.ts';
import { type Bucket, inputsOf } from './bucket.ts';
import type { Buckets } from './find.ts';
import { remember } from './remembered.ts';

export interface Checks {
  /** Reads the manifest again and looks for each file that it lists; what was found is taken for a minute. */
  of(store: string, manifest: string, digest: string): Promise<Checked>;
}

const atOnce = 4;
/** Of one manifest, at most so many files are looked for. */
const mostHeads = 200;

export function createChecks(clock: Clock, buckets: Buckets): Checks {
  /** Whole lineages are looked up again after a while only: each asks for many objects. */
  const checks = remember<Checked>(clock, 60_000, 4096);

  /** The manifest and the size of each file it lists. */
  async function check(bucket: Bucket | undefined, manifest: string, digest: string): Promise<Checked> {
    const checkedAt = new Date(clock.now()).toISOString();
    if (!bucket) return { verified: 'Unreadable', checkedAt, message: 'the store is not known to this operator' };
    try {
      const found = await bucket.readAgain(manifest, digest);
      const files = found.content.files.slice(0, mostHeads);
      const wrong = await inParallel(files, atOnce, async ({ path, size }) => {
        const key = fileKey(manifest, path);
        const there = await bucket.store.head(key);
        if (!there) return `${key} is missing`;
        return there.size === size ? undefined : `${key} has ${there.size} bytes instead of ${size}`;
      });
      const inputs = inputsOf(found.content);
      const message = wrong.find((why) => why !== undefined);
      return message === undefined
        ? { verified: 'Verified', checkedAt, inputs }
        : { verified: 'Damaged', checkedAt, inputs, message };
    } catch (error) {
      const verified = error instanceof DamagedObjectError ? ('Damaged' as const) : ('Unreadable' as const);
      return { verified, checkedAt, message: messageOf(error) };
    }
  }

  return {
    of: (store, manifest, digest) =>
      checks.get(`${store} ${manifest} ${digest}`, () => check(buckets.get(store), manifest, digest)),
  };
}
