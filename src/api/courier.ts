/** What the courier is told (courier.json), what it reports while it runs, and the result it leaves in the pod's status. */
import { z } from 'zod';
import { workIdentity } from './islandjob.ts';
import { digestText } from './manifest.ts';
import { storeConfig } from './stores.ts';
import { manifestRef, progress, workRole } from './work.ts';

/** Where the courier's own files lie in its container. */
export const courierPaths = {
  config: '/atoll/courier/config.json',
  stores: '/atoll/stores',
  /** Written by restore when it has claimed the attempt: publish waits for it. */
  claimed: '/atoll/work/.claimed',
  termination: '/dev/termination-log',
} as const;

/** The keys of the ConfigMap of an attempt. */
export const configMapKeys = { spec: 'spec.json', courier: 'courier.json' } as const;

/** Names of the containers of a pod. */
export const containerNames = { courier: 'courier', restore: 'restore', trainer: 'trainer' } as const;

export const courierPort = 9464;

/** Header of a request for progress: for how many milliseconds from now the courier may delete old checkpoints, or `unlimited`. */
export const mayDeleteHeader = 'atoll-may-delete-ms';
export const unlimited = 'unlimited';
export type DeletionPermit = number | typeof unlimited;

/** Undefined for what is no permit: then nothing changes. */
export function readPermit(header: string | string[] | undefined): DeletionPermit | undefined {
  if (header === unlimited) return unlimited;
  return typeof header === 'string' && /^[0-9]{1,12}$/.test(header) ? Number(header) : undefined;
}

/** Exit codes of `courier restore`. */
export const restoreExitCodes = {
  restored: 0,
  attemptTaken: 3,
  alreadyFinal: 4,
  inputDamaged: 5,
  storage: 6,
  configuration: 7,
} as const;

const storePrefix = z.object({ store: z.string().max(63), prefix: z.string().max(1024) });

export const courierConfig = z.object({
  attempt: z.object({
    islandJob: z.string().max(253),
    uid: z.string().max(64),
    work: z.object({ ...workIdentity.shape, role: workRole }),
    placement: z.int().min(1),
    attempt: z.int().min(1),
  }),
  image: z.string().max(512),
  stores: z.array(storeConfig).min(1).max(16),
  inputs: z
    .array(
      z.object({
        name: z.string().max(63),
        store: z.string().max(63),
        manifest: z.string().max(1024),
        digest: digestText,
        include: z.array(z.string().max(512)).max(16).optional(),
      }),
    )
    .max(300),
  source: storePrefix.optional(),
  output: storePrefix,
  resume: z.array(manifestRef).max(20),
  quarantined: z.array(z.string().max(1024)).max(20),
  checkpoint: z.object({ keep: z.int().min(1) }),
  /** Whether old checkpoints may be deleted without the agent having allowed it just before. What the agent says later holds. */
  deletions: z.enum(['Always', 'WhileHeard']).default('Always'),
  grace: z.object({ saveSeconds: z.number().min(0), publishSeconds: z.number().min(0) }),
  progress: z.object({ port: z.int().min(0).max(65535), tokenSha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** A checkpoint as courier and agent speak of it; the attempt is that of the courier unless it says otherwise. */
export const courierCheckpoint = z.object({
  manifest: z.string().max(1024),
  digest: digestText,
  step: z.int().min(0),
  bytes: z.int().min(0),
  kind: z.enum(['Resumable', 'Export']),
  final: z.boolean(),
  at: z.string().max(40),
  attempt: z.int().min(1),
  /** Milliseconds. */
  took: z.int().min(0).optional(),
});

export const courierReasons = [
  'Restored',
  'AttemptTaken',
  'AlreadyFinal',
  'InputDamaged',
  'Storage',
  'Configuration',
  /** The final result was refused, because it holds NaN or an infinite value. */
  'NonFinite',
  'Published',
  'NothingPublished',
] as const;

const resumedFrom = z.object({ manifest: z.string().max(1024), digest: digestText, step: z.int().min(0) });

/** The termination message of `restore` and `courier`: JSON of at most 1 KiB, rewritten after every publish. */
export const courierResult = z.object({
  v: z.literal(1),
  reason: z.enum(courierReasons),
  step: z.int().min(0).optional(),
  /** Last step that the trainer reported. */
  lastStep: z.int().min(0).optional(),
  /** First step of those at the end whose loss was not finite. */
  nonFiniteStep: z.int().min(0).optional(),
  resumedFrom: resumedFrom.optional(),
  /** Manifests that did not verify and were passed over. */
  skipped: z.array(z.string().max(1024)).max(3).optional(),
  checkpoint: courierCheckpoint.optional(),
  final: courierCheckpoint.optional(),
  /** The object that is damaged or could not be written. */
  key: z.string().max(1024).optional(),
  message: z.string().max(300).optional(),
});

/** How long the trainer has shown nothing new, by the courier's own clock, in ms; and the longest such times so far. */
const pace = z.object({
  /** Since the step grew last; before the first, since the trainer could start. */
  sinceStepMs: z.int().min(0),
  /** Longest time between two reported steps of this attempt; 0 before the second. */
  slowestStepMs: z.int().min(0),
  /** Since a checkpoint was complete on disk; before the first, since the first step. */
  sinceCheckpointMs: z.int().min(0),
  /** Longest time between two checkpoints of this attempt; 0 before the second. */
  slowestCheckpointMs: z.int().min(0),
});

/** Answer of GET /v1/progress. */
export const courierReport = z.object({
  phase: z.enum(['Waiting', 'Running', 'Publishing', 'Done']),
  progress: progress.optional(),
  checkpoint: courierCheckpoint.optional(),
  final: courierCheckpoint.optional(),
  restored: resumedFrom.optional(),
  pace: pace.optional(),
  /** First step of the newest ones whose loss was not finite; absent while it is finite. */
  nonFiniteStep: z.int().min(0).optional(),
  /** What the store has answered since `at`, while nothing can be published for it. */
  trouble: z.object({ message: z.string().max(300), at: z.string().max(40) }).optional(),
  /** Complete checkpoints that wait to be published. */
  pending: z.int().min(0),
  at: z.string().max(40),
});

export type CourierConfig = z.infer<typeof courierConfig>;
export type CourierCheckpoint = z.infer<typeof courierCheckpoint>;
export type CourierReason = (typeof courierReasons)[number];
export type CourierResult = z.infer<typeof courierResult>;
export type Pace = z.infer<typeof pace>;
export type CourierReport = z.infer<typeof courierReport>;
