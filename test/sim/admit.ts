/** What the API servers of a simulated world refuse and complete: the schemas with their defaults and bounds, and the transition rules of the CRDs. */
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { computeIslandSpec, computeIslandStatus } from '../../src/api/computeisland.ts';
import { expertDatasetSpec, expertDatasetStatus } from '../../src/api/expertdataset.ts';
import { expertShardSpec, expertShardStatus } from '../../src/api/expertshard.ts';
import { expertTrainingSpec, expertTrainingStatus } from '../../src/api/experttraining.ts';
import { islandJobSpec, islandJobStatus } from '../../src/api/islandjob.ts';
import { ApiError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/types.ts';

/** Made once: a schema is compiled at its first use. */
const schemas = {
  ExpertDataset: [byField(expertDatasetSpec), byField(expertDatasetStatus)],
  ExpertTraining: [byField(expertTrainingSpec), byField(expertTrainingStatus)],
  ExpertShard: [byField(expertShardSpec), byField(expertShardStatus)],
  IslandJob: [byField(islandJobSpec), byField(islandJobStatus)],
  ComputeIsland: [byField(computeIslandSpec), byField(computeIslandStatus)],
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
    const refuse = (message: string): never => {
      throw new ApiError(`write ${type.kind} ${object.metadata.name}`, 422, { reason: 'Invalid', message });
    };
    const before: Given | undefined = old;
    const specs = spec(given.spec ?? {}, before?.spec, refuse);
    const statuses = given.status && status(given.status, before?.status, refuse);
    if (old) {
      const rule = brokenRule(type.kind, given, old);
      if (rule !== undefined) {
        broken(`${type.kind} ${object.metadata.name}: ${rule}`);
        refuse(rule);
      }
    }
    return {
      ...object,
      spec: specs,
      ...(statuses === undefined ? {} : { status: statuses }),
    } as KubeObject;
  };

/**
 * Checks an object field by field, and only fields that differ from what is stored: the rest was checked when it was stored. That
 * costs a tenth, and is the same as long as no rule of the schema looks at two fields at once.
 */
function byField(schema: z.ZodObject) {
  if (schema.def.checks?.length) throw new Error('cannot check a schema by field: it has rules of its own');
  const fields = Object.entries<z.ZodType>(schema.shape);
  const known = new Set(fields.map(([name]) => name));
  /** The object with its defaults. */
  return (object: object, stored: object | undefined, refuse: (message: string) => never): object => {
    if (object === stored) return stored;
    const given = new Map<string, unknown>(Object.entries(object));
    const before = new Map<string, unknown>(Object.entries(stored ?? {}));
    const unknown = [...given.keys()].find((name) => !known.has(name));
    if (unknown !== undefined) refuse(`${unknown}: there is no such field`);
    const value: Record<string, unknown> = {};
    for (const [name, field] of fields) {
      const [part, old] = [given.get(name), before.get(name)];
      const same = stored !== undefined && isDeepStrictEqual(part, old);
      const { data, error } = same ? { data: old } : field.safeParse(part);
      if (error) refuse(`${name}: ${error.message}`);
      if (data !== undefined) value[name] = data;
    }
    return value;
  };
}

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
