/** What the API servers of a simulated world refuse and complete: the schemas with their defaults and bounds, and the transition rules of the CRDs. */
import { computeIslandSpec, computeIslandStatus } from '../../src/api/computeisland.ts';
import { expertDatasetSpec, expertDatasetStatus } from '../../src/api/expertdataset.ts';
import { expertShardSpec, expertShardStatus } from '../../src/api/expertshard.ts';
import { expertTrainingSpec, expertTrainingStatus } from '../../src/api/experttraining.ts';
import { islandJobSpec, islandJobStatus } from '../../src/api/islandjob.ts';
import { ApiError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/types.ts';

/** Made once: a schema is compiled at its first use. */
const schemas = {
  ExpertDataset: [expertDatasetSpec.strict(), expertDatasetStatus.strict()],
  ExpertTraining: [expertTrainingSpec.strict(), expertTrainingStatus.strict()],
  ExpertShard: [expertShardSpec.strict(), expertShardStatus.strict()],
  IslandJob: [islandJobSpec.strict(), islandJobStatus.strict()],
  ComputeIsland: [computeIslandSpec.strict(), computeIslandStatus.strict()],
} as const;

interface Numbers {
  [name: string]: unknown;
  revision?: number;
  attempt?: number;
  restarts?: number;
  placement?: number;
}

type Given = KubeObject & { spec?: Numbers; status?: Numbers & { work?: Numbers; router?: Numbers; evaluation?: Numbers } };

type Admit = (type: { kind: string }, object: KubeObject, old: KubeObject | undefined) => KubeObject;

/** `broken` is told of each write that would have made a number fall or changed what is set once. */
export const createAdmit =
  (broken: (message: string) => void): Admit =>
  (type, object, old) => {
    const [spec, status] = schemas[type.kind as keyof typeof schemas] ?? [];
    if (!spec || !status) return object;
    const given = object as Given;
    const refuse = (message: string) => {
      throw new ApiError(`write ${type.kind} ${object.metadata.name}`, 422, { reason: 'Invalid', message });
    };
    const [specs, statuses] = [spec.safeParse(given.spec), status.safeParse(given.status ?? {})];
    if (!specs.success) refuse(specs.error.message);
    if (!statuses.success) refuse(statuses.error.message);
    if (old) {
      const rule = brokenRule(type.kind, given, old);
      if (rule !== undefined) {
        broken(`${type.kind} ${object.metadata.name}: ${rule}`);
        refuse(rule);
      }
    }
    return {
      ...object,
      spec: specs.data,
      ...(given.status === undefined ? {} : { status: statuses.data }),
    } as KubeObject;
  };

/** The rules that forbid numbers to fall and what is set once to change. */
function brokenRule(kind: string, next: Given, old: Given): string | undefined {
  const pairs: [Numbers | undefined, Numbers | undefined][] =
    kind === 'IslandJob' || kind === 'ExpertShard'
      ? [[next.status, old.status]]
      : (['work', 'router', 'evaluation'] as const).map((part) => [next.status?.[part], old.status?.[part]]);
  for (const [now, before] of pairs) {
    if (!before) continue;
    if ((now?.placement ?? 0) < (before.placement ?? 0)) return 'placement never decreases';
    const same = kind === 'IslandJob' || now?.placement === before.placement;
    if (same && (now?.attempt ?? 0) < (before.attempt ?? 0)) return 'attempt never decreases';
    if (kind === 'IslandJob') {
      for (const name of ['revision', 'restarts'] as const)
        if ((now?.[name] ?? 0) < (before[name] ?? 0)) return `${name} never decreases`;
      for (const name of ['output', 'stopped'])
        if (before[name] !== undefined && JSON.stringify(now?.[name]) !== JSON.stringify(before[name]))
          return `${name} is set once`;
    }
    const [accepted, earlier] = [now?.['accepted'], before['accepted']] as ({ placement: number } | undefined)[];
    const replaced = accepted !== undefined && earlier !== undefined && accepted.placement > earlier.placement;
    if (earlier && !replaced && JSON.stringify(accepted) !== JSON.stringify(earlier)) return 'accepted is set once';
  }
  if (kind !== 'IslandJob') return undefined;
  if ((next.spec?.revision ?? 0) < (old.spec?.revision ?? 0)) return 'spec.revision never decreases';
  return old.spec?.['stop'] === true && next.spec?.['stop'] !== true ? 'stop is one-way' : undefined;
}
