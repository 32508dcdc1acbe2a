/** `atoll init`: a data set and a training as commented YAML, from a few flags. */
import { parseAllDocuments, stringify } from 'yaml';
import type { z } from 'zod';
import { expertDatasetSpec } from '../api/expertdataset.ts';
import { expertTrainingSpec } from '../api/experttraining.ts';
import { apiVersion } from '../api/kind.ts';
import { type Call, CommandLineError, oneWord, type Verb } from './verb.ts';

const help = `Usage: atoll init NAME --experts K [options]

Prints an ExpertDataset and an ExpertTraining of this name as YAML with comments, for kubectl apply -f. Values that cannot be right
are refused here, before anything is applied.

Options:
  --experts K         number of experts, and of shards of the data
  --data PREFIX       where the raw data lies in the store (default: raw/NAME/)
  --store NAME        store of the hub's settings (default: default)
  --prefix PREFIX     where shards, checkpoints and results are written (default: atoll/)
  --method METHOD     how the data is cut: Clusters, Labels or Random (default: Clusters)
  --image IMAGE       image of the trainer (default: the reference trainer)
  --steps N           steps of each expert (default: 1500)
  --global-batch N    samples of a step over all experts (default: 256)
  --gpus N            GPUs of each expert (default: 1)
  --gpu-product MODEL GPU model, as in the node label nvidia.com/gpu.product (default: any)
  --cpu CPUS          CPUs of each expert (default: 4)
  --memory BYTES      memory of each expert (default: 16Gi)
  --island-label KEY=VALUE
                      label that islands must have; may be given more than once
  -n, --namespace NS  namespace to write into the objects (default: none)

Examples:
  atoll init faces --experts 8 --data raw/faces/ --gpu-product NVIDIA-H100-80GB-HBM3 > faces.yaml
  atoll init digits --experts 4 -n research | kubectl apply -f -
`;

export const init: Verb = {
  summary: 'write a data set and a training as commented YAML',
  help,
  options: {
    experts: { type: 'string' },
    data: { type: 'string' },
    store: { type: 'string' },
    prefix: { type: 'string' },
    method: { type: 'string' },
    image: { type: 'string' },
    steps: { type: 'string' },
    'global-batch': { type: 'string' },
    gpus: { type: 'string' },
    'gpu-product': { type: 'string' },
    cpu: { type: 'string' },
    memory: { type: 'string' },
    'island-label': { type: 'string', multiple: true },
    namespace: { type: 'string', short: 'n' },
  },
  run(call) {
    const text = yamlOf(call, wantedOf(call));
    validate(call, text);
    call.io.out(text);
    call.next(`kubectl apply -f FILE, or first atoll plan -f FILE`, 'where the experts would run');
    return Promise.resolve(0);
  },
};

interface Wanted {
  name: string;
  experts: number;
  steps: number;
  globalBatch: number;
  gpus: number;
  labels: Record<string, string>;
}

