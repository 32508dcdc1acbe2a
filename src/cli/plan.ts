/** `atoll plan`: which pods a run takes and where they would go, by the hub's own placement, after a dry run of its objects. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { ExpertDatasetKind } from '../api/expertdataset.ts';
import { ExpertTrainingKind } from '../api/experttraining.ts';
import { apiVersion } from '../api/kind.ts';
import { fieldManagers } from '../api/labels.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';
import { type Scope, withScope } from './cluster.ts';
import { readGround } from './field.ts';
import { costText } from './gpuhours.ts';
import { dataText, formatOf, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { type Pair, type Plan, planOf } from './planned.ts';
import { datasetOf, expertsOf, needRun } from './run.ts';
import { count, table } from './table.ts';
import { type Call, CommandFailure, CommandLineError, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll plan -f FILE [options]
       atoll plan RUN [options]

Asks the API server whether it would take the objects of a file, without storing them, and says of each run which pods it takes, of
what size, and where each work would be placed now, by the same function that the hub places with, or why nowhere. Of a run that exists
it says where its works are, and where those that wait would go. CPU and memory are those of one pod, GPUs and cost those of the work.
Exit code 1 when an object is refused or a work finds no island.

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
  summary: 'say which pods a run takes, where they would be placed, and what they cost',
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
      for (const pair of pairs) plans.push(planOf(ground, pair, pair.exists ? await expertsOf(scope, pair.training) : []));
      if (format === 'json' || format === 'yaml') call.io.out(dataText(format, plans));
      else for (const one of plans) print(call, one);
      const stuck = plans.some(({ works }) => works.some(({ reason }) => reason !== undefined));
      if (!stuck && file !== undefined) call.next(`kubectl apply -f ${file}`, 'start it');
      return stuck ? 1 : 0;
    });
  },
};

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

function print(call: Call, { run, exists, works, pods, gpus, costPerHour }: Plan): void {
  const { io } = call;
  const rows = works.map((one) => [
    one.work,
    String(one.pods),
    one.gpus === 0 ? '0' : `${one.gpus}${one.gpuProduct === undefined ? '' : ` x ${one.gpuProduct}`}`,
    one.cpu,
    one.memory,
    one.island ?? 'none',
    one.costPerHour === undefined ? '' : costText(one.costPerHour),
    one.state ?? one.reason ?? 'would start',
    one.message ?? (one.after === undefined ? '' : `after ${one.after}`),
  ]);
  io.out(`Run ${run}${exists ? '' : ' (new)'}\n`);
  io.out(table(['WORK', 'PODS', 'GPUS', 'CPU', 'MEMORY', 'ISLAND', 'COST/H', 'STATE', 'WHY'], rows, painter(io)));
  const experts = works.filter(({ expert }) => expert !== undefined);
  const placed = experts.filter(({ island }) => island !== undefined).length;
  const cost = costPerHour === 0 ? '' : `, ${costText(costPerHour)} an hour`;
  io.out(`${placed} of ${experts.length} experts have an island: ${count(pods, 'pod')}, ${count(gpus, 'GPU')}${cost}.\n`);
}
