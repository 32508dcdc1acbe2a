/** Tells the scheduler about nodes that an earlier attempt of the work had: which to keep away from, and which to come back to. Pure. */
import type { IslandJob } from '../api/islandjob.ts';
import type { PodSpec } from '../kube/core.ts';
import { isGang } from './gang.ts';

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>;

/** Of 1 to 100: more than any wish of the user weighs. */
const HEAVIEST = 100;

const byName = (operator: 'In' | 'NotIn', name: string) => ({ key: 'metadata.name', operator, values: [name] });

/** The spec with what the records of the work say about the nodes of this attempt, in whatever affinity the user's patch gave it. */
export function onItsNodes(spec: PodSpec, job: IslandJob, attempt: number): PodSpec {
  const attempts = job.status?.attempts ?? [];
  const avoid = attempts.find(({ number }) => number === attempt)?.avoid ?? [];
  const before = attempts.findLast(({ number }) => number < attempt);
  // Of a gang only the node of one member is known; its pods would crowd there.
  const back = before?.action === 'RetryInPlace' && !isGang(job) ? before.node : undefined;
  const added = { ...awayFrom(spec, avoid), ...backTo(spec, back) };
  if (Object.keys(added).length === 0) return spec;
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity: { ...spec.affinity?.nodeAffinity, ...added } } };
}

/** Required terms are alternatives, so each gets it. */
function awayFrom({ affinity }: PodSpec, avoid: readonly string[]): NodeAffinity {
  if (avoid.length === 0) return {};
  const away = avoid.map((name) => byName('NotIn', name));
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  return {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: terms.map((term) => ({ ...term, matchFields: [...(term.matchFields ?? []), ...away] })),
    },
  };
}

/** A wish, not a demand: the node may be full, cordoned or gone by now, and then any other is better than none. */
function backTo({ affinity }: PodSpec, node: string | undefined): NodeAffinity {
  if (node === undefined) return {};
  const known = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const wish = { weight: HEAVIEST, preference: { matchFields: [byName('In', node)] } };
  return { preferredDuringSchedulingIgnoredDuringExecution: [...known, wish] };
}
