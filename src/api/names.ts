/** Names of the objects that Atoll makes. They are derived, never random: making one again finds the first. */
import { index3, uid8 } from './keys.ts';
import type { WorkRole } from './work.ts';

/** The first `max` characters without a dash or dot at the end, so that what is appended still makes a name. */
function cut(name: string, max: number): string {
  return name.slice(0, max).replace(/[-.]+$/, '');
}

/** ExpertShard: `<training>-e003`. The API refuses names of trainings over 40 characters. */
export function shardName(training: string, index: number): string {
  return `${cut(training, 40)}-e${index3(index)}`;
}

/** IslandJob: `<owner, cut to 30>-<uid8>-<part|e003|router|eval>-p<placement>`; `index` is for role Expert. */
export function islandJobName(
  owner: { name: string; uid: string },
  work: { role: WorkRole; index?: number | undefined },
  placement: number,
): string {
  return `${cut(owner.name, 30)}-${uid8(owner.uid)}-${workShortName(work.role, work.index)}-p${placement}`;
}

const shortRoles = { Partition: 'part', Router: 'router', Evaluate: 'eval' } as const;

function workShortName(role: WorkRole, index: number | undefined): string {
  if (role !== 'Expert') return shortRoles[role];
  if (index === undefined) throw new Error('cannot name the job of an expert without its index');
  return `e${index3(index)}`;
}

/** Job, and ConfigMap, of one attempt: `<island job>-a<attempt>`. */
export function attemptName(islandJob: string, attempt: number): string {
  return `${islandJob}-a${attempt}`;
}

/** Name under which a job reads the result of an expert: `expert-003`. */
export function expertInputName(index: number): string {
  return `expert-${index3(index)}`;
}

/** Names under which a job reads the data set, the router's result and the raw data. */
export const inputNames = { dataset: 'dataset', router: 'router', source: 'source' } as const;
