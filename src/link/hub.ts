/** The hub's end of the link: answers islands while this process leads, wakes them when something changed, and gathers live progress. */
import { ComputeIslandKind } from '../api/computeisland.ts';
import { type IslandJob, IslandJobKind, islandIndex } from '../api/islandjob.ts';
import { marked } from '../api/islandmarks.ts';
import type { Admit, HubLink, IslandRegistry } from '../api/islandreport.ts';
import type { Clock, Random } from '../clock.ts';
import { link } from '../kube/abort.ts';
import { messageOf } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import { specChanged } from '../kube/sources.ts';
import type { KubeClient, Log } from '../kube/types.ts';
import { MessageError } from './codec.ts';
import { createConversations } from './conversation.ts';
import { createHandouts } from './handouts.ts';
import { createLanes } from './lanes.ts';
import { askForLogs } from './logs-hub.ts';
import { mostBytes } from './messages.ts';
import type { DropReason, LinkMetrics } from './metrics.ts';
import { createPokes } from './pokes.ts';
import { createProgressMemory } from './progress-memory.ts';
import { hubSubjects, islandOfSubject, mayAnswerTo } from './subjects.ts';
import type { IncomingMessage, LinkTransport } from './transport.ts';

export interface HubLinkOptions {
  client: KubeClient;
  manager: Pick<Manager, 'informer'>;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: LinkMetrics | undefined;
  transport: LinkTransport;
  /** Start of every subject. */
  prefix: string;
  /** Whether this process leads and its renewal is fresh: nothing is answered otherwise. */
  mayAnswer: () => boolean;
  admit: Admit;
  registry: IslandRegistry;
  events: Pick<EventRecorder, 'normal' | 'warning'>;
  /** uid of the hub's namespace kube-system. */
  clusterUid: string;
  /** Unique per process start. */
  instance: string;
}

export const uidIndex = { uid: (job: IslandJob) => [job.metadata.uid ?? ''] };

/** Islands answered at once; each may make a few writes. */
const atOnce = 16;
const mostWaiting = 16_384;
/** Longest work on one request; an island has given up on it by then. */
const answerMs = 15_000;

/** `run` must be started only while this process leads, `listen` in every process; each resolves when its signal is aborted. */
export function createHubLink(options: HubLinkOptions): HubLink {
  const { client, manager, clock, log, metrics, transport, prefix, mayAnswer } = options;
  const informer = manager.informer(IslandJobKind, { indexes: { ...islandIndex, ...uidIndex } });
  const handouts = createHandouts({ client, clock, log, store: informer.store });
  const islands = manager.informer(ComputeIslandKind);
  const forgotten = (name: string) => marked(islands.store.get({ name }), 'forget');
  const conversations = createConversations({ ...options, jobs: informer.store, handouts, forgotten });
  const pokes = createPokes({ clock, transport, prefix, mayPoke: mayAnswer, instance: options.instance });
  const progress = createProgressMemory({ jobs: informer.store });

  informer.onChange((change) => {
    const { metadata, spec } = change.object;
    // A status comes from the island itself: that is no news to it.
    if (change.type === 'delete') {
      conversations.forget(metadata.uid ?? '');
      progress.forget(metadata.uid ?? '');
    }
    if (specChanged(change)) pokes.poke(spec.island);
  });
  islands.onChange((change) => {
    if (change.type !== 'delete' && marked(change.object, 'forget').length > 0) pokes.poke(change.object.metadata.name);
  });

  let leading = false;
  const greetAll = () => {
    if (!leading) return;
    const named = [
      ...islands.store.list().map(({ metadata }) => metadata.name),
      ...informer.store.list().map(({ spec }) => spec.island),
    ];
    for (const name of new Set(named)) pokes.greet(name);
  };
  transport.onConnect(greetAll);

  function drop(reason: DropReason, island: string | undefined, why: string): void {
    metrics?.dropped.inc({ reason });
    const level = reason === 'superseded' || reason === 'not-leader' ? 'debug' : 'warn';
    log[level]({ island, reason, why }, 'a message of an island is dropped');
  }

  async function work(island: string, message: IncomingMessage, signal: AbortSignal): Promise<void> {
    const linked = link(signal);
    const stop = clock.timer(answerMs, () => linked.abort(new Error(`cannot answer ${island} within ${answerMs / 1000} s`)));
    const began = clock.now();
    try {
      const reply = await conversations.answer(island, message.data, linked.signal);
      if (reply === undefined) return;
      message.respond?.(reply.bytes);
      metrics?.syncs.inc({ outcome: reply.refused ? 'refused' : 'answered' });
      metrics?.syncSeconds.observe((clock.now() - began) / 1000);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof MessageError) return drop(error.reason, island, error.message);
      metrics?.syncs.inc({ outcome: 'failed' });
      log.warn({ island, error: messageOf(error) }, 'cannot answer an island; it asks again');
    } finally {
      stop();
      linked.unlink();
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const linked = link(signal);
    try {
      await handouts.begin(linked.signal);
      const lanes = createLanes<IncomingMessage>({ atOnce, most: mostWaiting, work, signal: linked.signal });
      const onSync = (message: IncomingMessage) => {
        const island = islandOfSubject(prefix, message.subject);
        if (island === undefined) return drop('foreign', undefined, message.subject);
        if (!mayAnswerTo(prefix, message)) return drop('foreign', island, `the answer is to go to ${message.inbox}`);
        if (!mayAnswer()) return drop('not-leader', island, 'another process leads');
        if (message.data.length > mostBytes) return drop('oversized', island, `a sync of ${message.data.length} bytes`);
        if (lanes.offer(island, message) !== undefined) drop('superseded', island, 'a newer sync came before its turn');
      };
      const subscription = transport.subscribe(hubSubjects(prefix).sync, onSync, linked.signal);
      leading = true;
      greetAll();
      await subscription;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      leading = false;
      linked.abort(new Error('the link ends'));
      linked.unlink();
      pokes.stop();
    }
  }

  /** Progress is for people alone, so whoever serves a dashboard hears it, leader or not. */
  async function listen(signal: AbortSignal): Promise<void> {
    const onProgress = (message: IncomingMessage) => {
      const island = islandOfSubject(prefix, message.subject);
      if (island === undefined) return drop('foreign', undefined, message.subject);
      try {
        const foreign = progress.hear(island, message.data);
        if (foreign > 0) drop('foreign', island, `progress of ${foreign} works that are not its own`);
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
        drop(error.reason, island, error.message);
      }
    };
    await transport.subscribe(hubSubjects(prefix).progress, onProgress, signal);
  }

  return {
    run,
    listen,
    poke: (island) => pokes.poke(island),
    mayHold: (job) => handouts.mayHold(job),
    withhold: (uid) => handouts.withhold(uid),
    logs: (island, request, signal) => askForLogs(options, island, request, signal),
    progress,
  };
}
