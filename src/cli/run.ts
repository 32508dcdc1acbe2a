/** A run as a command names it, and the objects that belong to it. */
import { type ExpertDataset, ExpertDatasetKind } from '../api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import { labels } from '../api/labels.ts';
import { instead, type Scope } from './cluster.ts';
import { type Call, CommandFailure, CommandLineError, type Options } from './verb.ts';

/** The name that stands for the run that was made last. */
const latest = '@latest';

/** The run of this name, or the newest; a failure that lists those that are there otherwise. */
export async function needRun({ client, namespace }: Scope, name: string): Promise<ExpertTraining> {
  if (name !== latest) {
    const found = await client.get(ExpertTrainingKind, { namespace, name });
    if (found) return found;
  }
  const { items } = await client.list(ExpertTrainingKind, { namespace });
  if (name === latest) {
    const made = ({ metadata }: ExpertTraining) => Date.parse(metadata.creationTimestamp ?? '') || 0;
    const newest = items.toSorted((a, b) => made(b) - made(a))[0];
    if (newest) return newest;
  }
  const names = items.map(({ metadata }) => metadata.name);
  const more = names.length === 0 ? '; atoll init writes the first, and -n names another namespace' : '';
  throw new CommandFailure(`cannot find a run ${name} in namespace ${namespace}: ${instead(name, names)}${more}`);
}

/** Its experts in the order of their indexes; fewer than K before it has started. */
export async function expertsOf({ client }: Pick<Scope, 'client'>, run: ExpertTraining): Promise<ExpertShard[]> {
  const { namespace = '', name, uid } = run.metadata;
  const { items } = await client.list(ExpertShardKind, { namespace, fieldSelector: `spec.training=${name}` });
  return items.filter(({ spec }) => spec.trainingUid === uid).toSorted((a, b) => a.spec.index - b.spec.index);
}

/** Every placement of its experts, its router and its evaluation that is still there. */
export async function jobsOfRun({ client }: Pick<Scope, 'client'>, run: ExpertTraining): Promise<IslandJob[]> {
  const { namespace = '', uid = '' } = run.metadata;
  return (await client.list(IslandJobKind, { namespace, labelSelector: `${labels.trainingUid}=${uid}` })).items;
}

export function datasetOf({ client }: Pick<Scope, 'client'>, run: ExpertTraining): Promise<ExpertDataset | undefined> {
  const { namespace = '' } = run.metadata;
  return client.get(ExpertDatasetKind, { namespace, name: run.spec.dataset });
}

export const expertOptions = { expert: { type: 'string', short: 'e' } } satisfies Options;

/** The index in `-e 3` or `-e e003`; undefined without the flag. */
export function expertIndex(call: Call): number | undefined {
  const text = call.text('expert');
  if (text === undefined) return undefined;
  const match = /^e?([0-9]{1,3})$/.exec(text);
  if (match && Number(match[1]) <= 255) return Number(match[1]);
  throw new CommandLineError(`--expert "${text}" is no index of an expert such as 3 or e003`);
}

/** The expert of this index; a failure that says which there are otherwise. */
export function needExpert(run: ExpertTraining, experts: readonly ExpertShard[], index: number): ExpertShard {
  const found = experts.find(({ spec }) => spec.index === index);
  if (found) return found;
  const { name } = run.metadata;
  const there = experts.map(({ spec }) => spec.index);
  const known =
    there.length === 0 ? 'it has not made its experts yet: atoll explain says why' : `there are 0 to ${Math.max(...there)}`;
  throw new CommandFailure(`cannot find expert ${index} of run ${name}: ${known}`);
}
