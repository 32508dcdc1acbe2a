/** One exchange with the hub after the other: builds the request, waits for its reply, and carries that out before the next begins. */
import { IslandJobKind } from '../api/islandjob.ts';
import type { JobName } from '../api/islandreport.ts';
import { annotations } from '../api/labels.ts';
import { ConnectionError, messageOf } from '../kube/errors.ts';
import { hubUidOf } from './answer.ts';
import { applyReply, type ReplyAction } from './apply-reply.ts';
import { createCarryOut } from './carry-out.ts';
import { batch, decode, encode, readEach, sizeOf } from './codec.ts';
import { haveDigest } from './digest.ts';
import { pageAfter } from './have.ts';
import type { IslandLinkOptions } from './island.ts';
import { batchBytes, jobName, mostEntries, protocols, put, type SyncReply, standing, syncReply } from './messages.ts';
import type { Mirrors } from './mirrors.ts';
import { haveEntries, pickStatuses } from './outgoing.ts';
import { createRefusals } from './refusals.ts';
import { islandSubjects } from './subjects.ts';

export interface Sync {
  /** Throws when no reply came or it cannot be read. `again`: more is waiting on either side. */
  once(signal: AbortSignal): Promise<'done' | 'again' | 'refused'>;
  /** Whether there is anything that the hub has not been told. */
  hasNews(): boolean;
  readonly heardAt: number | undefined;
  readonly refused: { reason: string; message: string } | undefined;
}

const answerMs = 10_000;
/** How long a status that the hub's API server refused is not sent again. */
const unstoredMs = 60_000;
/** How long it is remembered that a job was dropped: longer than any reply that does not know it yet is under way. */
const goneMs = 60_000;
const mostUnknown = 1024;

const ahead = standing.extend({ uid: jobName.shape.uid });

