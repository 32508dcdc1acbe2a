/** One request of an island becomes one reply: admitted, statuses stored, finalizers lifted, then what it is to hold is decided. */

import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import type { Admit, IslandRegistry, IslandReport, JobName } from '../api/islandreport.ts';
import { fieldManagers, finalizers } from '../api/labels.ts';
import type { Clock } from '../clock.ts';
import { messageOf } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import type { Store } from '../kube/store.ts';
import { type KubeClient, keyOf, type Log } from '../kube/types.ts';
import { type Answer, answer, applied, putOf, refusedOf } from './answer.ts';
import { batch, decodeJson, encode, read, readEach, sizeOf } from './codec.ts';
import type { Handouts } from './handouts.ts';
import { createHoldingsMemory, type HoldingsMemory } from './have.ts';
import {
  batchBytes,
  greeting,
  type HaveEntry,
  mostEntries,
  protocols,
  type SyncRequest,
  sentStatus,
  syncRequest,
} from './messages.ts';
import type { LinkMetrics } from './metrics.ts';
import { type Stored, storeStatuses } from './statuses.ts';

export interface ConversationOptions {
  client: KubeClient;
  clock: Clock;
  log: Log;
  metrics?: LinkMetrics | undefined;
  jobs: Store<IslandJob>;
  handouts: Handouts;
  mayAnswer: () => boolean;
  admit: Admit;
  registry: IslandRegistry;
  events: Pick<EventRecorder, 'normal' | 'warning'>;
  /** What an administrator has the island remove, although nobody here knows it. */
  forgotten: (island: string) => readonly JobName[];
  clusterUid: string;
  instance: string;
}

export interface Reply {
  bytes: Uint8Array;
  refused: boolean;
}

export interface Conversations {
  /** Undefined when nothing is to be answered. Throws `MessageError` for what cannot be read. */
  answer(island: string, data: Uint8Array, signal: AbortSignal): Promise<Reply | undefined>;
  /** The IslandJob is gone. */
  forget(uid: string): void;
}

/** What is remembered of one island between its requests. */
interface Memory {
  instance: string;
  sequence: number;
  holdings: HoldingsMemory;
  report?: IslandReport;
}

/** How long the store may be behind a write of ours; what is missing then is gone. */
const lagMs = 10_000;
/** Named in one reply; the others follow when these are gone. */
const mostDrops = 512;
/** An IslandJob of this size is never put: its spec is at most 128 KiB by the rules of its kind. */
const mostPutBytes = 768 * 1024;

