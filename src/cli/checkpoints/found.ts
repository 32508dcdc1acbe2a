/** What a run has published, as its bucket holds it. */
import { join } from 'node:path';
import type { ExpertTraining } from '../../api/experttraining.ts';
import { type CheckpointKey, type Owner, ownerPrefix, parseManifestKey, workPrefix } from '../../api/keys.ts';
import type { AcceptedOutput, WorkRole } from '../../api/work.ts';
import { DamagedObjectError } from '../../store/errors.ts';
import { type FoundManifest, readManifest } from '../../store/manifests.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { inParallel } from '../../store/parallel.ts';
import type { Scope } from '../cluster.ts';
import { expertsOf } from '../run.ts';

export interface Published extends CheckpointKey {
  /** `expert-003`, `router` or `ensemble`. */
  work: string;
  index: number | undefined;
  manifest: string;
  /** Undefined when it is damaged; `why` says how. */
  found: FoundManifest | undefined;
  why: string | undefined;
  accepted: boolean;
}

const parallel = 8;

/** Every manifest of the run, or of one expert, by work, placement, attempt and step. */
export async function publishedBy(
  scope: Pick<Scope, 'client'>,
  store: ObjectStore,
  run: ExpertTraining,
  index: number | undefined,
  signal: AbortSignal,
): Promise<Published[]> {
  const { namespace = '', name, uid = '' } = run.metadata;
  const whose = { owner: { namespace, name, uid }, prefix: run.spec.storage.prefix };
  return await publishedBelow(store, whose, await acceptedOf(scope, run), index, signal);
}

/** The same where the run may be gone: of `owner.uid` its first eight digits are enough. */
export async function publishedBelow(
  store: ObjectStore,
  { owner, prefix }: { owner: Owner; prefix: string },
  accepted: ReadonlyMap<string, AcceptedOutput>,
  index: number | undefined,
  signal: AbortSignal,
): Promise<Published[]> {
  const root = index === undefined ? ownerPrefix(prefix, owner) : workPrefix(prefix, owner, 'Expert', index);
  const works = worksBelow(prefix, owner);
  const keys: (Omit<Published, 'found' | 'why'> & { digest: string | undefined })[] = [];
  for await (const { key } of store.list(root, { signal })) {
    if (!key.endsWith('/manifest.json')) continue;
    const work = works(key);
    const parsed = work && parseManifestKey(work.prefix, key);
    if (!parsed) continue;
    const counts = accepted.get(key);
    keys.push({
      ...parsed,
      work: work.title,
      index: work.index,
      manifest: key,
      accepted: counts !== undefined,
      digest: counts?.digest,
    });
  }
  const read = await inParallel(keys, parallel, async ({ digest, ...key }): Promise<Published> => {
    try {
      return { ...key, found: await readManifest(store, key.manifest, digest, signal), why: undefined };
    } catch (error) {
      if (!(error instanceof DamagedObjectError)) throw error;
      return { ...key, found: undefined, why: error.message };
    }
  });
  const step = ({ final, step: at }: Published) => (final ? Number.POSITIVE_INFINITY : (at ?? 0));
  return read.toSorted(
    (a, b) => a.work.localeCompare(b.work) || a.placement - b.placement || a.attempt - b.attempt || (step(a) < step(b) ? -1 : 1),
  );
}

/** Which work a key belongs to. */
function worksBelow(prefix: string, owner: Owner) {
  const experts = join(workPrefix(prefix, owner, 'Expert', 0), '..').replace(/\/?$/, '/');
  const named = (['Router', 'Evaluate'] as const satisfies readonly WorkRole[]).map((role) => ({
    title: role === 'Router' ? 'router' : 'ensemble',
    index: undefined,
    prefix: workPrefix(prefix, owner, role),
  }));
  return (key: string): { title: string; index: number | undefined; prefix: string } | undefined => {
    const expert = key.startsWith(experts) ? /^(\d{3})\//.exec(key.slice(experts.length))?.[1] : undefined;
    if (expert !== undefined) return { title: `expert-${expert}`, index: Number(expert), prefix: `${experts}${expert}/` };
    return named.find((one) => key.startsWith(one.prefix));
  };
}

/** The results that the hub accepted, by the key of their manifest. */
async function acceptedOf(scope: Pick<Scope, 'client'>, run: ExpertTraining): Promise<Map<string, AcceptedOutput>> {
  const { router, evaluation } = run.status ?? {};
  const works = [...(await expertsOf(scope, run)).map(({ status }) => status), router, evaluation];
  return new Map(works.flatMap((work) => (work?.accepted ? [[work.accepted.manifest, work.accepted] as const] : [])));
}