export function createSync(options: IslandLinkOptions & { mirrors: Mirrors }): Sync {
  const { clock, random, log, metrics, transport, island, mirrors, admit } = options;
  const subject = islandSubjects(options.prefix, island).sync;
  const refusals = createRefusals(clock);
  /** Status revisions that the hub has stored, by the hub's uid. */
  const acked = new Map<string, number>();
  const unstored = new Map<string, { revision: number; until: number }>();
  /** Jobs that the hub asked to drop and that are gone, and when that was found. */
  const gone = new Map<string, number>();
  /** Of these, those the hub has not been told yet. */
  const untold = new Set<string>();
  let sequence = 0;
  let confirmed: string | undefined;
  let need: { after?: string | undefined } | undefined;
  let cursor: string | undefined;
  let joined = false;
  let hub: string | undefined;
  let heardAt: number | undefined;
  let refused: { reason: string; message: string } | undefined;

  const carryOut = createCarryOut({
    ...options,
    refusals,
    onGone({ uid }: JobName) {
      gone.set(uid, clock.now());
      untold.add(uid);
      acked.delete(uid);
      unstored.delete(uid);
    },
  });

  /** Marked as unknown, and known again: their numbers are compared before the mark is taken away. */
  const recognized = new Set<string>();
  const settled = (uid: string, revision: number) => {
    if (acked.get(uid) === revision) return true;
    const late = unstored.get(uid);
    return late?.revision === revision && late.until > clock.now();
  };
  const entries = () => haveEntries(mirrors.list(), refusals.entries(), (uid) => gone.has(uid));

  function forgetOld(): void {
    for (const [uid, at] of gone) if (clock.now() - at > goneMs && !untold.has(uid)) gone.delete(uid);
    const here = new Set(mirrors.list().map(hubUidOf));
    for (const known of [acked, unstored]) for (const uid of known.keys()) if (!here.has(uid)) known.delete(uid);
  }

  function build() {
    const all = mirrors.list();
    const held = entries();
    const digest = haveDigest(held);
    const page = need ?? (digest === confirmed ? undefined : {});
    const have = page && pageAfter(held, page.after, (rest) => batch(rest.slice(0, mostEntries), batchBytes / 2).taken);
    const dropped = [...untold].slice(0, mostEntries);
    const unknown = all.flatMap((mirror) => {
      const { namespace = '', name, annotations: marks } = mirror.metadata;
      return marks?.[annotations.unknownToHub] === undefined ? [] : [{ namespace, name, uid: hubUidOf(mirror) ?? '' }];
    });
    const rest = {
      protocol: protocols,
      clusterUid: options.clusterUid,
      instance: options.instance,
      sequence: ++sequence,
      sentAt: new Date(clock.now()).toISOString(),
      agent: options.agent,
      ...(options.joinToken === undefined || joined ? {} : { joinToken: options.joinToken }),
      digest,
      ...(have ? { have } : {}),
      dropped,
      capacity: options.capacity(),
      ...(options.labels ? { labels: options.labels() } : {}),
      unknown: unknown.slice(0, mostUnknown),
    };
    const statuses = pickStatuses({ mirrors: all, settled, recognized, cursor, bytes: batchBytes - sizeOf(rest) });
    for (const { uid, namespace, name, status } of statuses.oversized) {
      unstored.set(uid, { revision: status.revision, until: clock.now() + unstoredMs });
      metrics?.dropped.inc({ reason: 'oversized' });
      log.error({ namespace, job: name }, 'a status is too large for the link and is not sent');
    }
    cursor = statuses.taken.at(-1)?.uid;
    return { request: { ...rest, statuses: statuses.taken }, held, more: statuses.more, digest, dropped };
  }

  const malformed = (error: Error) => {
    metrics?.dropped.inc({ reason: 'malformed' });
    log.warn({ error: error.message }, 'a part of a reply cannot be read and is left out');
  };

  /** Whether everything was carried out, and whether there is something new to tell. */
  async function apply(reply: SyncReply, held: ReadonlySet<string>, signal: AbortSignal) {
    for (const uid of reply.resend) acked.delete(uid);
    for (const [uid, revision] of reply.ack) acked.set(uid, revision);
    for (const [uid, revision, message] of reply.unstored) {
      unstored.set(uid, { revision, until: clock.now() + unstoredMs });
      log.error({ uid, revision, error: message }, "the hub's API server refuses a status");
    }
    // A refused job that the hub no longer knows has been taken back.
    for (const uid of reply.unknown) refusals.delete(uid);
    const compared = reply.needHave === undefined && !reply.unknownMore;
    const told = {
      put: readEach(put, reply.put, malformed),
      drop: readEach(jobName, reply.drop, malformed),
      ahead: readEach(ahead, reply.ahead, malformed),
      unknown: compared ? new Set(reply.unknown) : undefined,
    };
    const actions = applyReply(told, {
      mirrors: mirrors.list(),
      get: (key) => mirrors.get(key),
      sent: held,
      dropped: (uid) => gone.has(uid),
      settled: (mirror) => settled(hubUidOf(mirror) ?? '', mirror.status?.revision ?? 0),
      admit,
    });
    const again = refusals.due().filter(({ uid }) => !told.drop.some((name) => name.uid === uid));
    const retries: ReplyAction[] = again.map((each) => ({ type: 'Create', put: each }));
    let whole = true;
    let news = false;
    for (const action of [...actions, ...retries]) {
      try {
        if (action.type === 'Recognize') {
          const uid = hubUidOf(action.mirror) ?? '';
          if (!recognized.has(uid)) news = true;
          recognized.add(uid);
        } else await carryOut(action, signal);
        if (action.type === 'ClearUnknown') recognized.delete(hubUidOf(action.mirror) ?? '');
        metrics?.applied.inc({ action: action.type });
      } catch (error) {
        if (signal.aborted) throw error;
        whole = false;
        log.warn(
          { ...nameOf(action), action: action.type, error: messageOf(error) },
          'cannot carry out what the hub asks; it is tried again',
        );
        // Without an API server the others fail the same way, each after a while.
        if (error instanceof ConnectionError) break;
      }
    }
    return { whole, news };
  }

  return {
    async once(signal) {
      forgetOld();
      const { request, held, more, digest, dropped } = build();
      const data = await transport.request(subject, encode(request), { timeoutMs: answerMs + 1_000 * random.next(), signal });
      const reply = decode(syncReply, data);
      if (reply.sequence !== request.sequence) {
        metrics?.dropped.inc({ reason: 'stale' });
        throw new Error(`cannot use a reply to request ${reply.sequence}: the newest is ${request.sequence}`);
      }
      if (reply.refused) {
        const { reason, message } = reply.refused;
        if (refused?.reason !== reason || refused.message !== message)
          log.error({ island, reason }, `the hub refuses this island: ${message}`);
        refused = { reason, message };
        confirmed = undefined;
        return 'refused';
      }
      if (reply.protocol < protocols[0] || reply.protocol > protocols[1])
        throw new Error(
          `cannot use a reply in version ${reply.protocol} of the link protocol: this agent speaks ${protocols.join(' to ')}`,
        );
      refused = undefined;
      joined = true;
      heardAt = clock.now();
      const speaker = `${reply.hub.uid} ${reply.hub.instance}`;
      // Another process, and perhaps another copy of its database: what it has stored is found out anew.
      if (hub !== speaker) acked.clear();
      hub = speaker;
      need = reply.needHave;
      confirmed = need === undefined ? digest : undefined;
      for (const uid of dropped) untold.delete(uid);
      const { whole, news } = await apply(reply, new Set(held.map(([uid]) => uid)), signal);
      const progress = reply.ack.length > 0 || reply.ahead.length > 0;
      return whole && (reply.next || need !== undefined || untold.size > 0 || news || (more && progress)) ? 'again' : 'done';
    },
    hasNews() {
      const { taken } = pickStatuses({ mirrors: mirrors.list(), settled, recognized, cursor, bytes: 1 });
      return taken.length > 0 || untold.size > 0 || haveDigest(entries()) !== confirmed;
    },
    get heardAt() {
      return heardAt;
    },
    get refused() {
      return refused;
    },
  };
}

function nameOf(action: ReplyAction): { kind: string; namespace?: string | undefined; job: string } {
  const { kind } = IslandJobKind;
  if ('mirror' in action) return { kind, namespace: action.mirror.metadata.namespace, job: action.mirror.metadata.name };
  const { namespace, name } = 'put' in action ? action.put : action.name;
  return { kind, namespace, job: name };
}
