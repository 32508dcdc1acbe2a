/** The training contract atoll.dev/contract/v1: the files, variables and exit codes between Atoll and any trainer. */
import { z } from 'zod';
import { workIdentity } from './islandjob.ts';
import { digestText, metrics, modelFacts, partitionFacts } from './manifest.ts';
import { workRole } from './work.ts';

export const contractVersion = 'atoll.dev/contract/v1';

/** Where everything lies in the trainer's container. */
export const contractPaths = {
  spec: '/atoll/spec/spec.json',
  work: '/atoll/work',
  inputs: '/atoll/work/inputs',
  resume: '/atoll/work/resume',
  output: '/atoll/work/output',
  progress: '/atoll/work/progress.jsonl',
  home: '/atoll/work/home',
  tmp: '/tmp',
} as const;

/** The trainer's environment. */
export const contractEnv = {
  ATOLL_SPEC: contractPaths.spec,
  ATOLL_INPUTS: contractPaths.inputs,
  ATOLL_RESUME: contractPaths.resume,
  ATOLL_OUTPUT: contractPaths.output,
  ATOLL_PROGRESS: contractPaths.progress,
  HOME: contractPaths.home,
  TMPDIR: contractPaths.tmp,
} as const;

/** Exit codes of a trainer; any other is a crash. */
export const exitCodes = { done: 0, configuration: 42, saved: 75 } as const;

export const contractInput = z.object({ name: z.string().max(63), manifest: z.string().max(1024), digest: digestText });

/** spec.json: all that a program is told. */
export const trainerSpec = z.object({
  contract: z.literal(contractVersion),
  role: workRole,
  work: workIdentity,
  placement: z.int().min(1),
  attempt: z.int().min(1),
  seed: z.int().min(0),
  threads: z.int().min(1),
  params: z.record(z.string(), z.unknown()),
  inputs: z.array(contractInput),
  grace: z.object({ saveSeconds: z.number().min(0) }),
  /** After how long without a first step, and without a further one, the stacks of the program should be in its log. */
  stall: z.object({ firstStepSeconds: z.number().min(0).optional(), stepSeconds: z.number().min(0).optional() }).optional(),
});

/** checkpoint.json: makes a directory in $ATOLL_OUTPUT complete. */
export const checkpointFile = z.object({
  contract: z.literal(contractVersion),
  step: z.int().min(0),
  samples: z.int().min(0).optional(),
  kind: z.enum(['Resumable', 'Export']),
  final: z.boolean().default(false),
  metrics: metrics.default({}),
  model: modelFacts.optional(),
  partition: partitionFacts.optional(),
});

/** published.json: the courier writes it beside checkpoint.json once the manifest is in the store. */
export const publishedFile = z.object({ manifest: z.string().max(1024), digest: digestText });

/** One line of the progress file. Further keys are allowed and ignored. */
export const progressLine = z.looseObject({
  step: z.int().min(0),
  steps: z.int().min(0).nullish(),
  loss: z.number().nullish(),
  samplesPerSecond: z.number().nullish(),
  /** The loss of this step was NaN or infinite, which JSON cannot say. */
  nonFinite: z.boolean().nullish(),
  at: z.string().max(40).nullish(),
});

export type TrainerSpec = z.infer<typeof trainerSpec>;
export type CheckpointFile = z.infer<typeof checkpointFile>;
export type PublishedFile = z.infer<typeof publishedFile>;
export type ProgressLine = z.infer<typeof progressLine>;

/** A float as the decimal text that stands in Kubernetes objects: at most six significant digits. */
export function decimalText(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`cannot write ${value} as a decimal number`);
  return String(Number(value.toPrecision(6)));
}
