/** `atoll plan`: where the experts of a run would go, by the hub's own placement, after a dry run of its objects. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { type ExpertDataset, ExpertDatasetKind } from '../api/expertdataset.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import { apiVersion } from '../api/kind.ts';
import { fieldManagers } from '../api/labels.ts';
import { type Demand, place } from '../hub/placement.ts';
import { expertDemand } from '../hub/templates.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';
import { type Scope, withScope } from './cluster.ts';
import { type Ground, readGround } from './field.ts';
import { costText } from './gpuhours.ts';
import { dataText, formatOf, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { datasetOf, expertsOf, needRun } from './run.ts';
import { table } from './table.ts';
import { type Call, CommandFailure, CommandLineError, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll plan -f FILE [options]
       atoll plan RUN [options]

Asks the API server whether it would take the objects of a file, without storing them, and says for each expert of each run where it
would be placed now, by the same function that the hub places with, or why nowhere. Of a run that exists it says where the experts
are, and where those that wait would go. Exit code 1 when an object is refused or an expert finds no island.

Options:
  -f, --file FILE     YAML with ExpertDatasets and ExpertTrainings; - reads standard input
  -o, --output FORMAT json or yaml
${scopeHelp}

Examples:
  atoll plan -f digits.yaml
  atoll init digits --experts 4 | atoll plan -f -
  atoll plan @latest
`;

export const plan: Verb = {
  summary: 'say where the experts of a run would be placed, and what they cost',
  help,
  options: { ...scopeOptions, ...outputOptions, file: { type: 'string', short: 'f' } },
  word: 'run',
  async run(call) {
    const file = call.text('file');
    const [word, ...more] = call.words;
    if ((file === undefined) === (word === undefined)) throw new CommandLineError('give -f FILE, or the name of one run');
    if (more.length > 0) throw new CommandLineError(`one name of a run is expected, and there is more: ${more.join(' ')}`);
    const format = formatOf(call, ['table', 'json', 'yaml']);
    const documents = file === undefined ? [] : await readDocuments(file);
    return await withScope(call, async (scope) => {
      const pairs = word === undefined ? await dryRun(call, scope, documents) : [await existing(scope, word)];
      const ground = await readGround(call, scope);
      const plans = [];
      for (const pair of pairs) plans.push(await planOf(scope, ground, pair));
      if (format === 'json' || format === 'yaml') call.io.out(dataText(format, plans));
      else for (const one of plans) print(call, one);
      const stuck = plans.some(({ experts }) => experts.some(({ reason }) => reason !== undefined));
      if (!stuck && file !== undefined) call.next(`kubectl apply -f ${file}`, 'start it');
      return stuck ? 1 : 0;
    });
  },
};

interface Pair {
  training: ExpertTraining;
  dataset: ExpertDataset | undefined;
  /** Whether the run is there, so that its experts may have placements. */
  exists: boolean;
}

interface ExpertPlan {
  expert: number;
  gpus: number;
  gpuProduct?: string;
  island?: string;
  costPerHour?: number;
  /** Where it stands already. */
  state?: string;
  reason?: string;
  message?: string;
}

interface Plan {
  run: string;
  exists: boolean;
  experts: ExpertPlan[];
  gpus: number;
  costPerHour: number;
}

/** Standard input for `-`. */
async function readDocuments(file: string): Promise<KubeObject[]> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: unknown) => {
    throw new CommandFailure(`cannot read ${file}: ${(error as Error).message}`);
  });
  const documents = parseAllDocuments(text);
  const [wrong] = documents.flatMap(({ errors }) => errors);
  if (wrong) throw new CommandFailure(`cannot read ${file} as YAML: ${wrong.message}`);
  const objects = documents.map((document) => document.toJS() as KubeObject | null).filter((object) => object !== null);
  const ours = objects.filter((object) => object.apiVersion === apiVersion && object.metadata?.name !== undefined);
  if (ours.length > 0) return ours;
  throw new CommandFailure(`cannot plan ${file}: it holds no ${apiVersion} object with a name`);
}

/** The objects as the API server would store them. */
async function dryRun(call: Call, scope: Scope, documents: readonly KubeObject[]): Promise<Pair[]> {
  const pick = <T extends KubeObject>(kind: ResourceType<T>) =>
    Promise.all(documents.filter((one) => one.kind === kind.kind).map((one) => applied(scope, kind, one)));
  const datasets = await pick(ExpertDatasetKind);
  const trainings = await pick(ExpertTrainingKind);
  for (const { kind, metadata } of documents) call.io.err(`${kind} ${metadata.name}: the API server takes it\n`);
  return await Promise.all(
    trainings.map(async (training): Promise<Pair> => {
      const { namespace = '', name } = training.metadata;
      const own = datasets.find(({ metadata }) => metadata.name === training.spec.dataset && metadata.namespace === namespace);
      const exists = (await scope.client.get(ExpertTrainingKind, { namespace, name })) !== undefined;
      return { training, dataset: own ?? (await datasetOf(scope, training)), exists };
    }),
  );
}