export function createConversations(options: ConversationOptions): Conversations {
  const { client, clock, log, metrics, jobs, handouts, mayAnswer, registry } = options;
  const memories = new Map<string, Memory>();
  /** By uid, the status revision that was acknowledged last, and when. */
  const acked = new Map<string, { revision: number; at: number }>();

  const refusal = (sequence: number, reason: string, message: string): Reply => ({
    bytes: encode({ ...head(sequence), refused: { reason, message: message.slice(0, 1024) } }),
    refused: true,
  });
  const head = (sequence: number) => ({
    protocol: protocols[1],
    hub: { uid: options.clusterUid, instance: options.instance },
    sequence,
  });

  /** Undefined for a request that is older than one that was answered, such as a duplicate. */
  function remember(island: string, request: SyncRequest): Memory | undefined {
    const known = memories.get(island);
    if (known?.instance === request.instance) {
      if (request.sequence <= known.sequence) return undefined;
      known.sequence = request.sequence;
      return known;
    }
    const { instance, sequence } = request;
    const memory: Memory = {
      instance,
      sequence,
      holdings: createHoldingsMemory(),
      ...(known?.report ? { report: known.report } : {}),
    };
    memories.set(island, memory);
    return memory;
  }

  async function store(island: string, request: SyncRequest, signal: AbortSignal): Promise<Stored> {
    const sent = readEach(sentStatus, request.statuses, (error) => {
      metrics?.dropped.inc({ reason: 'malformed' });
      log.warn({ island, error: error.message }, 'an island sent a status that cannot be read');
    });
    const own = sent.flatMap(({ uid, namespace, name, status }) => {
      const [job] = jobs.byIndex('uid', uid);
      if (job?.spec.island === island) return [{ job, status }];
      // Unknown ones are named in the reply; they come again once they are known.
      if (job === undefined) return [];
      metrics?.dropped.inc({ reason: 'foreign' });
      log.warn({ island, namespace, job: name }, 'an island sent the status of a work that is not its own');
      return [];
    });
    const stored = await storeStatuses(own, options, signal);
    for (const [uid, revision] of stored.ack) acked.set(uid, { revision, at: clock.now() });
    return stored;
  }

  /** What was acknowledged and is not in the API server any more: it was put back to an older copy. */
  function lost(own: readonly IslandJob[]): string[] {
    return own.flatMap(({ metadata: { uid = '' }, status }) => {
      const known = acked.get(uid);
      if (!known || (status?.revision ?? 0) >= known.revision || clock.now() - known.at < lagMs) return [];
      acked.delete(uid);
      return [uid];
    });
  }

  async function carryOut(island: string, { lift, guard, release }: Answer, signal: AbortSignal): Promise<void> {
    const each = async (job: IslandJob, what: string, act: () => Promise<unknown>) => {
      if (!mayAnswer()) return;
      try {
        await act();
      } catch (error) {
        if (signal.aborted) throw error;
        // Another writer was faster, or the API server does not answer: the next sync comes here again.
        log.warn({ island, job: job.metadata.name, error: messageOf(error) }, `cannot ${what} now`);
      }
    };
    for (const job of release)
      await each(job, 'let a deleted IslandJob go', () => removeFinalizer(client, IslandJobKind, job, finalizers.island));
    for (const job of guard)
      await each(job, 'put the finalizer on an IslandJob', () => addFinalizer(client, IslandJobKind, job, finalizers.island));
    for (const { job, above } of lift)
      await each(job, 'lift the revision of an IslandJob', async () => {
        const { uid, resourceVersion } = job.metadata;
        const patch = { metadata: { uid, resourceVersion }, spec: { revision: above + 1 } };
        await client.patch(IslandJobKind, keyOf(job), patch, { contentType: 'merge', fieldManager: fieldManagers.hub, signal });
        options.events.warning(
          job,
          'StateWentBack',
          `island ${island} was told revision ${above} and the hub knew of ${job.spec.revision} only: it is now ${above + 1}`,
        );
      });
  }

  function hear(
    island: string,
    request: SyncRequest,
    memory: Memory,
    have: readonly HaveEntry[] | undefined,
    told: Answer,
  ): void {
    const { clusterUid, instance, agent, sentAt, capacity, labels } = request;
    const own = jobs.byIndex('island', island);
    const unknown = new Set(told.unknown);
    const refused = have ? refusedOf(have, own) : memory.report?.refused;
    const named = have ? request.unknown.filter(({ uid }) => unknown.has(uid)) : memory.report?.unknown;
    // An island that was never heard whole is heard with its next request, at once.
    if (refused === undefined || named === undefined) return;
    const held = have
      ? have.filter(([uid, , , state]) => state === applied && !unknown.has(uid)).length
      : (memory.report?.held ?? 0);
    const report: IslandReport = {
      clusterUid,
      instance,
      version: agent.version,
      kubernetes: agent.kubernetes,
      sentAt,
      receivedAt: clock.now(),
      capacity,
      ...(labels ? { labels } : {}),
      unknown: named.map(({ namespace, name, uid }) => ({ namespace, name, uid })),
      refused,
      held,
    };
    memory.report = report;
    registry.heard(island, report);
  }

  return {
    async answer(island, data, signal) {
      const json = decodeJson(data);
      const { protocol } = read(greeting, json);
      const sequence = sequenceOf(json);
      if (protocol[0] > protocols[1] || protocol[1] < protocols[0]) {
        const message = `the hub speaks versions ${protocols.join(' to ')} of the link protocol, the agent ${protocol.join(' to ')}: upgrade the older one`;
        log.warn({ island }, message);
        return refusal(sequence, 'ProtocolUnsupported', message);
      }
      const request = read(syncRequest, json);
      const hello = {
        clusterUid: request.clusterUid,
        version: request.agent.version,
        ...(request.joinToken === undefined ? {} : { joinToken: request.joinToken }),
      };
      const admission = await options.admit(island, hello, signal);
      if (!admission.admitted) return refusal(sequence, admission.reason, admission.message);
      const memory = remember(island, request);
      if (memory === undefined) {
        metrics?.dropped.inc({ reason: 'stale' });
        log.debug({ island, sequence }, 'a sync that is older than one that was answered is dropped');
        return undefined;
      }
      const { entries: have, need } = memory.holdings.hear(request);
      const stored = await store(island, request, signal);
      const dropped = new Set(request.dropped);
      const decide = () =>
        answer({ jobs: jobs.byIndex('island', island), have, dropped, withheld: (uid) => handouts.withheld(uid) });
      const first = decide();
      hear(island, request, memory, have, first);
      await carryOut(island, first, signal);
      if (!mayAnswer()) return undefined;
      // From here on nothing is awaited: what is put is what is decided now, and is noted before it leaves.
      const told = decide();
      const unknown = told.unknown.slice(0, mostEntries);
      const forgotten = options.forgotten(island).filter(({ uid }) => told.unknown.includes(uid));
      const rest = {
        ...head(sequence),
        drop: [...told.drop.map(nameOf), ...forgotten].slice(0, mostDrops),
        ...stored,
        resend: lost(jobs.byIndex('island', island)).slice(0, mostDrops),
        unknown,
        ...(unknown.length < told.unknown.length ? { unknownMore: true } : {}),
        ...(need === undefined ? {} : { needHave: need }),
      };
      const room = batchBytes - sizeOf(rest);
      const parts = batch(room > 0 ? told.put.map(putOf) : [], room, mostPutBytes);
      for (const { namespace, name } of parts.oversized)
        log.error({ island, namespace, job: name }, 'an IslandJob is too large for the link');
      for (const { uid } of parts.taken) handouts.note(uid);
      const next = parts.more || need !== undefined || (room <= 0 && told.put.length > 0);
      const reply = { ...rest, put: parts.taken, next };
      return { bytes: encode(reply), refused: false };
    },
    forget: (uid) => void acked.delete(uid),
  };
}

function nameOf({ metadata: { namespace = '', name, uid = '' } }: IslandJob): JobName {
  return { namespace, name, uid };
}

function sequenceOf(json: unknown): number {
  const { sequence } = json as { sequence?: unknown };
  return typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence >= 0 ? sequence : 0;
}
