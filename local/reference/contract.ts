/** The training contract and the manifest: files that programs of users and of others read and write. */
import { z } from 'zod';
import {
  checkpointFile,
  contractEnv,
  contractVersion,
  exitCodes,
  progressLine,
  publishedFile,
  trainerSpec,
} from '../../src/api/contract.ts';
import { manifest, manifestSchema } from '../../src/api/manifest.ts';
import { type Field, fieldsOf, type Schema } from './fields.ts';
import { code, page, table } from './markdown.ts';

const work = {
  role: 'Partition, Expert, Router or Evaluate.',
  work: 'Whose work it is.',
  'work.namespace': 'Namespace of the owner.',
  'work.owner': 'The ExpertDataset of a partition, else the ExpertTraining.',
  'work.owner.kind': 'Kind of the owner.',
  'work.owner.name': 'Name of the owner.',
  'work.owner.uid': 'uid of the owner.',
  'work.training': 'Name of the ExpertTraining; absent for a partition.',
  'work.index': 'Index of the expert, for role Expert only.',
  'work.experts': 'Number of experts, K.',
  'work.role': 'What is made.',
  placement: 'Number of the placement, from 1.',
  attempt: 'Number of the attempt in its placement, from 1.',
};

const model = {
  model: 'What an ensemble needs to mix unlike experts; further keys are kept.',
  'model.prediction': 'What the network predicts, such as epsilon, v or flow.',
  'model.schedule': 'Noise schedule.',
  'model.time': 'Convention of time, such as whether 1 is noise.',
  'model.parameters': 'Number of parameters.',
  'model.dtype': 'Type of the weights.',
  'model.conditioning': 'What it is conditioned on.',
  partition: 'For role Partition: what it says about the shards; further keys are kept.',
  'partition.method': 'How the data was cut.',
  'partition.experts': 'Number of shards, K.',
  'partition.samples': 'Samples in all shards.',
  'partition.heldOut': 'Samples kept back for the evaluation.',
  'partition.skew': 'Largest shard divided by the smallest.',
  'partition.shards': 'One entry a shard.',
  'partition.shards[].index': 'Index of the shard, from 0.',
  'partition.shards[].samples': 'Samples in it.',
};

const input = {
  inputs: 'What it reads.',
  'inputs[].name': 'Name of its folder.',
  'inputs[].manifest': 'Key of its manifest.json.',
  'inputs[].digest': 'SHA-256 of the bytes of that manifest.',
};

export interface File {
  readonly name: string;
  readonly about: string;
  readonly schema: z.ZodType;
  /** What each field is; a test holds that none is missing. */
  readonly words: Readonly<Record<string, string>>;
}

export const contractFiles: readonly File[] = [
  {
    name: 'spec.json',
    about: 'At `$ATOLL_SPEC`, read-only: all that a program is told.',
    schema: trainerSpec,
    words: {
      ...work,
      ...input,
      contract: 'Version of the contract.',
      seed: 'Seed of the run.',
      threads: 'CPUs that the container may use, rounded up.',
      params: 'params of the training, those of overrides merged in.',
      grace: 'Time to save when stopped.',
      'grace.saveSeconds': 'Seconds from SIGTERM until the program must have ended.',
      stall: 'After how long without a step the stacks of the program should be in its log.',
      'stall.firstStepSeconds': 'Seconds until the first step.',
      'stall.stepSeconds': 'Seconds until each further step.',
    },
  },
  {
    name: 'checkpoint.json',
    about: 'In a folder below `$ATOLL_OUTPUT`, written by the trainer: the folder is complete once it is there.',
    schema: checkpointFile,
    words: {
      ...model,
      contract: 'Version of the contract.',
      step: 'Step that it was saved at.',
      samples: 'Samples seen until then, repeats included.',
      kind: 'Resumable: training can go on from it. Export: weights or data only.',
      final: 'Whether it is the result of the work; true once.',
      metrics: 'Named numbers, such as a loss.',
    },
  },
  {
    name: 'published.json',
    about: 'Beside checkpoint.json, written by the courier once the manifest is in the store.',
    schema: publishedFile,
    words: { manifest: 'Key of the manifest.', digest: 'SHA-256 of its bytes.' },
  },
  {
    name: 'progress.jsonl',
    about: 'At `$ATOLL_PROGRESS`, one JSON object a line; further keys are ignored.',
    schema: progressLine,
    words: {
      step: 'Step that was done.',
      steps: 'Steps in all.',
      loss: 'Loss at that step.',
      samplesPerSecond: 'Training speed.',
      nonFinite: 'Whether the loss of this step was NaN or infinite, which JSON cannot say.',
      at: 'When, RFC 3339; the time of reading when absent.',
    },
  },
];

export const manifestFiles: readonly File[] = [
  {
    name: 'manifest.json',
    about: 'The last object of everything that is published; its canonical bytes are what the digest names.',
    schema: manifest,
    words: {
      ...work,
      ...model,
      ...input,
      schema: 'Version of the manifest.',
      step: 'Step that it was saved at.',
      samples: 'Samples seen until then, repeats included.',
      kind: 'Resumable: training can go on from it. Export: weights or data only.',
      final: 'Whether it is the result of the work.',
      files: 'What belongs to it, sorted by path.',
      'files[].path': 'Path beside the manifest.',
      'files[].size': 'Size in bytes.',
      'files[].sha256': 'SHA-256 of the bytes, in hexadecimal.',
      image: 'Image of the program.',
      metrics: 'Named numbers of checkpoint.json.',
    },
  },
];

export const fieldsOfFile = ({ schema }: File): Field[] => fieldsOf(z.toJSONSchema(schema, { io: 'input' }) as Schema);

function section(file: File): string {
  const rows = fieldsOfFile(file).map(({ path, type, required, standard }) => [
    code(path),
    type,
    required ? 'required' : code(standard),
    file.words[path] ?? '',
  ]);
  return `## ${file.name}\n\n${file.about}\n\n${table(['field', 'type', 'default', 'what'], rows)}`;
}

const ends: Record<keyof typeof exitCodes, string> = {
  done: 'The result is written.',
  configuration: 'The configuration is wrong: never tried again with this spec.',
  saved: 'Asked to stop by SIGTERM, saved and stopped: goes on from there.',
};

export function contractPage(): string {
  const variables = Object.entries(contractEnv).map(([name, path]) => [code(`$${name}`), code(path)]);
  const codes = Object.entries(exitCodes).map(([name, number]) => [String(number), ends[name as keyof typeof ends]]);
  return page(
    'Training contract',
    `Version \`${contractVersion}\`. [Write your own trainer](../trainer.md) says how it is used.`,
    `## Variables\n\n${table(['variable', 'value'], variables)}`,
    `## Exit codes\n\n${table(['code', 'what it means'], [...codes, ['other', 'A crash: tried again from the newest checkpoint that verifies.']])}`,
    ...contractFiles.map(section),
  );
}

export const manifestPage = (): string =>
  page(
    'Manifest',
    `Version \`${manifestSchema}\`. Canonical JSON: keys sorted, no spaces. Its SHA-256 is the digest in statuses and in the inputs of other manifests, so that data set, shards, experts, router and ensemble are one chain.`,
    ...manifestFiles.map(section),
  );