async function applied<T extends KubeObject>(
  { client, namespace }: Scope,
  kind: ResourceType<T>,
  object: KubeObject,
): Promise<T> {
  const { metadata, ...rest } = object;
  const whole = { ...rest, metadata: { namespace, ...metadata } };
  try {
    const any: ResourceType<KubeObject> = kind;
    return (await client.apply(any, whole, { fieldManager: fieldManagers.cli, force: true, dryRun: true })) as T;
  } catch (error) {
    if (!(error instanceof ApiError && (error.isInvalid || error.status === 400))) throw error;
    throw new CommandFailure(`${object.kind} ${metadata.name} would be refused: ${error.message.replace(/^cannot [^:]*: /, '')}`);
  }
}

async function existing(scope: Scope, word: string): Promise<Pair> {
  const training = await needRun(scope, word);
  return { training, dataset: await datasetOf(scope, training), exists: true };
}

/** Places one expert after the other, as the hub would, counting those before it. */
async function planOf(scope: Scope, { field, islands }: Ground, { training, dataset, exists }: Pair): Promise<Plan> {
  const { name, namespace } = training.metadata;
  if (!dataset)
    throw new CommandFailure(
      `cannot plan run ${name}: there is no ExpertDataset ${training.spec.dataset} in namespace ${namespace}, which says how many experts there are; put it into the file`,
    );
  const there = new Map(exists ? (await expertsOf(scope, training)).map((shard) => [shard.spec.index, shard.status]) : []);
  const costs = new Map(
    islands.map(({ metadata, spec }) => [metadata.name, spec.cost === undefined ? undefined : Number(spec.cost)]),
  );
  const experts = Array.from({ length: dataset.spec.partition.experts }, (_, index): ExpertPlan => {
    const demand = expertDemand(training, index);
    const { gpus, gpuProduct } = demand;
    const asked = { expert: index, gpus, ...(gpuProduct === undefined ? {} : { gpuProduct }) };
    const known = there.get(index);
    const settled = known && known.state !== 'Waiting' ? { state: known.state, island: known.island } : undefined;
    const placed = settled ?? placeNext(demand, field, `${training.metadata.uid}/${index}`);
    if (placed.island === undefined) return { ...asked, ...placed } as ExpertPlan;
    const cost = costs.get(placed.island);
    return { ...asked, ...(placed as { island: string }), ...(cost === undefined ? {} : { costPerHour: cost * gpus }) };
  });
  const going = experts.filter(({ island, state }) => island !== undefined && state !== 'Accepted');
  return {
    run: name,
    exists,
    experts,
    gpus: going.reduce((sum, { gpus }) => sum + gpus, 0),
    costPerHour: going.reduce((sum, { costPerHour = 0 }) => sum + costPerHour, 0),
  };
}

function placeNext(demand: Demand, field: Ground['field'], key: string): ReturnType<typeof place> {
  const placed = place(demand, field);
  if (placed.island !== undefined) {
    const { group, namespace, gpus, gpuProduct } = demand;
    field.put(key, {
      island: placed.island,
      group,
      namespace,
      gpus,
      ...(gpuProduct === undefined ? {} : { gpuProduct }),
      started: false,
    });
  }
  return placed;
}

function print(call: Call, { run, exists, experts, gpus, costPerHour }: Plan): void {
  const { io } = call;
  const rows = experts.map((one) => [
    String(one.expert),
    one.gpus === 0 ? '0' : `${one.gpus}${one.gpuProduct === undefined ? '' : ` x ${one.gpuProduct}`}`,
    one.island ?? 'none',
    one.costPerHour === undefined ? '' : costText(one.costPerHour),
    one.state ?? (one.reason === undefined ? 'would start' : one.reason),
    one.message ?? '',
  ]);
  io.out(`Run ${run}${exists ? '' : ' (new)'}\n`);
  io.out(table(['EXPERT', 'GPUS', 'ISLAND', 'COST/H', 'STATE', 'WHY'], rows, painter(io)));
  const placed = experts.filter(({ island }) => island !== undefined).length;
  const cost = costPerHour === 0 ? '' : `, ${costText(costPerHour)} an hour`;
  io.out(`${placed} of ${experts.length} experts have an island: ${gpus} GPUs${cost}.\n`);
}