function wantedOf(call: Call): Wanted {
  const name = oneWord(call, 'name of the run');
  if (name.length > 40 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw new CommandLineError(`"${name}" is no name of a run: at most 40 lower-case letters, digits and "-", such as faces-8`);
  const number = (flag: string, otherwise: string | undefined, least: number): number => {
    const text = call.text(flag) ?? otherwise;
    if (text === undefined) throw new CommandLineError(`--${flag} is missing`);
    if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least)
      throw new CommandLineError(`--${flag} "${text}" is no whole number of at least ${least}`);
    return Number(text);
  };
  const labels = call.texts('island-label').map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new CommandLineError(`--island-label "${text}" is no KEY=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  const wanted = {
    name,
    experts: number('experts', undefined, 1),
    steps: number('steps', '1500', 1),
    globalBatch: number('global-batch', '256', 1),
    gpus: number('gpus', '1', 0),
    labels: Object.fromEntries(labels),
  };
  if (wanted.globalBatch < wanted.experts)
    throw new CommandLineError(
      `--global-batch ${wanted.globalBatch} is smaller than --experts ${wanted.experts}: each expert needs at least one sample a step`,
    );
  return wanted;
}

/** A value in one line of YAML. */
const yaml = (value: unknown) => stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trimEnd();

function yamlOf(call: Call, { name, experts, steps, globalBatch, gpus, labels }: Wanted): string {
  const text = (flag: string, otherwise: string) => yaml(call.text(flag) ?? otherwise);
  const space = call.text('namespace');
  const metadata = yaml({ name, ...(space === undefined ? {} : { namespace: space }) });
  const method = call.text('method') ?? 'Clusters';
  const product = call.text('gpu-product');
  const image = call.text('image');
  const storage = `{store: ${text('store', 'default')}, prefix: ${text('prefix', 'atoll/')}}`;
  const resources = [
    `      cpu: ${text('cpu', '4')}`,
    `      memory: ${text('memory', '16Gi')}      # the container is killed above it`,
    ...(gpus > 0 ? [`      gpus: ${gpus}`] : []),
    ...(product === undefined ? [] : [`      gpuProduct: ${yaml(product)}`]),
  ];
  const clusters =
    method === 'Clusters'
      ? [
          `    clusters: {fine: ${Math.max(64, experts)}}      # fine k-means centroids, at least experts; then grouped into shards`,
        ]
      : [];
  const placement =
    Object.keys(labels).length === 0
      ? []
      : ['  placement:', `    islands: {matchLabels: ${yaml(labels)}}      # islands that may be used`];
  const several = experts > 1;
  return `${[
    '# Where the data is, and how it is cut into one shard for each expert. It cannot change later: make another one instead.',
    `apiVersion: ${apiVersion}`,
    'kind: ExpertDataset',
    `metadata: ${metadata}`,
    'spec:',
    `  source: {store: ${text('store', 'default')}, prefix: ${text('data', `raw/${name}/`)}, format: Npz}`,
    `  storage: ${storage}`,
    '  partition:',
    `    experts: ${experts}      # K`,
    `    method: ${yaml(method)}      # Clusters: by what samples look like; Labels: by label; Random`,
    ...clusters,
    '    maxSkew: 4      # a largest shard of more than this times the smallest waits for spec.approve',
    '---',
    '# K experts that never exchange a byte, a router that weighs them, and the evaluation of the ensemble.',
    `apiVersion: ${apiVersion}`,
    'kind: ExpertTraining',
    `metadata: ${metadata}`,
    'spec:',
    `  dataset: ${name}`,
    `  storage: ${storage}`,
    '  expert:',
    ...(image === undefined ? [] : [`    image: ${yaml(image)}`]),
    '    resources:      # of each expert; requests and limits are the same',
    ...resources,
    `    params: {steps: ${steps}, globalBatch: ${globalBatch}}      # handed to the trainer as they are; an expert sees globalBatch / experts a step`,
    '    checkpoint: {keep: 2}      # beside the final one',
    '    retry: {maxRestarts: 3}      # counted failures; disruptions are not counted',
    ...placement,
    ...(several
      ? ['  router:', '    resources: {cpu: "4", memory: 16Gi}', '  evaluation:', '    resources: {cpu: "4", memory: 16Gi}']
      : []),
    '  # completion: {minExperts: 1}      # go on with fewer experts when others are blocked',
    '  # deadline: 72h',
  ].join('\n')}\n`;
}

/** Which flag a field of the objects comes from. */
const flagOf: Readonly<Record<string, string>> = {
  'ExpertDataset source.store': 'store',
  'ExpertDataset source.prefix': 'data',
  'ExpertDataset storage.store': 'store',
  'ExpertDataset storage.prefix': 'prefix',
  'ExpertDataset partition.experts': 'experts',
  'ExpertDataset partition.method': 'method',
  'ExpertTraining expert.image': 'image',
  'ExpertTraining expert.resources.cpu': 'cpu',
  'ExpertTraining expert.resources.memory': 'memory',
  'ExpertTraining expert.resources.gpus': 'gpus',
  'ExpertTraining expert.resources.gpuProduct': 'gpu-product',
};

/** The schemas of the API say what is allowed. */
function validate(call: Call, text: string): void {
  for (const document of parseAllDocuments(text)) {
    const { kind, spec } = document.toJS() as { kind: string; spec: unknown };
    const schema: z.ZodType = kind === 'ExpertDataset' ? expertDatasetSpec : expertTrainingSpec;
    const result = schema.safeParse(spec);
    const [issue] = result.error?.issues ?? [];
    if (!issue) continue;
    const path = issue.path.join('.');
    const flag = flagOf[`${kind} ${path}`];
    const value = flag === undefined ? '' : ` "${call.text(flag) ?? ''}"`;
    throw new CommandLineError(`${flag === undefined ? `spec.${path} of ${kind}` : `--${flag}`}${value}: ${issue.message}`);
  }
  const { 'gpu-product': product, gpus } = { 'gpu-product': call.text('gpu-product'), gpus: call.text('gpus') };
  if (product !== undefined && gpus === '0') throw new CommandLineError('--gpu-product needs --gpus of at least 1');
}
