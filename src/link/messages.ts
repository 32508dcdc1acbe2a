/** The messages of the link, as schemas: bounded, and loose, so that what a newer side adds does no harm. */
import { z } from 'zod';
import { capacity } from '../api/computeisland.ts';
import { int, int32, int53, map, objectName, text, time } from '../api/fields.ts';
import { jobStates } from '../api/islandjob.ts';
import { progress, publishedCheckpoint } from '../api/work.ts';

/** Versions of the protocol that this program speaks, oldest and newest. A change that older programs misread makes a new one. */
export const protocols: readonly [number, number] = [1, 1];

/** Messages are filled up to here; one IslandJob or status that is larger still goes alone. */
export const batchBytes = 512 * 1024;
/** Nothing above this is sent or read; NATS itself allows 1 MiB. */
export const mostBytes = 960 * 1024;
/** Entries that one message may name, of each kind. */
export const mostEntries = 4096;

const uid = () => text(64).min(1);
const number = () => int(0, int53);
const numbers = z.array(z.tuple([uid(), number()], z.unknown())).max(mostEntries);
const uids = z.array(uid()).max(mostEntries);
/** Everything about one IslandJob that a message may get wrong without spoiling the rest of the message. */
const loose = () => z.array(z.unknown()).max(mostEntries);

export const jobName = z.looseObject({ namespace: objectName(), name: text(253), uid: uid() });

/** Read before anything else: whether the two sides understand each other at all. */
export const greeting = z.looseObject({ protocol: z.tuple([number(), number()]) });

/**
 * What an island holds of one IslandJob: the hub's uid, the spec.revision and the digest of the live fields that it was told last,
 * and `applied` or the reason why it was refused, with a message.
 */
export const haveEntry = z.tuple([uid(), number(), text(64), text(64), text(1024).optional()], z.unknown());

export const syncRequest = z.looseObject({
  protocol: z.tuple([number(), number()]),
  clusterUid: text(64).min(1),
  /** Changes with each start of the agent; `sequence` counts its requests. */
  instance: text(64).min(1),
  sequence: number(),
  sentAt: time(),
  agent: z.looseObject({ version: text(64), kubernetes: text(64) }),
  joinToken: text(512).optional(),
  /** SHA-256 over everything that the island holds; see `haveDigest`. */
  digest: text(64),
  /** A page of what makes up the digest: sorted by uid, those after `after`. */
  have: z.looseObject({ entries: z.array(haveEntry).max(mostEntries), after: uid().optional(), more: z.boolean() }).optional(),
  statuses: loose().default([]),
  /** uids that the hub asked to drop and of which nothing is left. */
  dropped: uids.default([]),
  capacity,
  labels: map(text(63), 32).optional(),
  /** Names of what the hub said it does not know; the hub has no other way to name them. */
  unknown: z.array(jobName).max(mostEntries).default([]),
});

/** The status of one mirror, under the names of the hub's IslandJob. The API server of the hub checks the rest of it. */
export const sentStatus = z.looseObject({
  uid: uid(),
  namespace: objectName(),
  name: text(253),
  status: z.looseObject({
    revision: int(0, int32),
    attempt: int(0, int32).default(0),
    restarts: int(0, int32).default(0),
    state: text(32).default('Pending'),
  }),
});

/** What the hub has stored of a status and an island must not fall behind. */
export const standing = z.looseObject({
  revision: int(0, int32),
  attempt: int(0, int32),
  restarts: int(0, int32),
  state: z.enum(jobStates).optional(),
  output: publishedCheckpoint.optional(),
  stopped: z.looseObject({ at: time(), attempt: int(0, int32), reason: text(64) }).optional(),
});

export const put = z.looseObject({
  uid: uid(),
  generation: number(),
  namespace: objectName(),
  name: text(253),
  labels: z.record(z.string(), z.string()).default({}),
  /** As in `haveEntry`. */
  live: text(64),
  spec: z.looseObject({ revision: int(1, int32), suspend: z.boolean().default(false), stop: z.boolean().default(false) }),
  /** What is known of it from before, when the island does not hold it any more. */
  known: standing.optional(),
});

export const syncReply = z.looseObject({
  protocol: number(),
  hub: z.looseObject({ uid: text(64), instance: text(64) }),
  /** Of the request that this answers. */
  sequence: number(),
  put: loose().default([]),
  drop: loose().default([]),
  /** Statuses that are stored at the hub, up to this revision. */
  ack: numbers.default([]),
  /** Statuses that fall behind what the hub has stored. */
  ahead: loose().default([]),
  /** Statuses that the hub's API server refused, and why. */
  unstored: z
    .array(z.tuple([uid(), number(), text(1024)], z.unknown()))
    .max(mostEntries)
    .default([]),
  /** Statuses that were stored once and are not there any more: send them again. */
  resend: uids.default([]),
  /** What the island holds and the hub does not know. */
  unknown: uids.default([]),
  /** There are more of them than one reply can name. */
  unknownMore: z.boolean().default(false),
  /** The digests differ: send what makes up yours, from the start or after this uid. */
  needHave: z.looseObject({ after: uid().optional() }).optional(),
  /** More is waiting: sync again at once. */
  next: z.boolean().default(false),
  refused: z.looseObject({ reason: text(64), message: text(1024) }).optional(),
});

export const progressMessage = z.looseObject({ entries: z.array(z.tuple([uid(), progress], z.unknown())).max(mostEntries) });

export const logsMessage = z.looseObject({
  id: text(64).regex(/^[0-9a-f]+$/),
  job: z.looseObject({ namespace: objectName(), name: text(253) }),
  attempt: int(1, int32).optional(),
  container: text(63).optional(),
  index: int(0, int32).optional(),
  follow: z.boolean().optional(),
  tailLines: int(0, 1_000_000).optional(),
});

/** A part of a log; the hub answers each, and until then the next is not sent. An empty one says that the island is still there. */
export const logsChunk = z.looseObject({
  sequence: number(),
  lines: z.array(z.string()).max(mostEntries),
  /** Nothing comes after it. */
  end: z.boolean().default(false),
  error: text(1024).optional(),
});

/** The hub's answer to a chunk: whether anybody still reads. */
export const logsAnswer = z.looseObject({ goOn: z.boolean() });

export type HaveEntry = z.infer<typeof haveEntry>;
export type SyncRequest = z.infer<typeof syncRequest>;
export type SentStatus = z.infer<typeof sentStatus>;
export type Standing = z.infer<typeof standing>;
export type Put = z.infer<typeof put>;
export type SyncReply = z.infer<typeof syncReply>;
export type LogsChunk = z.infer<typeof logsChunk>;
